"""The `negatives` and `data` sections of pipeline.yaml, as frozen dataclasses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from data.commit import Json
from data.config import NonNegative, Positive, check_sections, parse_options, plain
from data.errors import UsageError
from data.records import SUBTYPES, TYPES
from data.storage import AnyPath
from data.texts import nearest
from negatives.composing.options import ComposeOptions
from negatives.llm.config import LlmConfig, llm_config
from negatives.policy import POLICIES, SCORERS, PairPolicy, Policy, RecipePolicy, Scoring
from negatives.positives import DEFAULTS, POSITIVE_RULES
from negatives.presets import PRESETS
from negatives.rules import is_asking, rule_class

KINDS = tuple(f"{kind}/{subtype}" for kind in TYPES for subtype in SUBTYPES)
_RENAMED: Mapping[str, str] = {
    "negatives.scorer": "negatives.choice.scorers: [corpus, {scorer: causal, model: ...}]",
    "negatives.choice.weights": (
        "negatives.choice.scorers: [corpus] for corpus, [causal] for neural, [] for uniform; of a "
        "recipe, negatives.choice.weighted: true or false"
    ),
    "negatives.choice.second_draw": "negatives.choice.scorers: [corpus, causal] for neural",
    "negatives.choice.reach": "max_log_ratio of the scorer corpus",
    "negatives.choice.known": "min_context_coverage of the scorer corpus",
    "negatives.choice.corpus_power": "power of the scorer corpus",
    "negatives.choice.neural_reach": "max_log_ratio of the scorer causal",
    "negatives.choice.neural_power": "power of the scorer causal",
}
"""Options renamed on 2026-11-30, and their new names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataConfig:
    """The captions to read: `source` is `{name: NAME, option: value ...}`.

    `language`: "en" counts and drops captions that are not English, "any" keeps them. `limit`: stop
    reading after this many captions, None for all. `hold_out`: leave out this many captions of each
    image, the last ones, so that `negatives audit` can check truth with them; one is always kept.
    """

    source: Mapping[str, Any] = field(default_factory=lambda: {"name": "scenes"})
    language: Literal["en", "any"] = "en"
    limit: Positive | None = None
    hold_out: NonNegative = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class NegativesConfig:
    """How negatives are made; None for `rules` and the fields of `choice` means the preset's.

    `shard_captions`: captions per block, which becomes a shard. `model`: a spaCy model, None for
    the installed English one. `batch_size`: captions tagged at a time. `max_characters`: longer
    captions are counted and dropped. `rejects`: write rejected candidates to OUT/rejects.
    `fluency_from`: the folder of a finished build whose corpus model weighs the candidates, None to
    learn one from the captions. `llm`: the language model that rules ask (see LlmConfig).
    `positives`: also write edits that leave a caption true; true for the rules of
    negatives/positives that need only the caption, or a list of rules. `rewrite_negatives`: write a
    caption's negatives also as its positives are rewritten ("there is ..."), for trainers that
    compare them with these positives. `composites`: options for
    the composites that `negatives run` makes of the finished build (see ComposeOptions), {} for the
    defaults, None for no composites.
    """

    preset: str = "natural"
    seed: int = 0
    rules: tuple[Mapping[str, Any], ...] | None = None
    choice: Mapping[str, Any] = field(default_factory=dict)
    shard_captions: Positive = 2500
    model: str | None = None
    batch_size: Positive = 256
    max_characters: Positive = 10_000
    rejects: bool = False
    fluency_from: AnyPath | None = None
    positives: bool | tuple[str | Mapping[str, Any], ...] = False
    rewrite_negatives: bool = False
    composites: Mapping[str, Any] | None = None
    llm: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildConfig:
    """Everything that shapes a build's content, checked and with the preset resolved."""

    data: DataConfig
    negatives: NegativesConfig
    rules: tuple[Mapping[str, Any], ...]
    policy: Policy
    llm: LlmConfig
    positives: tuple[Mapping[str, Any], ...] = ()

    def asks(self) -> bool:
        """Tell whether a rule asks a language model."""
        return any(map(is_asking, self.rules)) or _ask(self.positives)

    def content(self) -> Json:
        """Return the configuration as written in the manifest."""
        sections = {"data": plain(self.data), "negatives": plain(self.negatives)}
        del sections["negatives"]["composites"]  # made from the finished build
        sections["negatives"] |= {
            "rules": plain(self.rules),
            "choice": {"draw": _draw_of(self.policy), **plain(self.policy)},
            "llm": self.llm.content() if self.asks() else None,
            "positives": plain(self.positives),
        }
        return sections


