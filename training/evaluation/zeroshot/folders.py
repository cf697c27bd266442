"""A folder for each class, with images as files."""

from functools import partial
from pathlib import Path
from typing import Final

from data.images import ImageFolder
from data.sources.tars import IMAGE_SUFFIXES
from training.evaluation.zeroshot.labelled import Labelled, Layout, tested_folder
from training.evaluation.zeroshot.sets import ZeroShotSet

_SUFFIXES: Final = IMAGE_SUFFIXES | {"ppm"}  # GTSRB's


def layout_of_folders(folder: Path, *, of: ZeroShotSet) -> Layout | None:
    """Return the layout of a set with folders, None if there is none."""
    root = tested_folder(folder, of=of)
    if not _class_folders(root):
        return None
    return Layout(read=partial(_labelled, root), store=partial(ImageFolder, root))


def _class_folders(root: Path) -> list[Path]:
    return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))


def _labelled(root: Path) -> Labelled:
    classes = _class_folders(root)
    found = [
        (f"{folder.name}/{path.name}", place)
        for place, folder in enumerate(classes)
        for path in sorted(folder.iterdir())
        if path.suffix.removeprefix(".").lower() in _SUFFIXES
    ]
    return Labelled(
        keys=tuple(key for key, _ in found),
        labels=tuple((place,) for _, place in found),
        names=tuple(folder.name for folder in classes),
        several=False,
    )
