"""Counts in files, merged as a tree: the sums are those of one merge, whoever did a part before."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.commit import Unit
from data.streams import Stream
from negatives.count_files import MERGED_AT_ONCE, merged_files, read_keys, read_tally, write_counts
from negatives.fluency.counts import NUM_FOLDS, Tally, merged, tally_of
from negatives.fluency.folds import Keys


class Waves:
    """Does tasks from the last to the first, and counts them by wave."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, function: Callable[[Any], Unit], tasks: Iterable[Any]) -> Mapping[str, Unit]:
        units = [function(task) for task in reversed(list(tasks))]
        self.sizes.append(len(units))
        return {unit.name: unit for unit in units}


def tally(number: int) -> Tally:
    """Return 40 sightings of few keys, or their difference."""
    stream = Stream("sightings", number)
    keys = np.array([stream.below(30) for _ in range(40)], np.uint64)
    folds = np.array([stream.below(NUM_FOLDS) for _ in range(40)], np.uint8)
    made = tally_of(keys, folds)
    return made._replace(counts=-made.counts) if number % 3 == 2 else made


def files_of(folder: Path, num_files: int) -> list[Path]:
    paths = [folder / f"{number}.counts" for number in range(num_files)]
    for number, path in enumerate(paths):
        write_counts(path, tally(number))
    return paths


@pytest.mark.parametrize(
    ("num_files", "waves"),
    [(1, []), (2, [1]), (8, [1]), (9, [2, 1]), (64, [8, 1]), (65, [9, 2, 1])],
)
def test_a_tree_of_merges_gives_the_sums(tmp_path: Path, num_files: int, waves: list[int]) -> None:
    collect = Waves()
    found = merged_files(files_of(tmp_path, num_files), tmp_path / "merges", collect)
    wanted = merged(map(tally, range(num_files)))
    for got, expected in zip(found, wanted, strict=True):
        assert got.dtype == expected.dtype
        assert np.array_equal(got, expected)
    assert collect.sizes == waves


def test_what_was_merged_before_is_not_read_again(tmp_path: Path) -> None:
    files = files_of(tmp_path, MERGED_AT_ONCE + 1)
    first = merged_files(files, tmp_path / "merges", Waves())
    for path in files:
        path.unlink()
    again = merged_files(files, tmp_path / "merges", Waves())
    assert all(np.array_equal(*columns) for columns in zip(first, again, strict=True))


def test_keys_are_read_apart_from_the_tally(tmp_path: Path) -> None:
    keys = Keys(np.array([3, 3, 1], np.uint64), np.array([7, 8, 9], np.uint64))
    path = tmp_path / "counts"
    write_counts(path, tally(0), keys)
    assert [column.tolist() for column in read_keys(path)] == [[3, 3, 1], [7, 8, 9]]
    assert [column.tolist() for column in read_tally(path)] == [c.tolist() for c in tally(0)]
