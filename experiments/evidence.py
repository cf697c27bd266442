"""The evidence on single pairs of words, in any place, from a table of counts."""

from typing import NamedTuple

import numpy as np

from negatives.exclusion.counting import (
    CAPTIONS,
    CHANCES,
    IMAGES,
    MET,
    PLACE,
    REPEATS,
    TOGETHER,
)
from negatives.fluency.counts import NUM_FOLDS, Table
from negatives.fluency.words import Hashes
from negatives.exclusion.scores import Floats, Word, chance_of, exposure_of


class Evidence(NamedTuple):
    """What siblings say of pairs of words: numbers of images, one value a pair."""

    apart: Floats
    together: Floats
    chance: Floats
    exposure: Floats


def words_of(table: Table, place: Hashes, word: Hashes, *, without: int | None = None) -> Word:
    """Return the counts of words in places, in all folds but one, or in all."""
    return Word(*(
        _count(table, kind.keys(place, word), without)
        for kind in (IMAGES, CAPTIONS, CHANCES, REPEATS)
    ))  # fmt: skip


def evidence_of(
    table: Table, place: Hashes, left: Hashes, right: Hashes, *, without: int | None = None
) -> Evidence:
    """Return the evidence on pairs of words in a place each, in all folds but one, or in all."""
    here = words_of(table, place, left, without=without)
    there = words_of(table, place, right, without=without)
    both = left + right
    together = _count(table, TOGETHER.keys(place, both), without)
    apart = _count(table, MET.keys(place, both), without) - together
    total = np.maximum(1.0, _count(table, PLACE.keys(place), without))
    return Evidence(
        apart,
        together,
        chance_of(here, there, total),
        np.minimum(exposure_of(here, there), exposure_of(there, here)),
    )


def _count(table: Table, keys: Hashes, without: int | None) -> Floats:
    if without is None:
        return totals_of(table, keys)
    folds = np.full(len(keys), without, np.uint8)
    return table.without(folds, keys).astype(np.float64)


def totals_of(table: Table, keys: Hashes) -> Floats:
    """Return the counts of keys in all folds.

    The sum over folds of what stands without each is one less than their number times the total.
    """
    totals: Floats = table.without_each(keys).sum(axis=1, dtype=np.float64) / (NUM_FOLDS - 1)
    return totals
