"""SugarCrepe (Hsieh et al. 2023, arXiv 2306.14610): COCO captions and seven kinds of edits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from training.evaluation.benchmarks.files import field, records
from training.evaluation.tasks import CAPTIONS, ImageRef, Item, Task

_EXPECTED: Final[Mapping[str, int]] = {
    "add_att": 692,
    "add_obj": 2062,
    "replace_att": 788,
    "replace_obj": 1652,
    "replace_rel": 1406,
    "swap_att": 666,
    "swap_obj": 245,
}


def sugarcrepe(root: Path) -> tuple[Task, ...]:
    """Return a task for each kind of edit.

    Raises:
        UsageError: a file is missing or not as expected.
    """
    return tuple(_task(root / f"{name}.json", expected) for name, expected in _EXPECTED.items())


def _task(path: Path, expected: int) -> Task:
    items = tuple(
        Item(
            f"{path.stem}:{key}",
            (ImageRef(field(record, "filename", path=path)),),
            (
                field(record, "caption", path=path),
                field(record, "negative_caption", path=path),
            ),
        )
        for key, record in records(path)
    )
    return Task(name=path.stem, layout=CAPTIONS, items=items, expected=expected)
