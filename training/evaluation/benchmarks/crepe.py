"""CREPE, productivity (Ma et al. 2023, arXiv 2212.07796): a region, its caption and several edits.

Checked against the authors' loader: columns, crops, the caption first. There is one file for each
complexity; the score covers all together, and the counts are those of published results.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from training.evaluation.benchmarks.files import box, field, number, rows, texts
from training.evaluation.tasks import CAPTIONS, ImageRef, Item, Task

_EXPECTED: Final[Mapping[str, int]] = {"atom": 17698, "swap": 7405, "negate": 17303}
_COMPLEXITIES: Final = range(4, 13)
_BOX: Final = ("x", "y", "width", "height")


def crepe(root: Path) -> tuple[Task, ...]:
    """Return a task for each kind of edit.

    Raises:
        UsageError: a file is missing or not as expected.
    """
    return tuple(
        Task(name=kind, layout=CAPTIONS, items=_items(root, kind), expected=expected)
        for kind, expected in _EXPECTED.items()
    )


def _items(root: Path, kind: str) -> tuple[Item, ...]:
    names = [f"prod_vg_hard_negs_{kind}_complexity_{number}.csv" for number in _COMPLEXITIES]
    return tuple(
        Item(
            f"{path.stem}:{key}",
            (ImageRef(f"{number(row, 'image_id', path=path)}.jpg", box(row, _BOX, path=path)),),
            (field(row, "caption", path=path), *texts(row, "hard_negs", path=path)),
        )
        for path in (root / kind / name for name in names)
        for key, row in rows(path)
    )
