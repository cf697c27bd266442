"""EqBen (Wang et al. 2023, arXiv 2303.14465): two images that hardly differ, and their captions.

Fields and counts are those of the authors' loader and scorer. Unverified: the file of annotations
itself, and which 20,000 groups the paper of FSC-CLIP takes from the two large parts; ours are
spread evenly. Frames of YouCook2 are arrays (.npy) with the channels blue, green, red: save each as
a .png beside it. The light version has images as .jpg: change them in the annotations.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from data.errors import UsageError
from training.evaluation.benchmarks.files import field, number, records
from training.evaluation.tasks import ImageRef, Item, Task, group_tasks

_COUNTED: Final[Mapping[str, int]] = {
    "eqbenag": 195872,
    "eqbengebc": 1814,
    "eqbenkubric_attr": 2000,
    "eqbenkubric_cnt": 2000,
    "eqbenkubric_loc": 2000,
    "eqbensd": 1513,
    "eqbenyoucook2": 45849,
}
_MOST: Final = 20_000
_ELEMENTS: Final = ("i0", "i1", "c0", "c1")
_Key = tuple[str, int]
"""A part, and the index of a group in it."""


def eqben(root: Path) -> tuple[Task, ...]:
    """Return the three scores of each part, over at most 20,000 of its groups.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    path = root / "ann_json_finegrained_random.json"
    groups = _groups(path)
    tasks: list[Task] = []
    for name, expected in _COUNTED.items():
        keys = _spread([key for key in sorted(groups) if key[0] == name])
        items = tuple(_item(key, groups[key], path) for key in keys)
        tasks += group_tasks(name, items, expected=min(expected, _MOST))
    return tuple(tasks)


def _groups(path: Path) -> Mapping[_Key, Mapping[str, str]]:
    """Return the images and captions of each group; a record is one pair, named like c0i1."""
    groups: dict[_Key, dict[str, str]] = defaultdict(dict)
    for _, record in records(path):
        image, caption = (field(record, name, path=path) for name in ("image", "caption"))
        place = record.get("private_info", {})
        pair = field(place, "name", path=path)
        key = (field(place, "dataset", path=path), number(place, "sample_cnt", path=path))
        groups[key] |= {pair[:2]: caption, pair[2:]: _decodable(image)}
    return groups


def _decodable(image: str) -> str:
    stem = image.removesuffix(".npy")
    return image if stem == image else f"{stem}.png"


def _item(key: _Key, group: Mapping[str, str], path: Path) -> Item:
    if set(group) != set(_ELEMENTS):
        raise UsageError(
            f"{path}: expected two images and two captions of {key}, found {sorted(group)}"
        )
    first, second, *captions = (group[element] for element in _ELEMENTS)
    return Item(f"{key[0]}:{key[1]}", (ImageRef(first), ImageRef(second)), tuple(captions))


def _spread(keys: Sequence[_Key]) -> tuple[_Key, ...]:
    num = min(len(keys), _MOST)
    return tuple(keys[place * len(keys) // num] for place in range(num))