def build_config(sections: Mapping[str, Any]) -> BuildConfig:
    """Return the checked configuration of the sections of a pipeline.yaml.

    Raises:
        UsageError: a section, option, preset or value is unknown.
    """
    check_sections(sections)
    _refuse_renamed(sections.get("negatives") or {}, "negatives")
    data = parse_options(DataConfig, sections.get("data") or {}, where="data")
    negatives = parse_options(NegativesConfig, sections.get("negatives") or {}, where="negatives")
    if negatives.preset not in PRESETS:
        raise UsageError(
            f"negatives.preset: unknown {negatives.preset!r}; {nearest(negatives.preset, PRESETS)}"
        )
    preset = PRESETS[negatives.preset]
    policy = _policy(negatives.choice, preset.policy)
    if negatives.fluency_from is not None and policy.corpus is None:
        raise UsageError(
            "negatives.fluency_from: expected the scorer corpus in negatives.choice.scorers, which "
            "reads that model"
        )
    rules = preset.rules if negatives.rules is None else negatives.rules
    if not rules:
        raise UsageError("negatives.rules: expected at least one rule, found none")
    for spec in rules:
        if "rule" not in spec:
            raise UsageError(f"negatives.rules: expected {{rule: NAME, ...}}, found {dict(spec)}")
        is_fair = isinstance(policy, PairPolicy) and not policy.irreversible
        if is_fair and is_asking(spec):
            raise UsageError(
                f"negatives.rules: {negatives.preset} only draws what can be drawn back, and "
                f"{spec['rule']} cannot; use the preset natural-llm, which is audited separately"
            )
    positives = _positives(negatives.positives)
    is_asked = any(is_asking(spec) for spec in rules) or _ask(positives)
    llm = llm_config(negatives.llm, asks=is_asked)
    if negatives.composites is not None:
        if policy.corpus is None:
            raise UsageError(
                "negatives.composites: expected the scorer corpus, which weighs exchanged words; "
                f"{negatives.preset} draws without it: leave composites out, or take the preset "
                "natural"
            )
        parse_options(ComposeOptions, negatives.composites, where="negatives.composites")
    return BuildConfig(
        data=data,
        negatives=replace(negatives, rules=None, choice={}, llm={}, positives=False),
        rules=rules,
        policy=policy,
        llm=llm,
        positives=positives,
    )


def _ask(positives: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a rule of positives asks a language model."""
    return any(is_asking(spec, POSITIVE_RULES) for spec in positives)


def _positives(
    given: bool | tuple[str | Mapping[str, Any], ...],  # noqa: FBT001 - as it is written
) -> tuple[Mapping[str, Any], ...]:
    """Return the rules of positives that are configured.

    Raises:
        UsageError: an entry does not name a rule.
    """
    if isinstance(given, bool):
        return tuple({"rule": name} for name in DEFAULTS) if given else ()
    specs = tuple({"rule": each} if isinstance(each, str) else each for each in given)
    for spec in specs:
        if "rule" not in spec:
            raise UsageError(
                "negatives.positives: expected true, false or a list of names or "
                f"{{rule: NAME, ...}}, found {dict(spec)}"
            )
        rule_class(str(spec["rule"]), POSITIVE_RULES, what="rule of positives")
    return specs


def _policy(choice: Mapping[str, Any], preset: Policy) -> Policy:
    """Return the preset's policy with the options of `choice` that are not None.

    If they choose the other draw, its defaults replace the preset's.

    Raises:
        UsageError: an option is unknown, of a wrong type, or belongs to the other draw.
    """
    _refuse_renamed(choice, "negatives.choice")
    names = ("draw", *sorted({name for cls in POLICIES.values() for name in _option_names(cls)}))
    for key in choice:
        if key not in names:
            raise UsageError(f"negatives.choice: unknown option {key!r}; {nearest(key, names)}")
    given = {key: value for key, value in choice.items() if value is not None}
    draw = given.pop("draw", _draw_of(preset))
    if draw == "slots":
        raise UsageError("negatives.choice.draw: expected pairs, found its old name slots")
    if draw not in POLICIES:
        raise UsageError(f"negatives.choice.draw: unknown {draw!r}; {nearest(draw, POLICIES)}")
    cls = POLICIES[draw]
    for key in given:
        used_by = [name for name, other in POLICIES.items() if key in _option_names(other)]
        if draw not in used_by:
            raise UsageError(
                f"negatives.choice.{key}: has no effect with draw: {draw}; expected draw to be "
                f"{used_by[0]}, or no {key}"
            )
    if "scorers" in given:
        given["scorers"] = _scorers(given["scorers"])
    defaults = _fields(preset) if isinstance(preset, cls) else {}
    policy: PairPolicy | RecipePolicy
    policy = parse_options(cls, {**defaults, **given}, where="negatives.choice")
    for key in policy.keep if isinstance(policy, PairPolicy) else ():
        if key not in KINDS:
            raise UsageError(f"negatives.choice.keep: unknown {key!r}; {nearest(key, KINDS)}")
    return policy


def _scorers(specs: object) -> tuple[Scoring, ...]:
    """Return the scorers of a list `[{scorer: NAME, option: value ...}, ...]`.

    Raises:
        UsageError: it is not such a list, or a name, kind or option is unknown.
    """
    if not isinstance(specs, list | tuple):
        raise UsageError(
            f"negatives.choice.scorers: expected a list of {{scorer: NAME, ...}}, found {specs!r}"
        )
    scorers: list[Scoring] = []
    for spec in specs:
        options = spec if isinstance(spec, Mapping) else {"scorer": spec}
        name = str(options.get("scorer", ""))
        if name not in SCORERS:
            raise UsageError(
                f"negatives.choice.scorers: expected {{scorer: NAME, ...}}, found {spec!r}; "
                f"{nearest(name, SCORERS)}"
            )
        scoring: Scoring = parse_options(SCORERS[name], options, where=f"scorer {name}")
        if scoring.scorer == "causal":
            for kind in scoring.kinds or ():
                if kind not in (*TYPES, *KINDS):
                    raise UsageError(
                        f"scorer causal: unknown kind {kind!r}; {nearest(kind, (*TYPES, *KINDS))}"
                    )
        scorers.append(scoring)
    return tuple(scorers)


def _refuse_renamed(options: Mapping[str, Any], where: str) -> None:
    for key, value in options.items():
        if now := _RENAMED.get(f"{where}.{key}"):
            raise UsageError(f"{where}.{key}: was renamed (found {value!r}); use {now}")


def _draw_of(policy: Policy) -> str:
    return next(name for name, cls in POLICIES.items() if isinstance(policy, cls))


def _option_names(cls: type) -> set[str]:
    return {field.name for field in fields(cls)}


def _fields(policy: Policy) -> dict[str, Any]:
    return {field.name: getattr(policy, field.name) for field in fields(policy)}
