"""The `negatives` and `data` sections of pipeline.yaml, as frozen dataclasses."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from data.commit import Json
from data.config import Positive, check_sections, checked, plain
from data.errors import UsageError
from data.records import SUBTYPES, TYPES
from data.texts import nearest
from negatives.choose import Policy
from negatives.llm import NAMES
from negatives.llm.config import LlmConfig, llm_config
from negatives.presets import PRESETS
from negatives.scorer import ScorerOptions

KINDS = tuple(f"{kind}/{subtype}" for kind in TYPES for subtype in SUBTYPES)


@dataclass(frozen=True, kw_only=True, slots=True)
class DataConfig:
    """Which captions: `source` is `{name: NAME, option: value ...}`.

    `language`: "en" counts and drops captions that are not English, "any" keeps them. `limit`: the
    number of captions after which reading stops, None for all.
    """

    source: Mapping[str, Any] = field(default_factory=lambda: {"name": "scenes"})
    language: Literal["en", "any"] = "en"
    limit: Positive | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NegativesConfig:
    """What is made of them; None for `rules` and the fields of `choice` means the preset's.

    `shard_captions`: captions in a block, which is a shard. `model`: a spaCy model, None for the
    English one that is installed. `batch_size`: captions tagged at a time. `max_characters`: longer
    captions are counted and dropped. `rejects`: write refused candidates to OUT/rejects.
    `fluency_from`: the folder of a finished build whose corpus model is to weigh the candidates,
    None for a model of the captions themselves. `scorer`: the language model of a neural choice,
    as ScorerOptions has it. `llm`: the language model that rules ask, as LlmConfig has it.
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
    fluency_from: Path | None = None
    scorer: Mapping[str, Any] = field(default_factory=dict)
    llm: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildConfig:
    """Everything that shapes the content of a build, checked; the preset is resolved."""

    data: DataConfig
    negatives: NegativesConfig
    rules: tuple[Mapping[str, Any], ...]
    policy: Policy
    scorer: ScorerOptions
    llm: LlmConfig

    def asks(self) -> bool:
        """Tell whether a rule asks a language model."""
        return any(spec["rule"] in NAMES for spec in self.rules)

    def content(self) -> Json:
        """Return the configuration as the manifest states it."""
        sections = {"data": plain(self.data), "negatives": plain(self.negatives)}
        sections["negatives"] |= {
            "rules": plain(self.rules),
            "choice": plain(self.policy),
            "scorer": plain(self.scorer),
            "llm": self.llm.content() if self.asks() else None,
        }
        return sections


def build_config(sections: Mapping[str, Any]) -> BuildConfig:
    """Return the checked configuration of the sections of a pipeline.yaml.

    Raises:
        UsageError: a section, option, preset or value is unknown.
    """
    check_sections(sections)
    data = checked(DataConfig, sections.get("data") or {}, where="data")
    negatives = checked(NegativesConfig, sections.get("negatives") or {}, where="negatives")
    if negatives.preset not in PRESETS:
        raise UsageError(
            f"negatives.preset: unknown {negatives.preset!r}; {nearest(negatives.preset, PRESETS)}"
        )
    preset = PRESETS[negatives.preset]
    chosen = {key: value for key, value in negatives.choice.items() if value is not None}
    policy = checked(Policy, {**_fields(preset.policy), **chosen}, where="negatives.choice")
    _check_used(chosen, policy)
    for key in policy.keep:
        if key not in KINDS:
            raise UsageError(f"negatives.choice.keep: unknown {key!r}; {nearest(key, KINDS)}")
    if negatives.fluency_from is not None and policy.weights != "corpus":
        raise UsageError(
            f"negatives.fluency_from: nothing is weighed by a corpus model where "
            f"negatives.choice.weights is {policy.weights!r}"
        )
    scorer = checked(ScorerOptions, negatives.scorer, where="negatives.scorer")
    if scorer != ScorerOptions() and not policy.reads():
        raise UsageError(
            "negatives.scorer: no language model reads anything; expected negatives.choice.weights "
            f"or second_draw to be 'neural', found {policy.weights!r} and {policy.second_draw!r}"
        )
    rules = preset.rules if negatives.rules is None else negatives.rules
    if not rules:
        raise UsageError("negatives.rules: expected at least one rule, found none")
    for spec in rules:
        if "rule" not in spec:
            raise UsageError(f"negatives.rules: expected {{rule: NAME, ...}}, found {dict(spec)}")
        if spec["rule"] in NAMES and not policy.irreversible and policy.draw == "slots":
            raise UsageError(
                f"negatives.rules: {negatives.preset} draws from what can be drawn back, and "
                f"{spec['rule']} cannot; expected the preset natural-llm, which is audited apart"
            )
    llm = llm_config(negatives.llm, asks=any(spec["rule"] in NAMES for spec in rules))
    return BuildConfig(
        data=data,
        negatives=replace(negatives, rules=None, choice={}, scorer={}, llm={}),
        rules=rules,
        policy=policy,
        scorer=scorer,
        llm=llm,
    )


def _check_used(chosen: Mapping[str, Any], policy: Policy) -> None:
    """Refuse options that do nothing under the others."""
    recipe = policy.draw == "recipe"
    for names, is_used, needed in (
        (("variants",), recipe, "draw to be recipe"),
        (("keep", "irreversible"), not recipe, "draw to be slots"),
        (("reach", "known"), policy.weights == "corpus", "weights to be corpus"),
        (("neural_reach", "neural_power"), policy.reads(), "weights or second_draw to be neural"),
        (("corpus_power",), policy.second_draw == "neural", "second_draw to be neural"),
    ):
        for name in names:
            if name in chosen and not is_used:
                raise UsageError(
                    f"negatives.choice.{name}: does nothing here; expected {needed}, or no {name}"
                )


def _fields(policy: Policy) -> dict[str, Any]:
    return dict(plain(policy))
