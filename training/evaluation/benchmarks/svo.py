"""SVO-Probes (Hendricks and Nematzadeh 2021, arXiv 2106.09141): a sentence and two images.

The images differ in subject, verb or object. Columns and the choice of rows (with only one kind of
difference) are those of the authors' notebook. Images must be downloaded from their addresses and
saved by id, as `123.jpg`; many no longer exist, so coverage is incomplete, and published figures
cover different remainders. The counts of the three kinds are not known here.
"""

from pathlib import Path
from typing import Final

from data.errors import UsageError
from training.evaluation.benchmarks.files import Record, field, number, rows
from training.evaluation.tasks import IMAGES, ImageRef, Item, Task

_KINDS: Final = ("subj_neg", "verb_neg", "obj_neg")
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}


def svo(root: Path) -> tuple[Task, ...]:
    """Return a task for each of subject, verb and object.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    path = root / "svo_probes.csv"
    items: dict[str, list[Item]] = {kind: [] for kind in _KINDS}
    for key, row in rows(path):
        kinds = [kind for kind in _KINDS if _truth(row, kind, path=path)]
        if len(kinds) == 1:
            ids = [number(row, f"{side}_image_id", path=path) for side in ("pos", "neg")]
            images = tuple(ImageRef(f"{each}.jpg") for each in ids)
            items[kinds[0]].append(Item(f"svo:{key}", images, (field(row, "sentence", path=path),)))
    return tuple(Task(name=kind, layout=IMAGES, items=tuple(items[kind])) for kind in _KINDS)


def _truth(row: Record, name: str, *, path: Path) -> bool:
    value = field(row, name, path=path)
    if value.lower() not in _TRUTHS:
        raise UsageError(f"{path}: expected True or False as {name!r}, found {value!r}")
    return _TRUTHS[value.lower()]
