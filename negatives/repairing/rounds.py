"""Rounds of reading and thinning, kind by kind, until no reader tells more than it may.

The readers are those of the audit: its adversary, by words and by form, and its reference model.
The adversary is trained on the pairs of the kind alone and tested on images it has not seen; the
reference model, which is slow, scores every text once. In each round the adversary is trained anew
on the pairs that are left, and these are thinned by the margins of every reader that is outside the
tolerance. Once all are inside, adversaries trained on other folds have to agree; the figures
reported are theirs. A kind with too few groups of images left is given up. If thinning by the
adversary alone would leave too few in the first round, the reference model is not asked at all.

The reference model is not trained, so it cannot be trained anew: that it only guesses about the
kept pairs is a fact about these pairs and this model. Another model may still tell.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.measures.adversary import Indices, folds_of, wins_of
from data.measures.intervals import Interval, share_interval
from negatives.auditing.forms import VowelSound
from negatives.auditing.leaks import LEAST_GROUPS, adversary_margins
from negatives.auditing.pairs import Pair
from negatives.repairing.thinning import Floats, half_way

MOST_ROUNDS: Final = 30
_FEW: Final = 2000
_FITS_OF_FEW: Final = 3  # other folds move the figure of few pairs by several hundredths

Shares = Mapping[str, Interval]
"""By reader, how often it scores the caption above the negative."""


class KindPairs(NamedTuple):
    """N pairs of one kind, and what decides which are kept.

    `lots`: a number in [0, 1) for each pair, which is kept while the product of its chances is
    above it. `reference`: returns by how many nats the reference model finds each caption more
    probable than its negative; None without a model. `tolerance`: how far from 0.5 each reader may
    stand.
    """

    pairs: Sequence[Pair]
    lots: Floats
    reference: Callable[[], Floats] | None
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
    reference: Floats | None = None
    why = f"outside the tolerance after {MOST_ROUNDS} rounds"
    for number in range(MOST_ROUNDS):
        num_groups = _num_groups(given, chosen)
        if num_groups < LEAST_GROUPS:
            why = (
                f"{num_groups} groups of images left; an adversary is trained on {LEAST_GROUPS} "
                "or more"
            )
            break
        read = _read(given, chosen, reference, 2 * number)
        if number == 0 and given.reference is not None and _can_go_on(given, read):
            reference = given.reference()
            read = _with_reference(given, reference, read)
        before = before or read.shares
        outside = read.outside(given.tolerance)
        if not outside:
            read = _read(given, chosen, reference, 2 * number + 1)
            outside = read.outside(given.tolerance)
        if not outside:
            kept = np.isin(np.arange(num_pairs), chosen)
            return kept, KindRepair(kind, num_pairs, len(chosen), before, read.shares)
        chances[chosen] *= half_way(outside)
        chosen = chosen[given.lots[chosen] < chances[chosen]]
    return np.zeros(num_pairs, np.bool_), KindRepair(kind, num_pairs, 0, before, {}, why)


def _can_go_on(given: KindPairs, read: _Read) -> bool:
    """Tell whether the adversary's first thinning of all pairs leaves enough groups."""
    outside = read.outside(given.tolerance)
    left = np.flatnonzero(given.lots < half_way(outside)) if outside else np.arange(len(given.lots))
    return _num_groups(given, left) >= LEAST_GROUPS


def _num_groups(given: KindPairs, chosen: Indices) -> int:
    return len({given.pairs[index].group for index in chosen.tolist()})


def _read(given: KindPairs, chosen: Indices, reference: Floats | None, fit: int) -> _Read:
    """Return what all readers make of the chosen pairs; each `fit` has folds of its own."""
    pairs = [given.pairs[index] for index in chosen.tolist()]
    groups = _groups(pairs)
    num_fits = _FITS_OF_FEW if len(pairs) < _FEW else 1
    seeds = [given.seed + _FITS_OF_FEW * fit + number for number in range(num_fits)]
    foldings = [folds_of(groups, seed) for seed in seeds]
    margins = {
        name: adversary_margins(pairs, foldings, form=form)
        for name, form in (("words", None), ("form", given.vowel_sound))
    }
    if reference is not None:
        margins["fluency"] = reference[chosen]
    return _shared(margins, groups)


def _with_reference(given: KindPairs, reference: Floats, read: _Read) -> _Read:
    """Return what all readers make of all pairs, given what the adversary does."""
    return _shared({**read.margins, "fluency": reference}, _groups(given.pairs))


def _shared(margins: Mapping[str, Floats], groups: Indices) -> _Read:
    shares = {name: share_interval(wins_of(found), groups) for name, found in margins.items()}
    return _Read(margins, shares)


def _groups(pairs: Sequence[Pair]) -> Indices:
    return np.array([pair.group for pair in pairs], np.int64)
