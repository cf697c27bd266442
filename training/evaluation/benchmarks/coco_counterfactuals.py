"""COCO-Counterfactuals (Le et al. 2023, arXiv 2309.14356): captions that differ by a noun.

The images are generated. Fields checked against the authors' loader, the count against the paper of
FSC-CLIP (2410.05210), which retrieves among 30 % of the pairs, 10,446 images, drawn in a way it
does not state. Ours are a different sample of that size, drawn by the ids alone.
"""

import hashlib
from pathlib import Path
from typing import Final

from training.evaluation.benchmarks.files import lines
from training.evaluation.benchmarks.pairs import paired_items
from training.evaluation.tasks import Retrieval, Task, group_tasks

_NUM_PAIRS: Final = 17410
_SHARE_RETRIEVED: Final = 0.3


def coco_counterfactuals(root: Path) -> tuple[Task | Retrieval, ...]:
    """Return the scores of text, image and group, and retrieval among a sample.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    path = root / "examples.jsonl"
    items = paired_items(lines(path), path=path, ends="01", suffix=".jpg")
    drawn = sorted(items, key=lambda item: hashlib.sha256(item.id.encode()).digest())
    drawn = drawn[: round(_SHARE_RETRIEVED * len(items))]
    images = tuple(image for item in drawn for image in item.images)
    retrieval = Retrieval(
        name="retrieval",
        images=images,
        captions=tuple(caption for item in drawn for caption in item.captions),
        owner=tuple(range(len(images))),
        expected=2 * round(_SHARE_RETRIEVED * _NUM_PAIRS),
    )
    return *group_tasks("", items, expected=_NUM_PAIRS), retrieval
