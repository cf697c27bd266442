"""Lookup of the counts of many keys at once, each without the fold of its caption."""

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.counting import NGRAM
from negatives.fluency.counts import NUM_FOLDS, Folds, Kind, Table
from negatives.fluency.words import Hashes, Words

Floats = NDArray[np.float64]


class CountLookup:
    """The words of this process, and the counts of a table, with those of single words cached."""

    def __init__(self, words: Words, table: Table) -> None:
        """Start with an empty cache."""
        self.words = words
        self._table = table
        self._kept: dict[Kind, NDArray[np.float32]] = {}

    def count(self, keys: Hashes, folds: Folds) -> Floats:
        """Return the counts of keys in an array of any shape, whose rows have these folds."""
        spread = np.broadcast_to(folds.reshape(-1, *[1] * (keys.ndim - 1)), keys.shape)
        found = self._table.without(spread.ravel(), keys.ravel())
        counts: Floats = found.reshape(keys.shape).astype(float)
        return counts

    def total(self, kind: Kind) -> Floats:
        """Return the total count of a kind, without each of the folds."""
        counts: Floats = self._table.without_each(kind.keys(np.zeros(1, np.uint64)))[0].astype(
            float
        )
        return counts

    def of_words(self, ids: NDArray[np.int64], folds: Folds, kind: Kind = NGRAM[0]) -> Floats:
        """Return the counts of single words in an array of any shape, with rows as in `count`."""
        return self._at(self._cached_counts(kind, self.words.hashes()), ids, folds)

    def of_classes(self, ids: NDArray[np.int64], folds: Folds, kind: Kind) -> Floats:
        """Return the counts of the classes of words, like `of_words`."""
        return self._at(self._cached_counts(kind, self.words.class_hashes()), ids, folds)

    def _at(self, counts: NDArray[np.float32], ids: NDArray[np.int64], folds: Folds) -> Floats:
        found: Floats = counts[ids, folds.reshape(-1, *[1] * (ids.ndim - 1))].astype(float)
        return found

    def _cached_counts(self, kind: Kind, hashes: Hashes) -> NDArray[np.float32]:
        """Return counts, words x NUM_FOLDS; only words new since the last call are looked up."""
        cached = self._kept.get(kind, np.zeros((0, NUM_FOLDS), np.float32))
        if len(cached) < len(hashes):
            new = self._table.without_each(kind.keys(hashes[len(cached) :]))
            cached = self._kept[kind] = np.concatenate([cached, new])
        return cached
