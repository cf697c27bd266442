"""Hard Positives (Kamath et al. 2024, arXiv 2409.17958): a second true caption with the false one.

Three scores for each kind: the caption above the false one (original), the hard positive above it
(positive), and both (augmented). Brittleness is the share of items whose false caption scores
between the two: original + positive - 2 augmented, in the summary of a run. Fields, crops and
scores were checked against the authors' loaders and script, `replace` against their files. The file
of `swap` is ARO's; its count is what `replace` leaves of the paper's 112,382 captions, two per
item.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from data.errors import UsageError
from training.evaluation.benchmarks.files import Record, box, field, records
from training.evaluation.tasks import CAPTIONS, PARAPHRASES, ImageRef, Item, Task

_FILES: Final[Mapping[str, tuple[str, int]]] = {
    "swap": ("visual_genome_attribution.json", 28748),
    "replace_att": ("vl_checklist_attributes.json", 10575),
    "replace_rel": ("vl_checklist_relations.json", 16868),
}
_BOX: Final = ("bbox_x", "bbox_y", "bbox_w", "bbox_h")


def hard_positives(root: Path) -> tuple[Task, ...]:
    """Return the three scores of each kind.

    Raises:
        UsageError: a file is missing or not as expected.
    """
    tasks: list[Task] = []
    for kind, (file, expected) in _FILES.items():
        items = _items(root, file)
        for name, layout, kept in (
            ("original", CAPTIONS, (0, 2)),
            ("positive", CAPTIONS, (1, 2)),
            ("augmented", PARAPHRASES, (0, 1, 2)),
        ):
            own = tuple(i._replace(captions=tuple(i.captions[k] for k in kept)) for i in items)
            tasks.append(Task(name=f"{kind} {name}", layout=layout, items=own, expected=expected))
    return tuple(tasks)


def _items(root: Path, file: str) -> tuple[Item, ...]:
    path, counterpart = root / "data" / file, root / "swapped_data" / file
    originals, positives = records(path), records(counterpart)
    items = []
    for (key, first), (_, second) in zip(originals, positives, strict=False):
        false = field(first, "false_caption", path=path)
        if false != field(second, "false_caption", path=counterpart):
            raise UsageError(f"{counterpart}: expected the false captions of {path}, in its order")
        captions = (
            field(first, "true_caption", path=path),
            field(second, "true_caption", path=counterpart),
            false,
        )
        items.append(Item(f"{path.stem}:{key}", (_image(first, path),), captions))
    if len(originals) != len(positives):
        raise UsageError(f"{counterpart}: expected as many records as {path} has")
    return tuple(items)


def _image(record: Record, path: Path) -> ImageRef:
    name = field(record, "image_path", path=path)
    cropped = _BOX[0] in record
    return ImageRef(name, box(record, _BOX, path=path) if cropped else None)
