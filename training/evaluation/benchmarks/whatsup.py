"""What's Up (Kamath et al. 2023, EMNLP): prepositions, in three sorts of images.

These are photographs taken for the benchmark, images of COCO, and images of Visual Genome (GQA).
Checked against the authors' loader; the counts are those of their paper.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from data.errors import UsageError
from training.evaluation.benchmarks.files import field, read_list, records, texts
from training.evaluation.tasks import CAPTIONS, ImageRef, Item, Task

_CONTROLLED: Final[Mapping[str, tuple[str, int]]] = {
    "controlled_a": ("controlled_images_dataset.json", 412),
    "controlled_b": ("controlled_clevr_dataset.json", 408),
}
_ANSWERS: Final[Mapping[str, tuple[str, int]]] = {
    "coco_qa_one_obj": ("val2017/{:0>12}.jpg", 2247),
    "coco_qa_two_obj": ("val2017/{:0>12}.jpg", 440),
    "vg_qa_one_obj": ("vg_images/{}.jpg", 1160),
    "vg_qa_two_obj": ("vg_images/{}.jpg", 291),
}


def whatsup(root: Path) -> tuple[Task, ...]:
    """Return a task for each file.

    Raises:
        UsageError: a file is missing or not as expected.
    """
    controlled = tuple(
        Task(name=name, layout=CAPTIONS, items=_photographs(root / file), expected=expected)
        for name, (file, expected) in _CONTROLLED.items()
    )
    answers = tuple(
        Task(
            name=name,
            layout=CAPTIONS,
            items=_answers(root / f"{name}.json", image),
            expected=expected,
        )
        for name, (image, expected) in _ANSWERS.items()
    )
    return controlled + answers


def _photographs(path: Path) -> tuple[Item, ...]:
    return tuple(
        Item(
            f"{path.stem}:{key}",
            (ImageRef(field(record, "image_path", path=path)),),
            texts(record, "caption_options", path=path),
        )
        for key, record in records(path)
    )


def _answers(path: Path, name: str) -> tuple[Item, ...]:
    items = []
    for number, row in enumerate(read_list(path)):
        match row:
            case [int() | str() as image, str() as true, str() as false]:
                key = ImageRef(name.format(image))
                items.append(Item(f"{path.stem}:{number}", (key,), (true, false)))
            case _:
                raise UsageError(
                    f"{path}: expected [image, true caption, false caption], found {row!r}"
                )
    return tuple(items)
