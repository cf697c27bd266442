"""NegRefCOCOg (Park et al. 2025, arXiv 2501.10913): a phrase with a negation and two regions.

Fields, count and score checked against the authors' file and script, which crops the regions.
"""

from pathlib import Path
from typing import Any

from data.errors import UsageError
from training.evaluation.benchmarks.files import field, records
from training.evaluation.tasks import IMAGES, ImageRef, Item, Task


def negrefcocog(root: Path) -> tuple[Task, ...]:
    """Return the one task.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    path = root / "NegRefCOCOg.json"
    items = []
    for key, record in records(path):
        boxes, true = record.get("bbox_list"), record.get("ref_bbox")
        if not isinstance(boxes, list) or true not in boxes:
            raise UsageError(f"{path}: expected 'ref_bbox' in 'bbox_list', found {true!r:.80}")
        image = field(record, "image", path=path)
        others = (box for box in boxes if box != true)
        regions = tuple(_region(image, box, path) for box in (true, *others))
        items.append(Item(f"negrefcocog:{key}", regions, (field(record, "phrase", path=path),)))
    return (Task(name="regions", layout=IMAGES, items=tuple(items), expected=440),)


def _region(image: str, box: Any, path: Path) -> ImageRef:  # noqa: ANN401 - what the file has
    match box:
        case [int() | float(), int() | float(), int() | float(), int() | float()]:
            left, top, width, height = box
            sides = (left, top, left + width, top + height)
            first, second, third, fourth = (round(side) for side in sides)  # as PIL's crop does
            return ImageRef(image, (first, second, third, fourth))
    raise UsageError(f"{path}: expected boxes of four numbers, found {box!r:.80}")
