"""Presets: named sets of rules with a policy. `natural` is ours, most others are published."""

from collections.abc import Mapping
from dataclasses import dataclass

from negatives.policy import CorpusScoring, PairPolicy, Policy, RecipePolicy

Spec = Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """`rules` are config entries `{rule: NAME, option: value}`; `source` names the publication."""

    summary: str
    rules: tuple[Spec, ...]
    policy: Policy
    source: str = "this project"


_SVLC_LISTS = (
    "colour", "action", "size", "state", "material", "noun", "counts", "counts_capital",
)  # fmt: skip
_NATURAL = (
    {"rule": "swap"},
    {"rule": "replace_object"},
    {"rule": "replace_attribute"},
    {"rule": "replace_action"},
    {"rule": "replace_relation"},
    {"rule": "count"},
    {"rule": "replace_learned"},
)


def _recipe(variants: int) -> Policy:
    return RecipePolicy(variants=variants, wording=False, guards=False)


PRESETS: Mapping[str, Preset] = {
    "natural": Preset(
        summary="swap, replace and count, worded and guarded, drawn by a model of the corpus",
        rules=_NATURAL,
        policy=PairPolicy(scorers=(CorpusScoring(),)),
    ),
    "natural-llm": Preset(
        summary="natural plus a language model's words, weighed alike, audited separately",
        rules=(*_NATURAL, {"rule": "llm_infill"}),
        policy=PairPolicy(scorers=(CorpusScoring(),), irreversible=True),
    ),
    "fsc-clip": Preset(
        summary="one swap, one WordNet or preposition replacement, one bigram shuffle",
        rules=(
            {"rule": "negclip_swap"},
            {"rule": "wordnet_replace"},
            {"rule": "shuffle", "n": 2, "remainder": True},
        ),
        policy=_recipe(5),
        source="FSC-CLIP, arXiv 2410.05210",
    ),
    "negclip": Preset(
        summary="swaps of noun phrases, nouns, verb phrases, adverbs and adjectives",
        rules=({"rule": "negclip_swap", "verbs": "gerunds"},),
        policy=_recipe(5),
        source="NegCLIP, arXiv 2210.01936",
    ),
    "svlc": Preset(
        summary="a listed word replaced by another from its list",
        rules=({"rule": "word_lists", "lists": _SVLC_LISTS},),
        policy=_recipe(5),
        source="SVLC, arXiv 2211.11733",
    ),
    "negation": Preset(
        summary="assertions negated and negations taken away, worded and guarded",
        rules=({"rule": "negate"},),
        policy=RecipePolicy(weighted=False),  # captions rarely negate, so no draw is fair
    ),
}
