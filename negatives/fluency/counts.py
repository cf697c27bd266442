"""Counts by 64-bit key and fold: made for each block, merged, looked up by arrays.

A key is a linear form of word hashes, so whole arrays of n-grams and pairs are keyed at once. With
10^7 keys the chance that any two collide is 3 in a million. Counts are whole numbers: merged in any
order they give the same table.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.words import Hashes, hash_of

NUM_FOLDS = 5

Folds = NDArray[np.uint8]
Numbers = NDArray[np.int64]


class Tally(NamedTuple):
    """How often each key was seen in each fold: keys and folds ascending, no pair twice."""

    keys: Hashes
    folds: Folds
    counts: Numbers


EMPTY = Tally(np.zeros(0, np.uint64), np.zeros(0, np.uint8), np.zeros(0, np.int64))


def tally_of(keys: Hashes, folds: Folds) -> Tally:
    """Return the tally of single sightings, in any order."""
    return _summed(keys, folds, np.ones(len(keys), np.int64))


def merged(tallies: Iterable[Tally]) -> Tally:
    """Return the sums of tallies; an entry that sums to nothing is left out."""
    parts = list(tallies)
    columns = (np.concatenate([part[index] for part in parts]) for index in range(3))
    total = _summed(*columns)
    kept = total.counts != 0
    return Tally(*(column[kept] for column in total)) if not kept.all() else total


def _summed(keys: Hashes, folds: Folds, counts: Numbers) -> Tally:
    if not len(keys):
        return Tally(keys, folds, counts)
    order = np.lexsort((folds, keys))
    keys, folds, counts = keys[order], folds[order], counts[order]
    first = np.empty(len(keys), bool)
    first[0] = True
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    first[1:] |= folds[1:] != folds[:-1]
    starts = np.flatnonzero(first)
    return Tally(keys[starts], folds[starts], np.add.reduceat(counts, starts))


class Table:
    """Counts of K keys, to be looked up without those of one fold.

    `keys` K ascending, `counts` K x NUM_FOLDS.
    """

    def __init__(self, keys: Hashes, counts: NDArray[np.uint32]) -> None:
        """Index the keys by their first bits, which are as good as random."""
        self.keys = keys
        self.counts = counts
        self._bits = max(1, min(24, len(keys).bit_length()))
        heads = (keys >> np.uint64(64 - self._bits)).astype(np.int64)
        sizes = np.bincount(heads, minlength=1 << self._bits)
        self._starts = np.concatenate([[0], np.cumsum(sizes)])
        self._padded = np.concatenate([keys, np.zeros(1, np.uint64)])
        self._totals = counts.sum(axis=1, dtype=np.uint32)

    def without(self, folds: Folds, keys: Hashes) -> NDArray[np.float32]:
        """Return the count of each key in all folds but that at the same place of `folds`."""
        found, places = self._find(keys)
        result = np.zeros(len(keys), np.float32)
        result[found] = self._totals[places] - self.counts[places, folds[found]]
        return result

    def without_each(self, keys: Hashes) -> NDArray[np.float32]:
        """Return the count of each key in all folds but one, keys x NUM_FOLDS."""
        found, places = self._find(keys)
        result = np.zeros((len(keys), NUM_FOLDS), np.float32)
        result[found] = self._totals[places, None] - self.counts[places]
        return result

    def _find(self, keys: Hashes) -> tuple[Numbers, Numbers]:
        """Return which of the keys there are, and where."""
        heads = (keys >> np.uint64(64 - self._bits)).astype(np.int64)
        places: Numbers = self._starts[heads]
        ends: Numbers = self._starts[heads + 1]
        waiting = np.flatnonzero((places < ends) & (self._padded[places] < keys))
        while len(waiting):
            places[waiting] += 1
            now = places[waiting]
            going_on = (now < ends[waiting]) & (self._padded[now] < keys[waiting])
            waiting = waiting[going_on]
        found = np.flatnonzero((places < ends) & (self._padded[places] == keys))
        return found, places[found]


def table_of(tally: Tally) -> Table:
    """Return the table of a tally."""
    first = np.empty(len(tally.keys), bool)
    first[:1] = True
    np.not_equal(tally.keys[1:], tally.keys[:-1], out=first[1:])
    rows = np.cumsum(first) - 1
    counts = np.zeros((int(first.sum()), NUM_FOLDS), np.uint32)
    counts[rows, tally.folds] = tally.counts
    return Table(tally.keys[first], counts)


_MOST_PARTS = 5


def _factors(kind: str) -> Hashes:
    made = [hash_of(f"{kind} {place}") | 1 for place in range(_MOST_PARTS)]
    return np.array(made, np.uint64)


class Kind:
    """A kind of key, for example 3-grams; keys of different kinds do not meet."""

    def __init__(self, name: str) -> None:
        """Draw the factors of the linear form from the name."""
        self._factors = _factors(name)
        self._offset = np.array([hash_of(name)], np.uint64)

    def keys(self, *parts: Hashes) -> Hashes:
        """Return the key of each row of `parts`, arrays of one shape; their order matters."""
        keys: Hashes = self._offset + parts[0] * self._factors[0]
        for part, factor in zip(parts[1:], self._factors[1 : len(parts)], strict=True):
            keys = keys + part * factor
        return keys

    def unordered(self, left: Hashes, right: Hashes) -> Hashes:
        """Return the key of each pair, the same for both orders."""
        return self.keys(left + right)
