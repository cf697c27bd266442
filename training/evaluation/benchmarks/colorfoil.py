"""ColorFoil (Samin et al. 2024, arXiv 2405.11685): COCO captions with another colour.

The authors' notebook makes the captions when it runs, without a seed, and excludes four grey images
by index. This adapter reads its result: `json.dump(list(zip(img_list, cap_list, foil_list)),
open("colorfoil.json", "w"))` gives a list of [address, caption, foil]. Layout and count checked
against the notebook.
"""

from pathlib import Path
from typing import Final

from data.errors import UsageError
from training.evaluation.benchmarks.files import read_list
from training.evaluation.tasks import CAPTIONS, ImageRef, Item, Task

_GREY: Final = frozenset({550, 1164, 1752, 2236})


def colorfoil(root: Path) -> tuple[Task, ...]:
    """Return the one task.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    path = root / "colorfoil.json"
    items = []
    for place, row in enumerate(read_list(path)):
        match row:
            case [str() as url, str() as caption, str() as foil]:
                if place not in _GREY:
                    image = ImageRef("/".join(url.split("/")[-2:]))
                    items.append(Item(f"colorfoil:{place}", (image,), (caption, foil)))
            case _:
                raise UsageError(f"{path}: expected [address, caption, foil], found {row!r:.80}")
    return (Task(name="color", layout=CAPTIONS, items=tuple(items), expected=2507),)
