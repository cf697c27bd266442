"""Files with the counts of blocks of captions, and merging them as a tree.

A file holds the keys of its captions, which determine their folds, and then a tally. Integers sum
to the same in any order, so a tree of merges gives the same bytes as one merge of all.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.disk import writing_whole
from data.records import Caption
from data.storage import AnyPath
from negatives.building.stage import NewFile, NoCaptions, Site, Stage, Task, run_stage
from negatives.exclusion.counting import tally_siblings
from negatives.exclusion.mentions import mentions_of, numbering
from negatives.fluency.captions import index_caption
from negatives.fluency.counting import tally_block
from negatives.fluency.counts import NOTHING, Folds, Tally, merge_tallies
from negatives.fluency.folds import Keys, keys_of, own_folds
from negatives.parse import Parse
from negatives.scorers import words

MERGED_AT_ONCE = 8  # files per task, which holds them all in memory

_NO_KEYS = Keys(np.zeros(0, np.uint64), np.zeros(0, np.uint64))


def count_block(path: Path, captions: Sequence[Caption], parses: Sequence[Parse]) -> None:
    """Write a block's counts, each caption in the fold given by its image's hash."""
    keys = keys_of(captions)
    folds = own_folds(keys.images)
    views = [index_caption(parse, words()) for parse in parses]
    tallies = [tally_block(views, folds.tolist(), words()), count_siblings(parses, keys, folds)]
    write_counts(path, merge_tallies(tallies), keys)


def count_siblings(parses: Sequence[Parse], keys: Keys, folds: Folds) -> Tally:
    """Return the tally of captions next to their siblings, with given folds."""
    _, image_of, sizes = np.unique(keys.images, return_inverse=True, return_counts=True)
    if sizes.max(initial=0) < 2:
        return NOTHING
    mentions = [mentions_of(parse, numbering()) for parse in parses]
    return tally_siblings(mentions, image_of.tolist(), folds.tolist(), numbering())


def write_counts(path: Path, tally: Tally, keys: Keys = _NO_KEYS) -> None:
    """Write a tally after the keys of the captions that it counts, if they are still needed."""
    save_arrays(path, (*keys, *tally))


def read_keys(path: AnyPath) -> Keys:
    """Return the keys of a block's captions, without reading the tally after them."""
    return Keys(*load_arrays(path, len(Keys._fields)))


def read_tally(path: AnyPath) -> Tally:
    """Return the tally of a file."""
    return Tally(*load_arrays(path, len(Keys._fields) + len(Tally._fields))[len(Keys._fields) :])


def merge_block(files: Sequence[AnyPath], new_file: NewFile) -> NoCaptions:
    """Write the sum of the tallies in files."""
    write_counts(new_file("counts"), merge_tallies(map(read_tally, files)))
    return NoCaptions()


def merge_files(files: Sequence[AnyPath], site: Site) -> Tally:
    """Return the sum of the tallies in files, merged by workers in rounds until one is left."""
    left = list(files)
    wave = 0
    while len(left) > 1:
        groups = (left[i : i + MERGED_AT_ONCE] for i in range(0, len(left), MERGED_AT_ONCE))
        tasks = [Task(f"{wave}-{number:06d}", tuple(group)) for number, group in enumerate(groups)]
        stage = Stage(name="merge", tasks=tasks, work=merge_block, stats=NoCaptions)
        left = [done.path("counts") for done in run_stage(stage, site).values()]
        wave += 1
    return read_tally(left[0])


def save_arrays(path: Path, arrays: Iterable[np.ndarray[Any, Any]]) -> None:
    """Write arrays into a file, one after another."""
    with writing_whole(path), path.open("wb") as file:
        for array in arrays:
            np.save(file, array, allow_pickle=False)


def load_arrays(path: AnyPath, number: int) -> list[np.ndarray[Any, Any]]:
    """Return the first arrays of a file."""
    with path.open("rb") as file:
        return [np.load(file, allow_pickle=False) for _ in range(number)]
