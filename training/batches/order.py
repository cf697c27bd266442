"""The order of an epoch: a permutation of row numbers that is computed, not stored.

A Feistel network over the smallest sufficient number of bits, applied repeatedly until the result
is in range (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002). A position
costs a few dozen integer operations, so a run resumes anywhere immediately.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from data.streams import Stream

Numbers = NDArray[np.int64]

_ROUNDS = 12
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # splitmix64's finaliser
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))


@dataclass(frozen=True, kw_only=True)
class Order:
    """A permutation of 0 ... size - 1 for each (seed, epoch)."""

    size: int
    seed: int
    epoch: int

    def at(self, positions: Numbers) -> Numbers:
        """Return the row numbers at these positions, which are in [0, size).

        Raises:
            ValueError: a position is out of range.
        """
        if len(positions) and not 0 <= positions.min() <= positions.max() < self.size:
            raise ValueError(f"positions: expected 0 to {self.size - 1}")
        found = self._shuffled(positions.astype(np.uint64))
        while (outside := found >= self.size).any():
            found[outside] = self._shuffled(found[outside])
        return found.astype(np.int64)

    @cached_property
    def _keys(self) -> tuple[np.uint64, ...]:
        stream = Stream("order", self.seed, self.epoch)
        return tuple(np.uint64(stream.below(1 << 64)) for _ in range(_ROUNDS))

    def _shuffled(self, values: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return a permutation of the smallest power of two not below the size, at least 4."""
        num_bits = max(2, (self.size - 1).bit_length())
        num_low = num_bits // 2
        shift, low_mask = np.uint64(num_low), np.uint64((1 << num_low) - 1)
        high_mask = np.uint64((1 << (num_bits - num_low)) - 1)
        high, low = values >> shift, values & low_mask
        for number, key in enumerate(self._keys):
            if number % 2:
                low = low ^ (_mixed(high ^ key) & low_mask)
            else:
                high = high ^ (_mixed(low ^ key) & high_mask)
        return (high << shift) | low


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return 64 well-mixed bits of each value; overflow is intended."""
    for shift, factor in zip(_SHIFTS, _MIX, strict=False):
        values = (values ^ (values >> shift)) * factor
    return values ^ (values >> _SHIFTS[2])
