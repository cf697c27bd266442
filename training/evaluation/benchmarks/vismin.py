"""VisMin (Awal et al. 2024, arXiv 2407.16772): images and captions that differ in one respect.

Columns, folders and scores checked against the authors' loader, the counts against their data card.
The data set on the hub has the same content as image_0, text_0, image_1 and text_1: save its images
below original_images/ and edited_images/, and its rows as these tables.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from training.evaluation.benchmarks.files import Record, field, rows
from training.evaluation.tasks import ImageRef, Item, Task, group_tasks

_EXPECTED: Final[Mapping[str, int]] = {
    "object": 579,
    "attribute": 294,
    "counting": 589,
    "relation": 622,
}
_FOLDERS: Final = {"image_path": "original_images", "edited_image_path": "edited_images"}


def vismin(root: Path) -> tuple[Task, ...]:
    """Return the scores of text, image and group for each kind of difference.

    Raises:
        UsageError: a file is missing or not as expected.
    """
    tasks: list[Task] = []
    for name, expected in _EXPECTED.items():
        path = root / f"{name}.csv"
        items = tuple(_item(f"{name}:{key}", row, path) for key, row in rows(path))
        tasks += group_tasks(name, items, expected=expected)
    return tuple(tasks)


def _item(name: str, row: Record, path: Path) -> Item:
    images = tuple(
        ImageRef(f"{folder}/{field(row, column, path=path).lstrip('/')}")
        for column, folder in _FOLDERS.items()
    )
    captions = tuple(field(row, column, path=path) for column in ("caption", "edited_caption"))
    return Item(name, images, captions)
