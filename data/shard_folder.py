"""A finished folder of shards as a sequence of rows, for other people's Python.

    shards = open_shards("out")
    shards[0].caption, [negative.text for negative in shards[0].negatives]

Shards stay mapped on disk: a row is read when it is asked for.
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


@dataclass(frozen=True, kw_only=True)
class Shards(Sequence[Row]):
    """The rows of a folder, or of one of its splits, in their order.

    `manifest` says how they were made. `shards`: the files that the rows are in.
    """

    folder: Path
    manifest: Manifest
    shards: tuple[Shard, ...]

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        """Return the row at an index, counted from the end if it is negative, or rows of a slice.

        Raises:
            IndexError: there is no such row.
            UsageError: the shard cannot be read.
        """
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = index + len(self) if index < 0 else index
        if not 0 <= number < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        shard = bisect_right(self._starts, number) - 1
        place = number - self._starts[shard]
        for batch in self._batches(shard):
            if place < batch.num_rows:
                return next(rows_of_batch(batch.slice(place, 1)))
            place -= batch.num_rows
        raise UsageError(f"{self.shards[shard].file}: fewer rows than the manifest says")

    def __iter__(self) -> Iterator[Row]:
        """Yield all rows, a record batch at a time.

        Raises:
            UsageError: a shard cannot be read.
        """
        for shard in range(len(self.shards)):
            for batch in self._batches(shard):
                yield from rows_of_batch(batch)

    @cached_property
    def _starts(self) -> list[int]:
        """Give the number of rows before each shard; at the end that of all."""
        return list(accumulate((shard.rows for shard in self.shards), initial=0))

    @cached_property
    def _mapped(self) -> dict[int, list[Any]]:
        return {}

    def _batches(self, shard: int) -> list[Any]:
        """Return the Arrow record batches of a shard, mapped when first asked for."""
        if shard not in self._mapped:
            path = self.folder / self.shards[shard].file
            self._mapped[shard] = list(map_batches(path, schema=ROW_SCHEMA))
        return self._mapped[shard]

    def __getstate__(self) -> dict[str, object]:
        """Leave mapped memory out: another process maps the files anew."""
        return {name: value for name, value in vars(self).items() if name != "_mapped"}


def open_shards(folder: Path | str, *, split: str | None = None) -> Shards:
    """Return the rows of a finished folder of shards.

    `folder`: a path, or a URL (`s3://bucket/folder`, `hf://datasets/user/name[@revision]`), which
    is fetched once into the user's cache. `split`: one of its splits, None for all.

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
