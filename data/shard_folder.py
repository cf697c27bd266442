"""A finished folder of shards as a sequence of rows: the Python interface for readers.

    shards = open_shards("out")
    shards[0].caption, [negative.text for negative in shards[0].negatives]

Shards are memory-mapped: a row is read on access.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, overload

from data.errors import UsageError
from data.manifest import Manifest, Shard, read_manifest
from data.pulling import local_folder
from data.records import Row
from data.schema import ROW_SCHEMA, rows_of_batch
from data.shards import map_batches
from data.texts import nearest


class MappedShards:
    """The record batches of shards by number; each file is memory-mapped on first access."""

    def __init__(self, folder: Path, shards: Sequence[Shard]) -> None:
        """Start with no file mapped."""
        self._paths = [folder / shard.file for shard in shards]
        self.starts = list(accumulate((shard.rows for shard in shards), initial=0))
        self._mapped: dict[int, list[Any]] = {}

    def locate(self, number: int) -> tuple[int, int]:
        """Return the shard of a row, numbered across all shards, and its index in that shard."""
        shard = bisect_right(self.starts, number) - 1
        return shard, number - self.starts[shard]

    def batches(self, shard: int) -> list[Any]:
        """Return the Arrow record batches of a shard.

        Raises:
            UsageError: it cannot be read.
        """
        if shard not in self._mapped:
            self._mapped[shard] = list(map_batches(self._paths[shard], schema=ROW_SCHEMA))
        return self._mapped[shard]

    def __getstate__(self) -> dict[str, object]:
        """Drop mapped memory when pickled: another process maps the files itself."""
        return {**vars(self), "_mapped": {}}


@dataclass(frozen=True, kw_only=True)
class Shards(Sequence[Row]):
    """The rows of a folder, or of one of its splits, in order.

    `manifest` says how they were made. `shards`: the files with the rows.
    """

    folder: Path
    manifest: Manifest
    shards: tuple[Shard, ...]

    def __repr__(self) -> str:
        """Return the folder, the splits and the number of rows, without the manifest."""
        splits = ", ".join(dict.fromkeys(shard.split for shard in self.shards))
        return f"Shards({str(self.folder)!r}, splits: {splits}, {len(self):,} rows)"

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._mapped_shards.starts[-1]

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        """Return the row at an index, from the end if negative, or the rows of a slice.

        Raises:
            IndexError: there is no such row.
            UsageError: the shard cannot be read.
        """
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        shard, offset = self._mapped_shards.locate(number)
        for batch in self._mapped_shards.batches(shard):
            if offset < batch.num_rows:
                return next(rows_of_batch(batch.slice(offset, 1)))
            offset -= batch.num_rows
        raise UsageError(f"{self.shards[shard].file}: fewer rows than the manifest states")

    def __iter__(self) -> Iterator[Row]:
        """Yield all rows, a record batch at a time.

        Raises:
            UsageError: a shard cannot be read.
        """
        for shard in range(len(self.shards)):
            for batch in self._mapped_shards.batches(shard):
                yield from rows_of_batch(batch)

    @cached_property
    def _mapped_shards(self) -> MappedShards:
        return MappedShards(self.folder, self.shards)


def open_shards(folder: Path | str, *, split: str | None = None) -> Shards:
    """Return the rows of a finished folder of shards.

    `folder`: a path, or a URL (`s3://bucket/folder`, `hf://datasets/user/name[@revision]`), which
    is downloaded once into the user's cache. `split`: one of its splits, None for all.

    Raises:
        UsageError: the folder is not finished, or has no such split.
    """
    here = local_folder(folder)
    manifest = read_manifest(here)
    splits = manifest.splits()
    if split is not None and split not in splits:
        raise UsageError(f"{folder}: no split {split!r}; {nearest(split, splits)}")
    shards = tuple(each for each in manifest.shards if split in {None, each.split})
    return Shards(folder=here, manifest=manifest, shards=shards)
