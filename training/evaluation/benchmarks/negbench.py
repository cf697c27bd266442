"""NegBench (Alhamoud et al. 2025, arXiv 2501.09425): negation in choices of four and in queries.

Images only, without videos and X-rays. Columns and scores checked against the authors' loader; the
numbers of choices are the denominators of their published shares (that of the synthetic ones is not
known here). Their figure for retrieval is R@5.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from training.evaluation.benchmarks.files import field, number, rows, texts, true_first
from training.evaluation.tasks import CAPTIONS, ImageRef, Item, Retrieval, Task

_CHOICES: Final[Mapping[str, tuple[str, int | None]]] = {
    "coco_mcq": ("COCO_val_mcq_llama3.1_rephrased.csv", 5914),
    "voc2007_mcq": ("VOC2007_mcq_llama3.1_rephrased.csv", 5031),
    "synthetic_mcq": ("synthetic_mcq_llama3.1_rephrased.csv", None),
}
_RETRIEVALS: Final = {
    "coco_retrieval": "COCO_val_retrieval.csv",
    "coco_negated_retrieval": "COCO_val_negated_retrieval_llama3.1_rephrased_affneg_true.csv",
}
_NUM_OPTIONS: Final = 4


def negbench(root: Path) -> tuple[Task | Retrieval, ...]:
    """Return a task for each file.

    Raises:
        UsageError: a file is missing or not as expected.
    """
    choices = [_choices(name, root / file, expected) for name, (file, expected) in _CHOICES.items()]
    retrievals = [_retrieval(name, root / file) for name, file in _RETRIEVALS.items()]
    return *choices, *retrievals


def _choices(name: str, path: Path, expected: int | None) -> Task:
    items = []
    for key, row in rows(path):
        options = [field(row, f"caption_{place}", path=path) for place in range(_NUM_OPTIONS)]
        captions = true_first(options, number(row, "correct_answer", path=path), path=path)
        items.append(
            Item(f"{name}:{key}", (ImageRef(field(row, "image_path", path=path)),), captions)
        )
    return Task(name=name, layout=CAPTIONS, items=tuple(items), expected=expected)


def _retrieval(name: str, path: Path) -> Retrieval:
    images: list[ImageRef] = []
    captions: list[str] = []
    owner: list[int] = []
    for place, (_, row) in enumerate(rows(path)):
        own = texts(row, "captions", path=path)
        images.append(ImageRef(field(row, "filepath", path=path)))
        captions += own
        owner += [place] * len(own)
    return Retrieval(name=name, images=tuple(images), captions=tuple(captions), owner=tuple(owner))
