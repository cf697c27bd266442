"""COLA, its multi-object part (Ray et al. 2023, arXiv 2305.03689): attributes change their objects.

Rows, count and score checked against the authors' file and scorer: a row is right if each caption
prefers its own image, which is the image score here. Images are named by their number in Visual
Genome, the end of their address.
"""

from pathlib import Path

from data.errors import UsageError
from training.evaluation.benchmarks.files import read_list
from training.evaluation.tasks import ImageRef, Item, Task, group_tasks


def cola(root: Path) -> tuple[Task, ...]:
    """Return the scores of text, image and group.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    path = root / "COLA_multiobjects_matching_benchmark.json"
    items = []
    for place, row in enumerate(read_list(path)):
        match row:
            case [str() as first, str() as caption, str() as second, str() as other]:
                images = tuple(ImageRef(url.rpartition("/")[2]) for url in (first, second))
                items.append(Item(f"cola:{place}", images, (caption, other)))
            case _:
                raise UsageError(
                    f"{path}: expected [image, caption, image, caption], found {row!r:.80}"
                )
    return group_tasks("", tuple(items), expected=210)
