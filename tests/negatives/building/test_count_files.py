"""Counts in files, merged as a tree: the sums are those of one merge, whoever did a part before."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from data.errors import ShardError
from data.streams import Stream
from negatives.building.count_files import (
    MERGED_AT_ONCE,
    merge_files,
    read_keys,
    read_tally,
    write_counts,
)
from negatives.building.stage import Site
from negatives.executors import R, Run, T
from negatives.executors.local import run_here
from negatives.fluency.counts import NUM_FOLDS, Tally, merge_tallies, tally_of
from negatives.fluency.folds import Keys


class Waves:
    """Opens workers that do tasks from the last to the first, and counts the tasks by wave."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, _prepare: Callable[[], object], *, gpus: float = 0.0) -> Run:
        assert gpus == 0
        return self._run

    def _run(self, function: Callable[[T], R], tasks: Iterable[T], /) -> Iterator[R | ShardError]:
        listed = list(tasks)
        self.sizes.append(len(listed))
        return run_here(function, reversed(listed))

    def site(self, folder: Path) -> Site:
        return Site(folder / "work", self, lambda *_: None)


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
    workers = Waves()
    found = merge_files(files_of(tmp_path, num_files), workers.site(tmp_path))
    wanted = merge_tallies(map(tally, range(num_files)))
    for got, expected in zip(found, wanted, strict=True):
        assert got.dtype == expected.dtype
        assert np.array_equal(got, expected)
    assert workers.sizes == waves


def test_what_was_merged_before_is_not_read_again(tmp_path: Path) -> None:
    files = files_of(tmp_path, MERGED_AT_ONCE + 1)
    first = merge_files(files, Waves().site(tmp_path))
    for path in files:
        path.unlink()
    again = merge_files(files, Waves().site(tmp_path))
    assert all(np.array_equal(*columns) for columns in zip(first, again, strict=True))


def test_keys_are_read_apart_from_the_tally(tmp_path: Path) -> None:
    keys = Keys(np.array([3, 3, 1], np.uint64), np.array([7, 8, 9], np.uint64))
    path = tmp_path / "counts"
    write_counts(path, tally(0), keys)
    assert [column.tolist() for column in read_keys(path)] == [[3, 3, 1], [7, 8, 9]]
    assert [column.tolist() for column in read_tally(path)] == [c.tolist() for c in tally(0)]
