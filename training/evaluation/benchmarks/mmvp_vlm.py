"""MMVP-VLM (Tong et al. 2024, arXiv 2401.06209): pairs of images that CLIP confuses, nine patterns.

Columns, prompt, folders of images, score and counts checked against the authors' script: each two
consecutive rows are a pair, which is right if each statement prefers its own image (the image score
here). Columns are taken by position, as in the script.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from data.errors import UsageError
from training.evaluation.benchmarks.files import Record, field, number, rows
from training.evaluation.tasks import ImageRef, Item, Task, group_tasks

_EXPECTED: Final = 15
"""Pairs of each pattern."""


def mmvp_vlm(root: Path) -> tuple[Task, ...]:
    """Return the scores of text, image and group for each pattern.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    path = root / "Questions.csv"
    found: dict[str, list[Item]] = {}
    read = [row for _, row in rows(path)]
    for place in range(0, len(read), 2):
        pattern, item = _item(read[place : place + 2], path)
        found.setdefault(pattern, []).append(item)
    return tuple(
        task
        for pattern, items in found.items()
        for task in group_tasks(pattern, tuple(items), expected=_EXPECTED)
    )


def _item(pair: Sequence[Record], path: Path) -> tuple[str, Item]:
    columns = list(pair[0])
    if len(columns) != 3 or len(pair) != 2:
        raise UsageError(f"{path}: expected pairs of number, pattern and statement, found {pair!r}")
    ids = [number(row, columns[0], path=path) for row in pair]
    patterns = [field(row, columns[1], path=path) for row in pair]
    images = (ImageRef(f"{name}/{each}.jpg") for name, each in zip(patterns, ids, strict=True))
    captions = (f"a photo of {field(row, columns[2], path=path)}" for row in pair)
    return patterns[0], Item(f"mmvp:{ids[0]}", tuple(images), tuple(captions))
