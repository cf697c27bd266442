"""What blocks of captions add to the counts of a corpus: its files, and their merging as a tree.

A file holds the keys of its captions, which tell their folds, and then a tally. Whole numbers sum
to the same in any order, so a tree of merges gives the bytes that one merge of all gives.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data.commit import Unit, attempt_path, commit, finished
from data.disk import writing_whole
from negatives.fluency.counts import Tally, merged
from negatives.fluency.folds import Keys

MERGED_AT_ONCE = 8  # files a task, which holds them all

Collect = Callable[[Callable[[Any], Unit], Iterable[Any]], Mapping[str, Unit]]
"""Runs a function over tasks and returns their units by name."""

_NO_KEYS = Keys(np.zeros(0, np.uint64), np.zeros(0, np.uint64))


class MergeTask(NamedTuple):
    """Files of counts, to be summed into one in `folder`."""

    counts: tuple[Path, ...]
    folder: Path
    name: str


def write_counts(path: Path, tally: Tally, keys: Keys = _NO_KEYS) -> None:
    """Write a tally behind the keys of the captions that it counts, if they are still asked for."""
    save_arrays(path, (*keys, *tally))


def read_keys(path: Path) -> Keys:
    """Return the keys of a block's captions; the tally behind them is not read."""
    return Keys(*load_arrays(path, len(Keys._fields)))


def read_tally(path: Path) -> Tally:
    """Return the tally of a file."""
    return Tally(*load_arrays(path, len(Keys._fields) + len(Tally._fields))[len(Keys._fields) :])


def merge_block(task: MergeTask) -> Unit:
    """Write the sum of tallies, or return it if that was done before."""
    unit = finished(task.folder, task.name)
    if unit is not None:
        return unit
    path = attempt_path(task.folder, task.name, "counts")
    write_counts(path, merged(map(read_tally, task.counts)))
    return commit(task.folder, task.name, {"counts": path}, {"rows": 0})  # captions: none anew


def merged_files(files: Sequence[Path], folder: Path, collect: Collect) -> Tally:
    """Return the sum of the tallies in files, merged by workers in waves until one is left."""
    left = list(files)
    wave = 0
    while len(left) > 1:
        groups = (left[i : i + MERGED_AT_ONCE] for i in range(0, len(left), MERGED_AT_ONCE))
        tasks = [
            MergeTask(tuple(group), folder, f"{wave}-{number:06d}")
            for number, group in enumerate(groups)
        ]
        units = collect(merge_block, tasks)
        left = [folder / units[task.name].files["counts"].file for task in tasks]
        wave += 1
    return read_tally(left[0])


def save_arrays(path: Path, arrays: Iterable[np.ndarray[Any, Any]]) -> None:
    """Write arrays into a file, one behind the other."""
    with writing_whole(path), path.open("wb") as file:
        for array in arrays:
            np.save(file, array, allow_pickle=False)


def load_arrays(path: Path, number: int) -> list[np.ndarray[Any, Any]]:
    """Return the first arrays of a file."""
    with path.open("rb") as file:
        return [np.load(file, allow_pickle=False) for _ in range(number)]
