"""Rounds of reading and thinning, kind by kind, until no reader tells more than it may.

Readers are those of the audit: its adversary by words and by form, trained on the pairs of the kind
alone and asked about images that it has not seen, and its reference model. In each round the
adversary reads what is left; where one of its two readings is outside the tolerance, what is left
is thinned by the margins of those that are. The reference model, which is slow, is asked once they
are inside, about what is left then, and thins it in its turn. When all are inside, adversaries that
are trained anew on other folds have to agree; their figures are the ones reported. A kind of which
too few images are left is given up.

The reference model is not trained, so it cannot be trained anew: that it can only guess about what
was kept is a fact about these pairs, and about this model. Another model may still tell.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.measures.adversary import Indices, folds_of, wins_of
from data.measures.intervals import Interval, share_interval
from negatives.auditing.forms import VowelSound
from negatives.auditing.leaks import LEAST_GROUPS, adversary_margins
from negatives.auditing.pairs import Pair, sample_pairs
from negatives.repairing.thinning import Floats, half_way

MOST_ROUNDS: Final = 30
REFERENCE_PAIRS: Final = 150
"""Pairs of a kind that the reference model reads for the figure of before."""
_FEW: Final = 2000
_FITS_OF_FEW: Final = 3  # other folds move the figure of few pairs by several hundredths

Reference = Callable[[Sequence[Pair]], Floats]
"""A reference model: pairs -> by how many nats it finds each caption the more probable."""
Shares = Mapping[str, Interval]
"""By reader, how often it scores the caption above the negative."""


class KindPairs(NamedTuple):
    """N pairs of one kind, and what decides which are kept.

    `lots`: a number of [0, 1) for each pair; it is kept while the product of its chances is above.
    `reference`: None without a model. `tolerance`: how far from 0.5 each reader may stand.
    """

    pairs: Sequence[Pair]
    lots: Floats
    reference: Reference | None
    vowel_sound: VowelSound
    tolerance: float
    seed: int


class KindRepair(NamedTuple):
    """What became of a kind; `after` is empty where nothing is kept, and then `why` says why."""

    kind: str
    num_before: int
    num_kept: int
    before: Shares
    after: Shares
    why: str = ""


class _Read(NamedTuple):
    """The margins of some pairs by reader, and the shares that they make."""

    margins: Mapping[str, Floats]
    shares: Shares

    def outside(self, tolerance: float) -> list[Floats]:
        """Return the margins of the readers that are further from 0.5 than this."""
        return [
            self.margins[name]
            for name, share in self.shares.items()
            if abs(share.value - 0.5) > tolerance
        ]


def repair_kind(kind: str, given: KindPairs) -> tuple[NDArray[np.bool_], KindRepair]:
    """Return which pairs of a kind are kept, N, and what readers say of them."""
    num_pairs = len(given.pairs)
    chosen, chances = np.arange(num_pairs), np.ones(num_pairs)
    before: Shares = {}
    why = f"outside the tolerance after {MOST_ROUNDS} rounds"
    for number in range(MOST_ROUNDS):
        pairs = [given.pairs[index] for index in chosen.tolist()]
        num_images = len({pair.group for pair in pairs})
        if num_images < LEAST_GROUPS:
            why = f"{num_images} images left; an adversary is trained on {LEAST_GROUPS} or more"
            break
        read = _by_adversary(given, pairs, 2 * number)
        before = before or {**read.shares, **_sample_by_reference(given).shares}
        outside = read.outside(given.tolerance)
        if not outside:
            by_reference = _by_reference(given, pairs)
            outside = by_reference.outside(given.tolerance)
        if not outside:
            read = _by_adversary(given, pairs, 2 * number + 1)
            outside = read.outside(given.tolerance)
        if not outside:
            kept = np.isin(np.arange(num_pairs), chosen)
            after = {**read.shares, **by_reference.shares}
            return kept, KindRepair(kind, num_pairs, len(chosen), before, after)
        chances[chosen] *= half_way(outside)
        chosen = chosen[given.lots[chosen] < chances[chosen]]
    return np.zeros(num_pairs, np.bool_), KindRepair(kind, num_pairs, 0, before, {}, why)


def _by_adversary(given: KindPairs, pairs: Sequence[Pair], fit: int) -> _Read:
    """Return what the adversary makes of pairs; each `fit` has folds of its own."""
    num_fits = _FITS_OF_FEW if len(pairs) < _FEW else 1
    groups = _groups(pairs)
    seeds = [given.seed + _FITS_OF_FEW * fit + number for number in range(num_fits)]
    foldings = [folds_of(groups, seed) for seed in seeds]
    return _read(
        pairs,
        {
            name: adversary_margins(pairs, foldings, form=form)
            for name, form in (("words", None), ("form", given.vowel_sound))
        },
    )


def _by_reference(given: KindPairs, pairs: Sequence[Pair]) -> _Read:
    """Return what the reference model makes of pairs, nothing without a model."""
    return _read(pairs, {} if given.reference is None else {"fluency": given.reference(pairs)})


def _sample_by_reference(given: KindPairs) -> _Read:
    some = sample_pairs(given.pairs, REFERENCE_PAIRS, seed=given.seed, key="judge")
    return _by_reference(given, some)


def _read(pairs: Sequence[Pair], margins: Mapping[str, Floats]) -> _Read:
    groups = _groups(pairs)
    shares = {name: share_interval(wins_of(found), groups) for name, found in margins.items()}
    return _Read(margins, shares)


def _groups(pairs: Sequence[Pair]) -> Indices:
    return np.array([pair.group for pair in pairs], np.int64)
