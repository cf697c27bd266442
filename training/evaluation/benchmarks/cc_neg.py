"""CC-Neg (Singh et al. 2025, arXiv 2403.20312): captions of CC3M, each with a part negated.

Checked against the authors' loader: fields, the last 40,000 samples, and commas removed from the
negated captions (they would give these away). The file is a torch file, read without running any
code in it.
"""

from pathlib import Path
from typing import Any, Final

from data.errors import UsageError
from training.evaluation.benchmarks.files import field
from training.evaluation.tasks import CAPTIONS, ImageRef, Item, Task
from training.model.weights import content_of

_NUM_SAMPLES: Final = 40_000
_FORM: Final = "expected lists 'image_paths' and 'annotations' of one length"


def cc_neg(root: Path) -> tuple[Task, ...]:
    """Return the one task.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    path = root / "ccneg_preprocessed.pt"
    if not path.is_file():
        raise UsageError(f"{path}: expected a file of the benchmark, found none")
    match content_of(path):
        case {"image_paths": list() as images, "annotations": list() as samples} if (
            0 < len(images) == len(samples)
        ):
            last = list(enumerate(zip(images, samples, strict=True)))[-_NUM_SAMPLES:]
            items = tuple(_item(place, *each, path=path) for place, each in last)
        case _:
            raise UsageError(f"{path}: {_FORM}")
    return (Task(name="negation", layout=CAPTIONS, items=items, expected=_NUM_SAMPLES),)


def _item(place: int, image: object, sample: Any, *, path: Path) -> Item:  # noqa: ANN401 - theirs
    match sample:
        case {"json": dict() as true, "sop_data": dict() as false} if isinstance(image, str):
            negated = field(false, "negative-prompt", path=path).replace(",", "")
            captions = (field(true, "caption", path=path), negated)
            return Item(f"cc_neg:{place}", (ImageRef(image),), captions)
    raise UsageError(f"{path}: expected 'json' and 'sop_data' in each sample, found {sample!r:.80}")
