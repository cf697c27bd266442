"""Winoground (Thrush et al. 2022, arXiv 2204.03162): two captions of the same words.

Fields and names of images checked against the loader in EqBen's toolkit, the count against
published results.
"""

from pathlib import Path

from training.evaluation.benchmarks.files import lines
from training.evaluation.benchmarks.pairs import paired_items
from training.evaluation.tasks import Task, group_tasks


def winoground(root: Path) -> tuple[Task, ...]:
    """Return the scores of text, image and group.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    path = root / "examples.jsonl"
    items = paired_items(lines(path), path=path, ends="01", suffix=".png")
    return group_tasks("", items, expected=400)
