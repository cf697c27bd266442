"""The chances with which pairs are kept so that readers can no longer tell their sides. Pure.

A reader gives each pair a margin m: by how much it scores the caption above the negative. If
margins are symmetric, as many of m as of -m, then the reader is right half of the time, however
sure it is. So a pair of margin m > 0 would be kept with the chance r(m) = min(1, p(-m) / p(m)). For
margins that are calibrated log-odds this is exp(-m); those of a reader trained on few pairs are
not, so the ratio is counted instead: pairs are put into bins of equal size by |m|, and of the sign
that is more frequent in a bin as large a share is kept as gives both signs the same expected number
(matched thinning).

For several readers at once the chances are raked (iterative proportional fitting; Deming and
Stephan, Annals of Mathematical Statistics 11, 1940): reader after reader is balanced in this way,
given the chances so far, until all are. A step only ever lowers chances, so they converge; they end
at 0 if no part of the pairs is balanced for all readers.

A round of thinning takes half of that way, the square root of the chance. The whole way goes too
far: a word that is exactly as frequent on both sides of all pairs is rarer on its own side once a
pair is held out, so a reader trained on the others is right in fewer than half (.39 of SugarCrepe's
replaced attributes, which then cost three quarters of the pairs to mend, not half).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_Cell = tuple[NDArray[np.int64], NDArray[np.int64]]

_PAIRS_OF_A_BIN: Final = 100
_MOST_BINS: Final = 8
_MOST_STEPS: Final = 200
_BALANCED: Final = 0.01  # by this much at most one sign outweighs the other


def half_way(margins: Sequence[Floats]) -> Floats:
    """Return the chances of one round of thinning, N; see `balancing_chances`."""
    chances: Floats = np.sqrt(balancing_chances(margins))
    return chances


def balancing_chances(margins: Sequence[Floats]) -> Floats:
    """Return for each of N pairs the chance that balances it, given every reader's margins, N."""
    chances = np.ones(len(margins[0]))
    cells = [cell for of_reader in margins for cell in _cells(of_reader)]
    for _ in range(_MOST_STEPS):
        if max(_balance(cell, chances) for cell in cells) < _BALANCED:
            break
    return chances


def _balance(cell: _Cell, chances: Floats) -> float:
    """Lower the chances of the side that outweighs the other; return by how much it did."""
    less, more = sorted(cell, key=lambda side: float(chances[side].sum()))
    weight = float(chances[more].sum())
    if weight == 0:
        return 0.0
    ratio = float(chances[less].sum()) / weight
    chances[more] *= ratio
    return 1 - ratio


def _cells(margins: Floats) -> list[_Cell]:
    """Return for each bin of |m| the indices of the pairs of m > 0 and of those of m < 0."""
    size = np.abs(margins)
    num_bins = int(np.clip(len(margins) // _PAIRS_OF_A_BIN, 1, _MOST_BINS))
    ends = np.quantile(size, np.linspace(0, 1, num_bins + 1)[1:-1])
    bin_of = np.searchsorted(ends, size, side="right")
    return [
        (
            np.flatnonzero((bin_of == number) & (margins > 0)),
            np.flatnonzero((bin_of == number) & (margins < 0)),
        )
        for number in range(num_bins)
    ]
