"""SPEC (Peng et al. 2024, arXiv 2312.00081): size, position, existence and count.

The images are generated. There are two directions, from an image to captions and from a caption to
images; a model's figure is the mean of both. Checked against the authors' loader, the counts
against their published evaluation.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from training.evaluation.benchmarks.files import field, number, records, texts, true_first
from training.evaluation.tasks import CAPTIONS, IMAGES, ImageRef, Item, Task

_EXPECTED: Final[Mapping[str, int]] = {
    "absolute_size": 1500,
    "absolute_spatial": 4500,
    "count": 4500,
    "existence": 1000,
    "relative_size": 1500,
    "relative_spatial": 2000,
}


def spec(root: Path) -> tuple[Task, ...]:
    """Return two tasks for each folder.

    Raises:
        UsageError: a file is missing or not as expected.
    """
    return tuple(
        Task(
            name=f"{name} {direction}",
            layout=CAPTIONS if direction == "image2text" else IMAGES,
            items=_items(root / name / f"{direction}.json"),
            expected=expected,
        )
        for name, expected in _EXPECTED.items()
        for direction in ("image2text", "text2image")
    )


def _items(path: Path) -> tuple[Item, ...]:
    items = []
    for key, record in records(path):
        query = (field(record, "query", path=path),)
        options = texts(record, "keys", path=path)
        options = true_first(options, number(record, "label", path=path), path=path)
        names, captions = (query, options) if path.stem == "image2text" else (options, query)
        images = tuple(ImageRef(f"{path.parent.name}/{name}") for name in names)
        items.append(Item(f"{path.parent.name}:{path.stem}:{key}", images, captions))
    return tuple(items)
