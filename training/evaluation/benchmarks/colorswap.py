"""ColorSwap (Burapacheep et al. 2024, arXiv 2402.04492): two captions whose colours are swapped.

Fields checked against the authors' example, the count of the test set against published results.
"""

from pathlib import Path

from training.evaluation.benchmarks.files import records
from training.evaluation.benchmarks.pairs import paired_items
from training.evaluation.tasks import Task, group_tasks


def colorswap(root: Path) -> tuple[Task, ...]:
    """Return the scores of text, image and group on the test set.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    path = root / "test.json"
    items = paired_items(records(path), path=path, ends="12", suffix="")
    return group_tasks("", items, expected=300)
