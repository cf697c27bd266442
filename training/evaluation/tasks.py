"""The tasks of benchmarks, in three forms: comparisons, retrieval, classification. Pure.

Comparisons cover every layout of composition. An item's elements are its images, then its captions;
a comparison states that one pair of elements is more alike than another. An item is right if all
its comparisons hold. This one mechanism scores image x K captions, caption x K images, groups of
two by two, and paraphrases.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations, product
from math import comb
from typing import Final, Literal, NamedTuple

Pair = tuple[int, int]
"""Two elements of an item, as indices into its images followed by its captions."""


class ImageRef(NamedTuple):
    """An image of a store, or the part of it in a box: left, top, right, bottom in pixels."""

    key: str
    box: tuple[int, int, int, int] | None = None


class Item(NamedTuple):
    """Images and captions that are compared, in the order that the layout defines."""

    id: str
    images: tuple[ImageRef, ...]
    captions: tuple[str, ...]

    @property
    def subject(self) -> str:
        """Return the file of the first image, or the first caption: it groups items."""
        return self.images[0].key if self.images else self.captions[0]


class Comparison(NamedTuple):
    """A pair that should be more alike than another."""

    more: Pair
    less: Pair


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """An item's comparisons and score by chance, given its numbers of images and captions."""

    name: str
    comparisons: Callable[[int, int], tuple[Comparison, ...]]
    chance: Callable[[int, int], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Items of one layout.

    `strata`: the stratum of each item, where the score is the mean of the strata's means; "a/b" is
    a part of "a", whose mean is that of its parts. `expected`: the authors' number of items, None
    if they do not state it.
    """

    name: str
    layout: Layout
    items: tuple[Item, ...]
    strata: tuple[str, ...] = ()
    expected: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrieval:
    """Captions and their images: caption c belongs to the image `owner[c]`."""

    name: str
    images: tuple[ImageRef, ...]
    captions: tuple[str, ...]
    owner: tuple[int, ...]
    expected: int | None = None


Measure = Literal["accuracy", "mean per class", "ROC AUC", "11-point mAP"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    """Images of classes. `{}` in a template stands for a class's name.

    `labels`: the classes of each image, usually one. A class with several names is represented by
    the mean of their features.
    """

    name: str
    images: tuple[ImageRef, ...]
    labels: tuple[tuple[int, ...], ...]
    classes: tuple[tuple[str, ...], ...]
    templates: tuple[str, ...]
    measure: Measure = "accuracy"
    expected: int | None = None


AnyTask = Task | Retrieval | Classification


def _captions(_num_images: int, num_captions: int) -> tuple[Comparison, ...]:
    return tuple(Comparison((0, 1), (0, 1 + k)) for k in range(1, num_captions))


def _images(num_images: int, _num_captions: int) -> tuple[Comparison, ...]:
    caption = num_images
    return tuple(Comparison((0, caption), (k, caption)) for k in range(1, num_images))


def _group_text(num: int, _num_captions: int) -> tuple[Comparison, ...]:
    return tuple(Comparison((a, num + a), (a, num + b)) for a, b in permutations(range(num), 2))


def _group_image(num: int, _num_captions: int) -> tuple[Comparison, ...]:
    return tuple(Comparison((a, num + a), (b, num + a)) for a, b in permutations(range(num), 2))


def _group(num: int, num_captions: int) -> tuple[Comparison, ...]:
    return _group_text(num, num_captions) + _group_image(num, num_captions)


def _paraphrases(_num_images: int, num_captions: int) -> tuple[Comparison, ...]:
    return tuple(Comparison((0, 1 + k), (0, num_captions)) for k in range(num_captions - 1))


def _true_before_false(_num_images: int, num_captions: int) -> tuple[Comparison, ...]:
    half = num_captions // 2
    pairs = product(range(1, 1 + half), range(1 + half, 1 + num_captions))
    return tuple(Comparison((0, true), (0, false)) for true, false in pairs)


def _text_alone(_num_images: int, num_captions: int) -> tuple[Comparison, ...]:
    last = num_captions - 1
    return tuple(Comparison((a, b), (a, last)) for a, b in permutations(range(last), 2))


CAPTIONS: Final = Layout(
    name="image x captions", comparisons=_captions, chance=lambda _images, captions: 1 / captions
)
"""One image, K captions, the first of which is true."""
IMAGES: Final = Layout(
    name="caption x images", comparisons=_images, chance=lambda images, _captions: 1 / images
)
"""One caption, K images; it is true of the first."""
GROUP_TEXT: Final = Layout(
    name="group, text", comparisons=_group_text, chance=lambda num, _captions: 1 / num**num
)
"""n images, n captions: every image prefers its own caption."""
GROUP_IMAGE: Final = Layout(
    name="group, image", comparisons=_group_image, chance=lambda num, _captions: 1 / num**num
)
"""n images, n captions: every caption prefers its own image."""
GROUP: Final = Layout(name="group", comparisons=_group, chance=lambda _num, _captions: 1 / 6)
"""Two images, two captions: both of the above."""
PARAPHRASES: Final = Layout(
    name="paraphrases", comparisons=_paraphrases, chance=lambda _images, captions: 1 / captions
)
"""One image, true captions, then a false one: all true ones must score above it."""
TRUE_BEFORE_FALSE: Final = Layout(
    name="true before false",
    comparisons=_true_before_false,
    chance=lambda _images, captions: 1 / comb(captions, captions // 2),
)
"""One image, true captions, then as many false ones: each true one must score above all of them."""
TEXT_ALONE: Final = Layout(
    name="text alone", comparisons=_text_alone, chance=lambda _images, _captions: 1 / 3
)
"""Two true captions and a false one, no image: the true ones must be nearest to each other."""


def images_of(task: AnyTask) -> Iterator[ImageRef]:
    """Yield the images of a task."""
    if isinstance(task, Task):
        yield from (image for item in task.items for image in item.images)
    else:
        yield from task.images


def digest_of_task(task: AnyTask) -> str:
    """Return the hash of a task: runs with equal hashes can be compared item by item."""
    content: list[object]
    if isinstance(task, Task):
        content = [task.layout.name, task.strata, [item[1:] for item in task.items]]
    elif isinstance(task, Retrieval):
        content = [task.images, task.captions, task.owner]
    else:
        content = [task.images, task.labels, task.classes, task.templates, task.measure]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def group_tasks(name: str, items: tuple[Item, ...], *, expected: int | None) -> tuple[Task, ...]:
    """Return the three scores of groups: text, image and group."""
    layouts = (("text", GROUP_TEXT), ("image", GROUP_IMAGE), ("group", GROUP))
    prefix = f"{name} " if name else ""
    return tuple(
        Task(name=f"{prefix}{part}", layout=layout, items=items, expected=expected)
        for part, layout in layouts
    )
