"""One's own negatives: captions of finished shards, each beside one of its negatives.

What the shards were not trained on is asked: all splits but the one of training, or that one if
there is no other. If the negatives were drawn fairly, a reader of the texts alone stays near
chance.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from data.errors import UsageError
from data.images import ImageColumns, Store, open_images
from data.manifest import Manifest, read_manifest
from data.records import Row
from data.shards import read_rows
from data.storage import AnyPath
from data.streams import Stream
from training.evaluation.tasks import CAPTIONS, ImageRef, Item, Task

_MOST_ITEMS: Final = 1000
"""Of a kind: enough for an interval of three points."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What a run was trained on.

    Attributes:
        split: of the shards; None: "train" if there is one.
        columns: of parquet images.
    """

    split: str | None = None
    columns: ImageColumns = field(default_factory=ImageColumns)

    def split_of(self, manifest: Manifest) -> str | None:
        """Return the split that was trained on, None if it is unknown."""
        split = self.split or "train"
        return split if split in manifest.splits() else None


def open_shards(
    folder: Path, images: AnyPath | None, *, trained: Trained
) -> tuple[tuple[Task, ...], Store]:
    """Return a task for each kind of negative, such as "swap_att", and the images.

    Images are at a place, or drawn if they are of scenes.

    Raises:
        UsageError: the folder holds no finished shards, they have no negative of one image, there
            is no such place, or none was given and the shards are not of scenes.
    """
    manifest = read_manifest(folder)
    tasks = _tasks(folder, manifest, trained)
    return tasks, open_images(images, manifest=manifest, columns=trained.columns)


def _tasks(folder: Path, manifest: Manifest, trained: Trained) -> tuple[Task, ...]:
    """Return a task for each kind; composites are left out.

    Of each kind there are at most _MOST_ITEMS, the same for every model.
    """
    seen = trained.split_of(manifest)
    asked = [split for split in manifest.splits() if split != seen] or list(manifest.splits())
    heaps: dict[str, list[tuple[float, Item]]] = defaultdict(list)  # the largest draw first
    for shard in manifest.shards:
        for row in read_rows(folder / shard.file) if shard.split in asked else ():
            for name, item in _items_of(row):
                entry = (-Stream("evaluation", "shards", name, item.id).unit(), item)
                push = heapq.heappush if len(heaps[name]) < _MOST_ITEMS else heapq.heappushpop
                push(heaps[name], entry)
    if not heaps:
        raise UsageError(
            f"benchmark shards: {folder}: no negative of a single image in "
            f"{', '.join(asked)}; composites are not asked"
        )
    return tuple(
        Task(name=name, layout=CAPTIONS, items=tuple(item for _, item in sorted(heap)))
        for name, heap in sorted(heaps.items())
    )


def _items_of(row: Row) -> Iterator[tuple[str, Item]]:
    if len(row.images) == 1:
        for number, negative in enumerate(row.negatives):
            captions = (row.caption, negative.text)
            item = Item(f"{row.id}:{number}", (ImageRef(row.image),), captions)
            yield f"{negative.type}_{negative.subtype}", item
