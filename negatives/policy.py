"""How negatives are chosen among the alternatives that rules offer: in fair pairs, or by a recipe.

`PairPolicy` accepts every alternative on its own, by the scorers it names (negatives/sampling.py
has the mathematics). `RecipePolicy` draws as published generators do. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from data.errors import UsageError
from negatives.sampling import Acceptance

_POWERS: Mapping[str, tuple[float, float]] = {
    # alone, beside the other one: fitted on Flickr8k by benchmarks/second_draw.py
    "corpus": (1.0, 0.75),
    "causal": (0.6, 0.2),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusScoring:
    """Scoring by the n-grams and word pairs of the corpus (negatives/fluency).

    `max_log_ratio`: the most that log p of negative and caption may differ, in nats.
    `min_context_coverage`: the share of the words around a changed one that the corpus must have
    seen together with it, and with the word it replaces. `power`: v of negatives/sampling.py; None
    takes 1 for kinds that no causal scorer reads and .75 for those that one does.

    Raises:
        UsageError: a number is out of range.
    """

    scorer: Literal["corpus"] = "corpus"
    max_log_ratio: float = 3.0
    min_context_coverage: float = 0.34
    power: float | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing."""
        _check_numbers("corpus", self.max_log_ratio, self.power)
        if not 0 <= self.min_context_coverage <= 1:
            raise UsageError(
                "scorer corpus: expected min_context_coverage from 0 to 1, found "
                f"{self.min_context_coverage}"
            )

    def reads(self, type_: str, subtype: str) -> bool:  # noqa: ARG002 - as a causal scorer's
        """Tell that it is asked about negatives of every kind."""
        return True


