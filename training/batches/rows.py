"""The rows of a finished folder by number; shards are memory-mapped and read on access."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from data.image_names import match_keys, missing
from data.images import Store
from data.manifest import Manifest, Shard, problems_of, read_manifest, to_json
from data.shard_folder import MappedShards
from data.texts import counted, nearest

Verify = Literal["quick", "full"]
OnMissing = Literal["error", "skip"]


class RowPlace(NamedTuple):
    """The place of a row: the number of its shard in the split, and its number in the shard."""

    shard: int
    row: int


class Names(NamedTuple):
    """A row's id, image keys and layout (data.records.LAYOUTS)."""

    id: str
    images: tuple[str, ...]
    layout: str


class Texts(NamedTuple):
    """A row's images and caption, and the text and type of each negative and positive."""

    caption: str
    negatives: tuple[str, ...]
    types: tuple[str, ...]
    positives: tuple[str, ...]
    positive_types: tuple[str, ...]
    images: tuple[str, ...]
    layout: str = "single"


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows of one split, numbered from 0.

    `digest` identifies the manifest, the split and the rows left out. `kept`: the place of each
    number among all rows of the split, None if no row is left out.
    """

    folder: Path
    manifest: Manifest
    split: str
    shards: tuple[Shard, ...]
    digest: str
    kept: NDArray[np.int64] | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return self._mapped.starts[-1] if self.kept is None else len(self.kept)

    def types(self) -> tuple[str, ...]:
        """Return the types of negatives in the manifest."""
        return tuple(self.num_of_type())

    def num_of_type(self) -> Mapping[str, int]:
        """Return the number of negatives of each type in the manifest, over all splits."""
        found: dict[str, int] = {}
        for name, count in self.manifest.tallies.get("negatives_by_type", {}).items():
            if count:
                type_ = name.partition("/")[0]
                found[type_] = found.get(type_, 0) + count
        return found

    def place(self, number: int) -> RowPlace:
        """Return the place of a row.

        Raises:
            IndexError: there is no such row.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"row {number} of {len(self)}")
        among_all = number if self.kept is None else int(self.kept[number])
        return RowPlace(*self._mapped.locate(among_all))

    def names(self, place: RowPlace) -> Names:
        """Return the id of a row, and its images."""
        for batch in self._mapped.batches(place.shard):
            if place.row < batch.num_rows:
                row_id, keys, layout = (
                    batch.column(name)[place.row].as_py() for name in ("id", "images", "layout")
                )
                return Names(row_id, tuple(keys) or ("",), layout)
            place = place._replace(row=place.row - batch.num_rows)
        raise UsageError(f"{self.shards[place.shard].file}: fewer rows than the manifest says")

    def texts(self, shard: int) -> Iterator[Texts]:
        """Yield the texts of a shard's rows, including those left out."""
        for batch in self._mapped.batches(shard):
            captions, images, layouts = (
                batch.column(name).to_pylist() for name in ("caption", "images", "layout")
            )
            negatives, positives = (_edited(batch.column(n)) for n in ("negatives", "positives"))
            for caption, keys, layout, (texts, types), (true, true_types) in zip(
                captions, images, layouts, negatives, positives, strict=True
            ):
                yield Texts(caption, texts, types, true, true_types, tuple(keys), layout)

    def images(self) -> Iterator[tuple[str, ...]]:
        """Yield the image keys of every row, including those left out; "" without an image."""
        for shard in range(len(self.shards)):
            for batch in self._mapped.batches(shard):
                for keys in batch.column("images").to_pylist():
                    yield tuple(keys) or ("",)

    def are_composites(self) -> NDArray[np.bool_]:
        """Tell for each row whether it has two images."""
        layouts = [
            layout
            for shard in range(len(self.shards))
            for batch in self._mapped.batches(shard)
            for layout in batch.column("layout").to_pylist()
        ]
        found = np.fromiter((each != "single" for each in layouts), np.bool_, len(layouts))
        return found if self.kept is None else found[self.kept]

    def images_beside(self) -> list[str]:
        """Return the image keys of the other splits, each once."""
        others = [
            open_rows(self.folder, split=s) for s in self.manifest.splits() if s != self.split
        ]
        return list(dict.fromkeys(key for rows in others for keys in rows.images() for key in keys))

    @cached_property
    def _mapped(self) -> MappedShards:
        return MappedShards(self.folder, self.shards)


def open_rows(folder: Path, *, split: str = "train", verify: Verify = "quick") -> Rows:
    """Return the rows of a split of a finished folder.

    `verify`: "quick" compares the sizes of all files with the manifest, "full" every byte and row.

    Raises:
        UsageError: the folder is not finished or damaged, or has no such split.
    """
    manifest = read_manifest(folder)
    if verify == "full":
        problems = list(problems_of(folder, manifest))
        if problems:
            found = counted(len(problems), "problem")
            raise UsageError(f"{folder}: {found}, the first: {problems[0]}")
    shards = tuple(shard for shard in manifest.shards if shard.split == split)
    if not shards:
        raise UsageError(f"{folder}: no split {split!r}; {nearest(split, manifest.splits())}")
    digest = _digest(to_json(manifest).encode(), split.encode())
    return Rows(folder=folder, manifest=manifest, split=split, shards=shards, digest=digest)


def with_images(rows: Rows, store: Store, *, on_missing: OnMissing = "error") -> tuple[Rows, Store]:
    """Return the rows whose image the store has, and the store under their image keys.

    With "skip" the others are left out, which changes the digest, so that ranks can compare theirs.

    Raises:
        UsageError: an image is missing and `on_missing` is "error", or all are missing.
    """
    keys = list(rows.images())
    distinct = list(dict.fromkeys(chain.from_iterable(keys)))
    absent = store.absent(distinct)
    if len(absent) == len(distinct):
        store = match_keys(store, distinct, beside=rows.images_beside())
        absent = store.absent(distinct)
    if not absent:
        return rows, store
    is_kept = np.fromiter((absent.isdisjoint(each) for each in keys), np.bool_, len(keys))
    kept = np.flatnonzero(is_kept)
    num_missing = len(keys) - len(kept)
    if on_missing == "error" or not len(kept):
        otherwise = ", or leave such captions out (--on-missing-image skip)" if len(kept) else ""
        if len(absent) == len(distinct) and rows.manifest.source.get("name") == "scenes":
            otherwise = ", or leave --images out: then scenes are drawn"
        raise UsageError(
            f"the images of {num_missing:,} of {len(keys):,} captions are missing: "
            f"{missing(store, distinct, absent, beside=rows.images_beside())}{otherwise}"
        )
    digest = _digest(rows.digest.encode(), kept.tobytes())
    return replace(rows, kept=kept, digest=digest), store


def num_left_out(rows: Rows) -> int:
    """Return the number of rows of the split that are left out."""
    return sum(shard.rows for shard in rows.shards) - len(rows)


def _edited(column: Any) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:  # noqa: ANN401 - Arrow is untyped
    """Yield the texts and types of each row of a column of negatives or positives."""
    texts = column.values.field("text").to_pylist()
    types = column.values.field("type").to_pylist()
    for start, end in pairwise(column.offsets.to_pylist()):
        yield tuple(texts[start:end]), tuple(types[start:end])


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()
