"""Policies for choosing among the alternatives that rules offer: fair pairs, or a recipe. Pure.

`PairPolicy` accepts or rejects every alternative independently, by its scorers
(negatives/sampling.py has the mathematics). `RecipePolicy` draws as published generators do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from data.errors import UsageError
from negatives.sampling import Acceptance

_POWERS: Mapping[str, tuple[float, float]] = {
    # (alone, with the corpus): fitted on Flickr8k by benchmarks/second_draw.py
    "corpus": (1.0, 0.75),
    "causal": (0.6, 0.2),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusScoring:
    """Scoring by the n-grams and word pairs of the corpus (negatives/fluency).

    `max_log_ratio`: the largest difference of log p between negative and caption, in nats.
    `min_context_coverage`: the share of the words around a changed one that the corpus must have
    seen together with it, and with the word it replaces. `power`: v of negatives/sampling.py; None
    means 1 for kinds that no causal scorer reads, .75 for others.

    Raises:
        UsageError: a number is out of range.
    """

    scorer: Literal["corpus"] = "corpus"
    max_log_ratio: float = 3.0
    min_context_coverage: float = 0.34
    power: float | None = None

    def __post_init__(self) -> None:
        """Reject values out of range."""
        _check_numbers("corpus", self.max_log_ratio, self.power)
        if not 0 <= self.min_context_coverage <= 1:
            raise UsageError(
                "scorer corpus: expected min_context_coverage from 0 to 1, found "
                f"{self.min_context_coverage}"
            )

    def reads(self, type_: str, subtype: str) -> bool:  # noqa: ARG002 - as a causal scorer's
        """Return True: it scores negatives of every kind."""
        return True


@dataclass(frozen=True, kw_only=True, slots=True)
class CausalScoring:
    """Scoring by a causal language model, after the earlier scorers and the guards.

    `model`, `device`, `dtype`: as for negatives/fluency/neural.py; None is the packaged model.
    `max_log_ratio`: the largest difference of log q between negative and caption, in nats. `power`:
    w of negatives/sampling.py; None means .2 with the corpus scorer and .6 without it. `kinds`: the
    types or "type/subtype"s that it scores; others pass unread. None: all.

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
        """Reject values out of range."""
        _check_numbers("causal", self.max_log_ratio, self.power)
        if self.kinds == ():
            raise UsageError(
                "scorer causal: expected at least one kind; leave out the scorer, or leave out "
                "kinds to score all"
            )

    def reads(self, type_: str, subtype: str) -> bool:
        """Tell whether it scores negatives of a kind."""
        return self.kinds is None or type_ in self.kinds or f"{type_}/{subtype}" in self.kinds


Scoring = CorpusScoring | CausalScoring
SCORERS: Mapping[str, type[CorpusScoring] | type[CausalScoring]] = {
    "corpus": CorpusScoring,
    "causal": CausalScoring,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PairPolicy:
    """Every alternative is accepted or rejected on its own; pair and mirror are equally likely.

    `scorers`: applied in order, the corpus first; for a kind that no scorer reads, one candidate of
    each slot is drawn uniformly. `keep`: the probability of keeping an accepted "type/subtype", 1
    by default. `max_share`: the largest share of all negatives that one kind may have; None for no
    limit. `irreversible`: whether to use slots that cannot be drawn back. `max_negatives`: a cap on
    a caption's negatives, in order of the draw. `wording`, `guards`: whether candidates are
    corrected, and checked by guards.

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
        """Reject values out of range."""
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
                "negatives.choice.max_share: expected the scorer corpus, which predicts how many "
                "negatives of each kind there will be; without it use negatives.choice.keep"
            )
        if any(isinstance(scoring, CorpusScoring) for scoring in self.scorers[1:]):
            raise UsageError(
                "negatives.choice.scorers: expected the scorer corpus once and first, found it "
                "later: a causal scorer reads what the corpus lets through"
            )

    @property
    def corpus(self) -> CorpusScoring | None:
        """Return the options of the corpus scorer, None if there is none."""
        first = self.scorers[0] if self.scorers else None
        return first if isinstance(first, CorpusScoring) else None

    @property
    def causal(self) -> tuple[CausalScoring, ...]:
        """Return the scorers that read what the draw and the guards let through."""
        return tuple(each for each in self.scorers if isinstance(each, CausalScoring))

    def first_acceptance(self, type_: str, subtype: str) -> Acceptance:
        """Return how alternatives of a kind are accepted in the draw from slots.

        If the first scorer is causal, all are accepted: it reads them after wording and guards.
        """
        corpus = self.corpus
        return self.acceptance(corpus, type_, subtype) if corpus else Acceptance(0.0, inf)

    def acceptance(self, scoring: Scoring, type_: str, subtype: str) -> Acceptance:
        """Return how a scorer accepts alternatives of a kind."""
        return Acceptance(self.power(scoring, type_, subtype), scoring.max_log_ratio)

    def power(self, scoring: Scoring, type_: str, subtype: str) -> float:
        """Return a scorer's power for pairs of a kind."""
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

    `variants`: distinct negatives per rule. `weighted`: use the rule's own weights (such as
    WordNet's counts) or draw uniformly. The others are as in `PairPolicy`.

    Raises:
        UsageError: a number is out of range.
    """

    variants: int = 5
    weighted: bool = True
    max_negatives: int | None = None
    wording: bool = True
    guards: bool = True

    def __post_init__(self) -> None:
        """Reject values out of range."""
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
