"""Counts by key and fold, against dictionaries."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data.streams import Stream
from negatives.fluency import counts
from negatives.fluency.counting import tally_block
from negatives.fluency.counts import (
    NUM_FOLDS,
    Kind,
    Table,
    Tally,
    merge_tallies,
    table_of,
    tally_of,
)
from negatives.fluency.words import Words
from negatives.words.lexicon import Table as Lexicon

FEW = st.integers(0, 7)
SPREAD = st.integers(0, 2**64 - 1)
CROWDED = st.integers(0, 40).map(lambda low: (5 << 60) + low)  # all in one bucket
KEYS = st.one_of(FEW, SPREAD, CROWDED)
SIGHTINGS = st.lists(st.tuples(KEYS, st.integers(0, NUM_FOLDS - 1)), max_size=60)


def tally(sightings: list[tuple[int, int]]) -> Tally:
    keys = np.array([key for key, _ in sightings], np.uint64)
    return tally_of(keys, np.array([fold for _, fold in sightings], np.uint8))


def same(left: Tally, right: Tally) -> bool:
    return all(np.array_equal(*columns) for columns in zip(left, right, strict=True))


@given(SIGHTINGS, st.integers(0, 60), st.integers(0, 60), st.integers())
def test_the_order_and_the_split_of_sightings_do_not_matter(
    sightings: list[tuple[int, int]], first: int, second: int, seed: int
) -> None:
    whole = tally(sightings)
    shuffled = Stream(seed).shuffled(sightings)
    low, high = sorted((first, second))
    parts = [tally(shuffled[a:b]) for a, b in ((high, None), (None, low), (low, high))]
    assert same(merge_tallies(parts), whole)
    counted = Counter(sightings)
    found = dict(
        zip(zip(whole.keys.tolist(), whole.folds.tolist(), strict=True), whole.counts, strict=True)
    )
    assert found == counted


@pytest.mark.parametrize("at_once", [1, 3, 7, 1000])
def test_ranges_of_keys_are_merged_as_the_whole_is(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    stream = Stream("ranges")
    many = [stream.below(2**64) for _ in range(9)] + [0, 2**63, 2**64 - 1]
    sightings = [(stream.choice(many), stream.below(NUM_FOLDS)) for _ in range(100)]
    whole = table_of(tally(sightings))
    monkeypatch.setattr(counts, "_AT_ONCE", at_once)
    parts = [tally(sightings[start : start + 20]) for start in range(0, 100, 20)]
    assert same(merge_tallies(parts), tally(sightings))
    table = table_of(merge_tallies(parts))
    keys = np.array([*many, 5], np.uint64)
    assert np.array_equal(table.without_each(keys), whole.without_each(keys))
    away = tally(sightings[20:])
    assert same(merge_tallies([*parts, away._replace(counts=-away.counts)]), parts[0])


@given(SIGHTINGS, SIGHTINGS)
def test_what_is_taken_away_leaves_no_trace(
    kept: list[tuple[int, int]], moved: list[tuple[int, int]]
) -> None:
    there = tally(moved)
    away = there._replace(counts=-there.counts)
    assert same(merge_tallies([tally(kept + moved), away]), tally(kept))


@given(SIGHTINGS, st.lists(st.tuples(KEYS, st.integers(0, NUM_FOLDS - 1)), max_size=30))
def test_a_table_leaves_one_fold_out(
    sightings: list[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    table = table_of(tally(sightings))
    asked += sightings
    keys = np.array([key for key, _ in asked], np.uint64)
    found = table.without(np.array([fold for _, fold in asked], np.uint8), keys)
    assert found.tolist() == [
        sum(1 for key, fold in sightings if key == wanted and fold != left_out)
        for wanted, left_out in asked
    ]


def test_a_large_table_answers_as_a_dictionary_does() -> None:
    stream = Stream("keys")
    heads = [stream.below(2**64 - 9) for _ in range(300)]
    many = [*heads, *(head + 1 for head in heads), *(head + 2 for head in heads), 0, 2**64 - 1]
    keys = np.array([stream.choice(many) for _ in range(5_000)], np.uint64)
    folds = np.array([stream.below(NUM_FOLDS) for _ in range(5_000)], np.uint8)
    table = table_of(tally_of(keys, folds))
    asked = np.array([*many, *(head + 3 for head in heads), 2**63], np.uint64)
    counted = Counter(zip(keys.tolist(), folds.tolist(), strict=True))
    for fold in range(NUM_FOLDS):
        found = table.without(np.full(len(asked), fold, np.uint8), asked)
        assert found.tolist() == [
            sum(counted[key, other] for other in range(NUM_FOLDS) if other != fold)
            for key in asked.tolist()
        ]
    assert len(table.keys) == len(set(keys.tolist()))


def test_sums_over_folds_may_be_beyond_32_bits() -> None:
    many = 2**32 - 1
    folds = np.arange(NUM_FOLDS, dtype=np.uint8)
    seen = np.array([many, many, 1, 0, many + 7])
    table = table_of(Tally(np.full(NUM_FOLDS, 3, np.uint64), folds, seen))
    left_out = table.without(folds, np.full(NUM_FOLDS, 3, np.uint64))
    expected = np.array([2 * many + 1, 2 * many + 1, 3 * many, 3 * many + 1, 2 * many + 1])
    assert left_out == pytest.approx(expected)
    assert table.without_each(np.array([3], np.uint64))[0] == pytest.approx(expected)


def test_a_table_of_nothing_knows_nothing() -> None:
    empty = Table(np.zeros(0, np.uint64), np.zeros((0, NUM_FOLDS), np.uint32))
    assert empty.without(np.zeros(2, np.uint8), np.array([0, 2**64 - 1], np.uint64)).tolist() == [
        0,
        0,
    ]


@given(arrays(np.uint64, 3), arrays(np.uint64, 3))
def test_keys_differ_by_kind_and_order(left: np.ndarray, right: np.ndarray) -> None:
    one, other = Kind("one"), Kind("other")
    for kind in (one, other):
        assert (kind.unordered_keys(left, right) == kind.unordered_keys(right, left)).all()
        assert ((kind.keys(left, right) == kind.keys(right, left)) == (left == right)).all()
        assert (kind.keys(left) != kind.keys(left, right | np.uint64(1))).all()
    assert (one.keys(left, right) != other.keys(left, right)).all()
    assert (one.keys(left, right) == Kind("one").keys(left, right)).all()


def test_a_block_without_captions_counts_nothing() -> None:
    assert len(tally_block([], [], Words(Lexicon())).keys) == 0


@pytest.mark.parametrize("num_parts", [1, 5])
def test_a_kind_has_factors_for_five_parts(num_parts: int) -> None:
    parts = [np.arange(4, dtype=np.uint64)] * num_parts
    assert len(set(Kind("one").keys(*parts).tolist())) == 4
