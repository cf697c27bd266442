"""A folder of sets -> a classification for each, and one store of all their images."""

from pathlib import Path

from data.errors import UsageError
from data.images import Store
from data.sources.files import contents, existing
from training.evaluation.tasks import Classification, ImageRef
from training.evaluation.zeroshot.folders import layout_of_folders
from training.evaluation.zeroshot.labelled import Labelled, Layout, Shelves
from training.evaluation.zeroshot.parquet import layout_of_parquet
from training.evaluation.zeroshot.sets import (
    SETS,
    ClassName,
    ZeroShotSet,
    class_names,
    classes_of_labels,
    set_named,
    templates,
)
from training.evaluation.zeroshot.tars import layout_of_tars

_LAYOUTS = (layout_of_tars, layout_of_parquet, layout_of_folders)


def zeroshot(root: Path) -> tuple[Classification, ...]:
    """Return a task for each set that has a folder below `root`, in the order of the table.

    Raises:
        UsageError: a folder is not one of the sets, or its layout is unknown.
    """
    return tuple(_task(of, _layout(folder, of=of)) for of, folder in _sets_in(root))


def zeroshot_store(root: Path) -> Store:
    """Return the images of all sets below `root`.

    Raises:
        UsageError: as `zeroshot`.
    """
    return Shelves({of.name: _layout(folder, of=of).store() for of, folder in _sets_in(root)})


def _sets_in(root: Path) -> list[tuple[ZeroShotSet, Path]]:
    found: dict[str, Path] = {}
    for folder in sorted(existing(root).iterdir()):
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        name = set_named(folder.name).name
        if name in found:
            raise UsageError(
                f"{root}: expected {name} once, found {found[name].name} and {folder.name}"
            )
        found[name] = folder
    if not found:
        raise UsageError(f"{root}: expected a folder for each set, found {contents(root)}")
    return [(of, found[of.name]) for of in SETS if of.name in found]


def _layout(folder: Path, *, of: ZeroShotSet) -> Layout:
    layout = next((found for read in _LAYOUTS if (found := read(folder, of=of))), None)
    if layout is None:
        raise UsageError(
            f"{folder}: expected folders of classes, tars or parquet files; found "
            f"{contents(folder)}"
        )
    return layout


def _task(of: ZeroShotSet, layout: Layout) -> Classification:
    labelled = layout.read()
    names = class_names(of)
    wants_several = of.measure == "11-point mAP"
    if labelled.several != wants_several:
        raise UsageError(
            f"{of.name}: expected {'several labels' if wants_several else 'one label'} an image, "
            f"found {'several' if labelled.several else 'one'}"
            + "; keep it as tars with .npy, or parquet with lists"
            * wants_several
        )
    place = _places(labelled, names, of=of)
    return Classification(
        name=of.name,
        images=tuple(ImageRef(f"{of.name}/{key}") for key in labelled.keys),
        labels=tuple(tuple(place[label] for label in labels) for labels in labelled.labels),
        classes=tuple((name.prompt,) for name in names),
        templates=templates(of),
        measure=of.measure,
        expected=of.expected,
    )


def _places(labelled: Labelled, names: tuple[ClassName, ...], *, of: ZeroShotSet) -> dict[int, int]:
    """Return the class of each label that images have.

    Raises:
        UsageError: a label does not belong to the set.
    """
    used = sorted({label for labels in labelled.labels for label in labels})
    if labelled.names is None:
        classes = classes_of_labels(map(str, used), names, of=of) if used else ()
        return dict(zip(used, classes, strict=True))
    if used and not 0 <= used[0] <= used[-1] < len(labelled.names):
        raise UsageError(
            f"{of.name}: expected labels from 0 to {len(labelled.names) - 1}, found {used[0]} to "
            f"{used[-1]}; -1 stands for labels that are kept secret"
        )
    return dict(enumerate(classes_of_labels(labelled.names, names, of=of)))
