"""One's own negatives: captions of finished shards, each beside one of its negatives.

What the shards were not trained on is asked: all splits but "train", or "train" if there is no
other. Negatives drawn fairly make a test that no reader of texts alone can pass.
"""

from collections import defaultdict
from pathlib import Path
from typing import Final

from data.images import Store, open_images
from data.manifest import read_manifest
from data.records import Row
from data.shards import read_rows
from data.storage import AnyPath
from data.streams import Stream
from training.evaluation.tasks import CAPTIONS, ImageRef, Item, Task

_MOST_ITEMS: Final = 1000
"""Of a kind: enough for an interval of three points."""
_TRAIN: Final = "train"


def shards_tasks(folder: Path) -> tuple[Task, ...]:
    """Return a task for each kind of negative, such as "swap_att"; composites are left out.

    Raises:
        UsageError: the folder holds no finished shards.
    """
    manifest = read_manifest(folder)
    asked = [split for split in manifest.splits() if split != _TRAIN] or [_TRAIN]
    items: dict[str, list[Item]] = defaultdict(list)
    for shard in manifest.shards:
        if shard.split in asked:
            for row in read_rows(folder / shard.file):
                for name, item in _items_of(row):
                    items[name].append(item)
    return tuple(
        Task(name=name, layout=CAPTIONS, items=_drawn(name, items[name])) for name in sorted(items)
    )


def shards_store(folder: Path, images: AnyPath | None) -> Store:
    """Return the images of shards: at a place, or those of scenes, which are drawn.

    Raises:
        UsageError: there is no such place, or none was given and the shards are not of scenes.
    """
    return open_images(images, manifest=read_manifest(folder))


def _items_of(row: Row) -> list[tuple[str, Item]]:
    if len(row.images) != 1:
        return []
    return [
        (
            f"{negative.type}_{negative.subtype}",
            Item(f"{row.id}:{number}", (ImageRef(row.image),), (row.caption, negative.text)),
        )
        for number, negative in enumerate(row.negatives)
    ]


def _drawn(name: str, items: list[Item]) -> tuple[Item, ...]:
    """Return at most _MOST_ITEMS, the same for every model, in the order of the shards."""
    if len(items) <= _MOST_ITEMS:
        return tuple(items)
    places = Stream("evaluation", "shards", name).shuffled(range(len(items)))[:_MOST_ITEMS]
    return tuple(items[place] for place in sorted(places))
