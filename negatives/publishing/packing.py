"""Packing shards into parquet files: in order, by split, with a limited number of files."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from data.errors import UsageError
from data.manifest import Shard
from data.published import split_name

MOST_FILES: Final = 256


class Pack(NamedTuple):
    """A parquet file: its name without folder, and the shards whose rows it holds."""

    file: str
    split: str
    shards: tuple[Shard, ...]


def packs_of(shards: Sequence[Shard], *, most: int = MOST_FILES) -> list[Pack]:
    """Return the files for these shards, one shard each, or several if there are too many.

    Raises:
        UsageError: two splits would have the same name, or there are more splits than files.
    """
    splits = tuple(dict.fromkeys(shard.split for shard in shards))
    if len(splits) > most:
        raise UsageError(
            f"expected at most {most} splits, found {len(splits)}; build fewer at a time "
            "(data.source.only_splits, or data.source.split for one name)"
        )
    names = {split: split_name(split) for split in splits}
    if len(set(names.values())) < len(names):
        raise UsageError(
            f"splits {', '.join(splits)}: two have the same name in letters, digits and _; "
            "build them in separate folders (data.source.only_splits)"
        )
    packs: list[Pack] = []
    for split in splits:
        own = [shard for shard in shards if shard.split == split]
        others = len(splits) - 1
        share = (
            len(own) * (most - others) // len(shards)
        )  # rounded down, so that the sum stays below `most`
        number = len(own) if len(shards) <= most else max(1, share)
        bounds = [len(own) * i // number for i in range(number + 1)]
        for i, (start, end) in enumerate(pairwise(bounds)):
            file = f"{names[split]}-{i:05d}-of-{number:05d}.parquet"
            packs.append(Pack(file, split, tuple(own[start:end])))
    return packs
