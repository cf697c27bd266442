"""ImageCoDe (Krojer et al. 2022, arXiv 2203.15867): one of ten similar images by a description.

Checked against the authors' file and loader: the images of a set are numbered in the order of their
frames, which the annotations lack, so their folders must be beside the file or in `image-sets`.
This is the validation set, since the labels of the test set are not published.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from data.errors import UsageError
from training.evaluation.benchmarks.files import field, records
from training.evaluation.tasks import IMAGES, ImageRef, Item, Task

_EXPECTED: Final[Mapping[str, int]] = {"static": 430, "videos": 1872}
_NUM_IMAGES: Final = 10
_STATIC: Final = "open-images"


def imagecode(root: Path) -> tuple[Task, ...]:
    """Return a task for photographs and one for frames of videos.

    Raises:
        UsageError: the file is missing or not as expected, or there is no set of images.
    """
    path = root / "valid_data.json"
    found: dict[str, list[Item]] = {name: [] for name in _EXPECTED}
    num_sets = 0
    for name, record in records(path):
        keys = _keys(root, name)
        num_sets += bool(keys)
        images = [ImageRef(key) for key in keys or _absent(name)]
        for place in record:
            if not (place.isdecimal() and int(place) < len(images)):
                raise UsageError(f"{path}: expected a place among ten, found {place!r} in {name}")
            true = int(place)
            ordered = (images[true], *images[:true], *images[true + 1 :])
            item = Item(f"{name}:{place}", ordered, (field(record, place, path=path).strip(),))
            found["static" if _STATIC in name else "videos"].append(item)
    if not num_sets:
        raise UsageError(f"{root}: expected the folders of images beside {path.name}, found none")
    return tuple(
        Task(name=name, layout=IMAGES, items=tuple(items), expected=_EXPECTED[name])
        for name, items in found.items()
    )


def _keys(root: Path, name: str) -> list[str]:
    """Return the images of a set in the order of their numbers, none if it is incomplete."""
    folder = next((f for f in (root / "image-sets" / name, root / name) if f.is_dir()), None)
    if folder is None:
        return []
    numbers = [file.stem.removeprefix("img") for file in folder.glob("img*.jpg")]
    ordered = sorted(int(number) for number in numbers if number.isdecimal())
    if len(ordered) != _NUM_IMAGES:
        return []
    return [(folder / f"img{number}.jpg").relative_to(root).as_posix() for number in ordered]


def _absent(name: str) -> list[str]:
    """Return keys of images that do not exist."""
    return [f"{name}/missing-{number}.jpg" for number in range(_NUM_IMAGES)]