@dataclass(frozen=True, kw_only=True, slots=True)
class CausalScoring:
    """Scoring by a causal language model, of what the scorers before it and the guards let through.

    `model`, `device`, `dtype`: as negatives/fluency/neural.py opens it; None for the packaged one.
    `max_log_ratio`: the most that its log q of negative and caption may differ, in nats. `power`: w
    of negatives/sampling.py; None takes .2 beside the corpus and .6 without it. `kinds`: the types
    or "type/subtype"s that it is asked about; the others pass unread. None: all.

    Raises:
        UsageError: a number is out of range.
    """

    scorer: Literal["causal"] = "causal"
    model: str | None = None
    device: str = "auto"
    dtype: Literal["float32", "bfloat16"] = "float32"
    max_log_ratio: float = 3.0
    power: float | None = None
    kinds: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing."""
        _check_numbers("causal", self.max_log_ratio, self.power)
        if self.kinds == ():
            raise UsageError(
                "scorer causal: expected kinds that it reads, found none; leave out the scorer, or "
                "kinds where it is to read all"
            )

    def reads(self, type_: str, subtype: str) -> bool:
        """Tell whether it is asked about negatives of a kind."""
        return self.kinds is None or type_ in self.kinds or f"{type_}/{subtype}" in self.kinds


Scoring = CorpusScoring | CausalScoring
SCORERS: Mapping[str, type[CorpusScoring] | type[CausalScoring]] = {
    "corpus": CorpusScoring,
    "causal": CausalScoring,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PairPolicy:
    """Every alternative is accepted or rejected on its own; pair and mirror are equally likely.

    `scorers`: asked one after another, the corpus first; where none of them reads a kind, one
    candidate of each slot is drawn, all alike. `keep`: the chance with which an accepted
    "type/subtype" is kept, 1 where none is given. `max_share`: what one kind may be of all
    negatives at most; None for no such limit. `irreversible`: whether slots are used to which a
    negative does not lead back. `max_negatives`: a cap on a caption's negatives, in order of the
    draw. `wording`, `guards`: whether candidates are mended, and refused.

    Raises:
        UsageError: a number is out of range, or the scorers are in another order.
    """

    scorers: tuple[Scoring, ...] = ()
    keep: Mapping[str, float] = field(default_factory=dict)
    max_share: float | None = None
    irreversible: bool = False
    max_negatives: int | None = None
    wording: bool = True
    guards: bool = True

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        _check_counts(max_negatives=self.max_negatives)
        for name, share in self.keep.items():
            if not 0 <= share <= 1:
                raise UsageError(f"negatives.choice.keep.{name}: expected 0 to 1, found {share}")
        if self.max_share is not None and not 0 < self.max_share <= 1:
            raise UsageError(
                "negatives.choice.max_share: expected a share from 0 to 1, found "
                f"{self.max_share}; 0.4 lets no kind be more than 40 % of the negatives"
            )
        if self.max_share is not None and self.corpus is None:
            raise UsageError(
                "negatives.choice.max_share: expected the scorer corpus, which knows how many "
                "negatives of each kind there will be; thin without it by negatives.choice.keep"
            )
        if any(isinstance(scoring, CorpusScoring) for scoring in self.scorers[1:]):
            raise UsageError(
                "negatives.choice.scorers: expected the scorer corpus once, as the first, found it "
                "later: a causal one reads what the corpus lets through"
            )

    @property
    def corpus(self) -> CorpusScoring | None:
        """Return how the corpus scores, None if it does not."""
        first = self.scorers[0] if self.scorers else None
        return first if isinstance(first, CorpusScoring) else None

    @property
    def causal(self) -> tuple[CausalScoring, ...]:
        """Return the scorers that read what was drawn before and what the guards let through."""
        return tuple(each for each in self.scorers if isinstance(each, CausalScoring))

    def first_acceptance(self, type_: str, subtype: str) -> Acceptance:
        """Return how alternatives of a kind are accepted when slots are drawn.

        Where the first scorer is causal all are: it reads them once they are worded and guarded.
        """
        corpus = self.corpus
        return self.acceptance(corpus, type_, subtype) if corpus else Acceptance(0.0, inf)

    def acceptance(self, scoring: Scoring, type_: str, subtype: str) -> Acceptance:
        """Return how a scorer accepts alternatives of a kind."""
        return Acceptance(self.power(scoring, type_, subtype), scoring.max_log_ratio)

    def power(self, scoring: Scoring, type_: str, subtype: str) -> float:
        """Return the power that a scorer has for pairs of a kind."""
        if scoring.power is not None:
            return scoring.power
        if isinstance(scoring, CorpusScoring):
            alone, beside = _POWERS["corpus"]
            return beside if any(each.reads(type_, subtype) for each in self.causal) else alone
        alone, beside = _POWERS["causal"]
        return beside if self.corpus else alone


@dataclass(frozen=True, kw_only=True, slots=True)
class RecipePolicy:
    """Distinct alternatives of each rule are drawn until there are enough, as published.

    `variants`: distinct negatives of each rule. `weighted`: whether the rule's own weights decide
    (WordNet's counts, say), or all alternatives are alike. The others as in `PairPolicy`.

    Raises:
        UsageError: a number is out of range.
    """

    variants: int = 5
    weighted: bool = True
    max_negatives: int | None = None
    wording: bool = True
    guards: bool = True

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing."""
        _check_counts(variants=self.variants, max_negatives=self.max_negatives)

    @property
    def corpus(self) -> None:
        """Return None: no scorer weighs a recipe."""
        return

    @property
    def causal(self) -> tuple[CausalScoring, ...]:
        """Return nothing: no scorer weighs a recipe."""
        return ()


Policy = PairPolicy | RecipePolicy
POLICIES: Mapping[str, type[PairPolicy] | type[RecipePolicy]] = {
    "pairs": PairPolicy,
    "recipe": RecipePolicy,
}


def _check_counts(**counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None and count < 1:
            raise UsageError(f"negatives.choice.{name}: expected 1 or more, found {count}")


def _check_numbers(name: str, max_log_ratio: float, power: float | None) -> None:
    if not 0 < max_log_ratio < inf:
        raise UsageError(f"scorer {name}: expected a positive max_log_ratio, found {max_log_ratio}")
    if power is not None and not 0 <= power < inf:
        raise UsageError(f"scorer {name}: expected a power of 0 or more, found {power}")
