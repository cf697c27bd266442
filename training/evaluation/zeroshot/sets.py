"""The 21 sets: ELEVATER's 20 (Li et al. 2022, arXiv 2204.08790) and ImageNet.

The names of classes and the templates are in `classes` and `templates` beside this file;
SOURCES.txt gives their origin. ImageNet's are those of open_clip. A line of `classes` has the name
for prompts and, after "|", other names that labels may have.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, NamedTuple

from data.errors import UsageError
from data.texts import nearest, normalise
from training.evaluation.tasks import Measure


@dataclass(frozen=True, kw_only=True, slots=True)
class ZeroShotSet:
    """One of the sets.

    Attributes:
        name: its name in this project.
        expected: ELEVATER's number of test images.
        measure: ELEVATER's measure.
        aliases: other names of its folder, regardless of case and punctuation.
        split: the part for testing.
        numbered: whether numeric labels are indices into the file of classes. Some sets exist with
            several orders.
        in_order: whether labels follow the order of the classes, whatever their names, if there are
            as many of them.
    """

    name: str
    expected: int
    measure: Measure = "accuracy"
    aliases: tuple[str, ...] = ()
    split: str = "test"
    numbered: bool = True
    in_order: bool = False


class ClassName(NamedTuple):
    """The name that prompts use, and all names that labels may have."""

    prompt: str
    labels: tuple[str, ...]


SETS: Final = (
    ZeroShotSet(
        name="imagenet",
        expected=50_000,
        aliases=("imagenet-1k", "ilsvrc2012"),
        split="validation",
        in_order=True,
    ),
    ZeroShotSet(name="caltech101", expected=6084, measure="mean per class", numbered=False),
    ZeroShotSet(name="cifar10", expected=10_000),
    ZeroShotSet(name="cifar100", expected=10_000),
    ZeroShotSet(name="country211", expected=21_100),
    ZeroShotSet(name="dtd", expected=1880, aliases=("describable textures",)),
    ZeroShotSet(name="eurosat", expected=5000, aliases=("eurosat-clip",)),
    ZeroShotSet(name="fer2013", expected=3589, numbered=False),
    ZeroShotSet(
        name="fgvc_aircraft",
        expected=3333,
        measure="mean per class",
        aliases=("fgvc-aircraft-2013b", "fgvc-aircraft-2013b-variants102"),
    ),
    ZeroShotSet(name="food101", expected=25_250),
    ZeroShotSet(name="gtsrb", expected=12_630),
    ZeroShotSet(name="hateful_memes", expected=500, measure="ROC AUC"),
    ZeroShotSet(name="kitti_distance", expected=711, aliases=("kitti_closest_vehicle_distance",)),
    ZeroShotSet(name="mnist", expected=10_000),
    ZeroShotSet(
        name="flowers102",
        expected=6149,
        measure="mean per class",
        aliases=("flowers", "oxford_flowers102", "oxford-flower-102"),
    ),
    ZeroShotSet(
        name="oxford_pets",
        expected=3669,
        measure="mean per class",
        aliases=("pets", "oxford-iiit-pet", "oxford-iiit-pets"),
    ),
    ZeroShotSet(name="patch_camelyon", expected=32_768, aliases=("pcam",)),
    ZeroShotSet(name="sst2", expected=1821, aliases=("rendered-sst2",)),
    ZeroShotSet(name="resisc45", expected=25_200, aliases=("resisc45-clip",)),
    ZeroShotSet(name="stanford_cars", expected=8041, aliases=("cars",)),
    ZeroShotSet(
        name="voc2007",
        expected=4952,
        measure="11-point mAP",
        aliases=("voc2007-multilabel", "voc2007-classification", "pascal-voc2007"),
    ),
)

_PREFIXES: Final = ("wds", "vtab")  # of CLIP_benchmark's folders


def squashed(name: str) -> str:
    """Return a name without case, punctuation and spaces, which vary between copies."""
    return normalise(name).replace(" ", "")


def set_named(folder: str) -> ZeroShotSet:
    """Return the set of a folder's name.

    Raises:
        UsageError: no set has that name.
    """
    wanted = squashed(folder)
    for prefix in _PREFIXES:
        wanted = wanted.removeprefix(prefix)
    for known in SETS:
        if wanted in map(squashed, (known.name, *known.aliases)):
            return known
    raise UsageError(
        f"zero-shot classification: unknown set {folder!r}; "
        f"{nearest(folder, (known.name for known in SETS))}; or move the folder elsewhere"
    )


def class_names(of: ZeroShotSet) -> tuple[ClassName, ...]:
    """Return the names of a set's classes, in order."""
    if of.name == "imagenet":
        from training.model.library import imagenet_names  # noqa: PLC0415  (open_clip's door is heavy)

        return tuple(ClassName(name, (name,)) for name in imagenet_names())
    lines = (tuple(line.split("|")) for line in _lines("classes", of.name))
    return tuple(ClassName(names[0], names) for names in lines)


def templates(of: ZeroShotSet) -> tuple[str, ...]:
    """Return a set's prompts, with `{}` where the name of a class goes."""
    if of.name == "imagenet":
        from training.model.library import imagenet_templates  # noqa: PLC0415  (as above)

        return imagenet_templates()
    return tuple(_lines("templates", of.name))


def classes_of_labels(
    labels: Iterable[str], names: tuple[ClassName, ...], *, of: ZeroShotSet
) -> tuple[int, ...]:
    """Return the class of each label of a layout, by name, by number, or by order.

    Numbers start at 0, or at 1 if there is one for each class.

    Raises:
        UsageError: a label does not belong to the set, or two belong to one class.
    """
    listed = list(labels)
    if of.in_order and len(listed) == len(names):
        return tuple(range(len(names)))
    known = {squashed(label): place for place, name in enumerate(names) for label in name.labels}
    found = [known.get(squashed(label)) for label in listed]
    if None in found and all(label.removeprefix("-").isdecimal() for label in listed):
        return _numbers(listed, len(names), of=of)
    places = [place for place in found if place is not None]
    if len(places) < len(found):
        unknown = listed[found.index(None)]
        labels_known = (label for name in names for label in name.labels)
        raise UsageError(
            f"{of.name}: expected labels of its {len(names)} classes, found {unknown!r}; "
            f"{nearest(unknown, labels_known)}"
        )
    if len(set(places)) < len(places):
        raise UsageError(f"{of.name}: expected one label per class, found two for one")
    return tuple(places)


def _numbers(labels: list[str], num_classes: int, *, of: ZeroShotSet) -> tuple[int, ...]:
    numbers = [int(label) for label in labels]
    if not of.numbered:
        raise UsageError(
            f"{of.name}: expected labels with names, found numbers, which mean different classes "
            "in different copies of it; give the labels their names: as folders of classes, in a "
            "classnames.txt beside tars, or as ClassLabel in parquet"
        )
    if sorted(numbers) == list(range(1, num_classes + 1)):
        return tuple(number - 1 for number in numbers)
    if min(numbers) != 0 or max(numbers) >= num_classes or len(set(numbers)) < len(numbers):
        raise UsageError(
            f"{of.name}: expected labels from 0 to {num_classes - 1}, each once, found "
            f"{min(numbers)} to {max(numbers)}; -1 stands for labels that are kept secret"
        )
    return tuple(numbers)


def _lines(folder: str, name: str) -> list[str]:
    return files(__package__).joinpath(folder, f"{name}.txt").read_text("utf-8").splitlines()
