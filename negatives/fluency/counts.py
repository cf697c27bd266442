"""Counts by 64-bit key and fold: made per block, merged, looked up for whole arrays.

A key is a linear form of word hashes, so whole arrays of n-grams and pairs are keyed at once. With
10^7 keys the probability of any collision is 3 in a million. Counts are integers: merged in any
order they give the same table.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.words import Hashes, hash_of

NUM_FOLDS = 5
_MOST_BITS = 28  # bits of a bucket's number; with 10^9 keys a bucket has four
_AT_ONCE = 1 << 20  # entries processed at once
_MOST = np.iinfo(np.uint32).max

Folds = NDArray[np.uint8]
Numbers = NDArray[np.int64]


class Tally(NamedTuple):
    """How often each key was seen in each fold: keys and folds ascending, pairs unique."""

    keys: Hashes
    folds: Folds
    counts: Numbers


NOTHING = Tally(np.zeros(0, np.uint64), np.zeros(0, np.uint8), np.zeros(0, np.int64))


def tally_of(keys: Hashes, folds: Folds) -> Tally:
    """Return the tally of single observations, in any order."""
    return sum_counts(keys, folds, np.ones(len(keys), np.int64))


def merge_tallies(tallies: Iterable[Tally]) -> Tally:
    """Return the sums of tallies; zero entries are left out.

    Works on one range of keys after another, to limit memory.
    """
    parts = list(tallies)
    num_ranges = 1 + sum(len(part.keys) for part in parts) // _AT_ONCE
    ends = [2**64 * number // num_ranges for number in range(1, num_ranges)]
    cut = [_split(part, np.array(ends, np.uint64)) for part in parts]
    sums = [
        sum_counts(*map(np.concatenate, zip(*found, strict=True)))
        for found in zip(*cut, strict=True)
    ]
    return Tally(*map(np.concatenate, zip(*sums, strict=True)))


def _split(tally: Tally, ends: Hashes) -> list[Tally]:
    """Return the parts of a tally below the first key, between keys, and from the last on."""
    bounds = [0, *np.searchsorted(tally.keys, ends).tolist(), len(tally.keys)]
    keys, folds, counts = tally
    return [
        Tally(keys[low:high], folds[low:high], counts[low:high]) for low, high in pairwise(bounds)
    ]


def negate(tally: Tally) -> Tally:
    """Return the negative of a tally."""
    return tally._replace(counts=-tally.counts)


def sum_counts(keys: Hashes, folds: Folds, counts: Numbers) -> Tally:
    """Return the tally of counts in any order; zero entries are left out."""
    if not len(keys):
        return Tally(keys, folds, counts)
    order = np.lexsort((folds, keys))
    keys, folds, counts = keys[order], folds[order], counts[order]
    first = np.empty(len(keys), bool)
    first[0] = True
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    first[1:] |= folds[1:] != folds[:-1]
    starts = np.flatnonzero(first)
    sums = np.add.reduceat(counts, starts)
    kept = starts[sums != 0]
    return Tally(keys[kept], folds[kept], sums[sums != 0])


class Table:
    """Counts of K keys, looked up without those of one fold.

    `keys` K ascending, `counts` K x NUM_FOLDS. Memory-mapped, both are shared by all processes on a
    machine; each process only has 8 bytes per bucket of keys.
    """

    def __init__(self, keys: Hashes, counts: NDArray[np.uint32]) -> None:
        """Index the keys by their first bits, which are nearly random."""
        self.keys = keys
        self.counts = counts
        self._bits = max(1, min(_MOST_BITS, len(keys).bit_length()))
        self._starts = np.full((1 << self._bits) + 1, len(keys), np.int64)
        for low in range(0, 1 << self._bits, _AT_ONCE):
            heads = np.arange(low, min(low + _AT_ONCE, 1 << self._bits), dtype=np.uint64)
            there = np.searchsorted(keys, heads << np.uint64(64 - self._bits))
            self._starts[low : low + len(there)] = there

    def without(self, folds: Folds, keys: Hashes) -> NDArray[np.float32]:
        """Return the count of each key in all folds except its entry in `folds`."""
        found, indices = self._find(keys)
        counts = self.counts[indices]
        result = np.zeros(len(keys), np.float32)
        result[found] = _totals(counts) - counts[np.arange(len(indices)), folds[found]]
        return result

    def without_each(self, keys: Hashes) -> NDArray[np.float32]:
        """Return the counts of keys in all folds but one, keys x NUM_FOLDS."""
        found, indices = self._find(keys)
        counts = self.counts[indices]
        result = np.zeros((len(keys), NUM_FOLDS), np.float32)
        result[found] = _totals(counts)[:, None] - counts
        return result

    def has(self, keys: Hashes) -> NDArray[np.bool_]:
        """Tell which keys were counted in any fold."""
        there = np.zeros(len(keys), bool)
        there[self._find(keys)[0]] = True
        return there

    def _find(self, keys: Hashes) -> tuple[Numbers, Numbers]:
        """Return which keys exist, and their positions."""
        heads = (keys >> np.uint64(64 - self._bits)).astype(np.int64)
        indices: Numbers = self._starts[heads]
        ends: Numbers = self._starts[heads + 1]
        waiting = np.flatnonzero(indices < ends)
        while len(waiting):
            waiting = waiting[self.keys[indices[waiting]] < keys[waiting]]
            indices[waiting] += 1
            waiting = waiting[indices[waiting] < ends[waiting]]
        inside = np.flatnonzero(indices < ends)
        found = inside[self.keys[indices[inside]] == keys[inside]]
        return found, indices[found]


def _totals(counts: NDArray[np.uint32]) -> Numbers:
    """Return the sums over folds, which may exceed 32 bits."""
    totals: Numbers = counts.sum(axis=1, dtype=np.int64)
    return totals


def table_of(tally: Tally) -> Table:
    """Return the table of a tally; counts within a fold saturate at 32 bits."""
    first = np.empty(len(tally.keys), bool)
    first[:1] = True
    np.not_equal(tally.keys[1:], tally.keys[:-1], out=first[1:])
    counts = np.zeros((int(first.sum()), NUM_FOLDS), np.uint32)
    row = -1
    for low in range(0, len(first), _AT_ONCE):
        part = slice(low, low + _AT_ONCE)
        rows = row + np.cumsum(first[part])
        counts[rows, tally.folds[part]] = np.minimum(tally.counts[part], _MOST)
        row = int(rows[-1])
    return Table(tally.keys[first], counts)


_MOST_PARTS = 5


def _factors(kind: str) -> Hashes:
    made = [hash_of(f"{kind} {index}") | 1 for index in range(_MOST_PARTS)]
    return np.array(made, np.uint64)


class Kind:
    """A kind of key, for example 3-grams; keys of different kinds differ."""

    def __init__(self, name: str) -> None:
        """Derive the factors of the linear form from the name."""
        self._factors = _factors(name)
        self._offset = np.array([hash_of(name)], np.uint64)

    def keys(self, *parts: Hashes) -> Hashes:
        """Return the keys of `parts`, arrays of one shape; their order matters."""
        keys: Hashes = self._offset + parts[0] * self._factors[0]
        for part, factor in zip(parts[1:], self._factors[1 : len(parts)], strict=True):
            keys = keys + part * factor
        return keys

    def unordered_keys(self, left: Hashes, right: Hashes) -> Hashes:
        """Return the key of each pair, the same for both orders."""
        return self.keys(left + right)
