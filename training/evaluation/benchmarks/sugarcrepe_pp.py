"""SugarCrepe++ (Dumpala et al. 2024, arXiv 2406.11171): caption, paraphrase and false caption.

Image-to-text (ITT): both true captions score above the false one. Text only (TOT): the two true
ones are nearest to each other. Checked against the authors' files and their evaluation of texts.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from training.evaluation.benchmarks.files import field, records
from training.evaluation.tasks import PARAPHRASES, TEXT_ALONE, ImageRef, Item, Task

_EXPECTED: Final[Mapping[str, int]] = {
    "replace_att": 788,
    "replace_obj": 1652,
    "replace_rel": 1406,
    "swap_att": 666,
    "swap_obj": 245,
}
_CAPTIONS: Final = ("caption", "caption2", "negative_caption")


def sugarcrepe_pp(root: Path) -> tuple[Task, ...]:
    """Return two tasks for each kind of edit.

    Raises:
        UsageError: a file is missing or not as expected.
    """
    tasks: list[Task] = []
    for kind, expected in _EXPECTED.items():
        items = _items(root / f"{kind}.json")
        alone = tuple(item._replace(images=()) for item in items)
        tasks += [
            Task(name=f"{kind} ITT", layout=PARAPHRASES, items=items, expected=expected),
            Task(name=f"{kind} TOT", layout=TEXT_ALONE, items=alone, expected=expected),
        ]
    return tuple(tasks)


def _items(path: Path) -> tuple[Item, ...]:
    return tuple(
        Item(
            f"{path.stem}:{key}",
            (ImageRef(field(record, "filename", path=path)),),
            tuple(field(record, name, path=path) for name in _CAPTIONS),
        )
        for key, record in records(path)
    )
