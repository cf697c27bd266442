"""What a layout provides for a set: its images, their labels, and a store of the images.

SET/[test/]CLASS/image.jpg                                       folders.py
SET/[test/]0.tar with 1.jpg and 1.cls or 1.npy, SET/classnames.txt  tars.py
SET/[data/]test-00000-of-00001.parquet with image and label        parquet.py
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from data.errors import UsageError
from data.images import Store
from training.evaluation.zeroshot.sets import ZeroShotSet

_SPLITS: Final[Mapping[str, tuple[str, ...]]] = {
    "test": ("test", "validation", "val", "valid"),
    "validation": ("validation", "val", "valid", "test"),
}


class Labelled(NamedTuple):
    """Images with labels.

    Attributes:
        keys: of the images.
        labels: of each image, as indices into the names.
        names: the names of labels; None if labels are numbers of classes.
        several: whether an image may have several labels, or none.
    """

    keys: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]
    names: tuple[str, ...] | None
    several: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How a set is stored: `read` returns its images with labels, `store` the images."""

    read: Callable[[], Labelled]
    store: Callable[[], Store]


@dataclass(frozen=True, slots=True)
class Shelves:
    """Several stores as one; a key begins with the name of its store and a slash."""

    stores: Mapping[str, Store]

    def absent(self, keys: Iterable[str]) -> set[str]:
        """Return the keys that have no image."""
        by_store: dict[str, dict[str, str]] = {}
        for key in keys:
            name, _, rest = key.partition("/")
            by_store.setdefault(name, {})[rest] = key
        found: set[str] = set()
        for name, own in by_store.items():
            store = self.stores.get(name)
            found |= {own[rest] for rest in (store.absent(own) if store else own)}
        return found

    def read(self, key: str) -> bytes:
        """Return an image's file.

        Raises:
            UsageError: it is missing, or cannot be read.
        """
        name, _, rest = key.partition("/")
        if name not in self.stores:
            raise UsageError(f"expected an image {key!r}, found none")
        return self.stores[name].read(rest)


def tested_part(parts: Mapping[str, Path], *, of: ZeroShotSet) -> Path | None:
    """Return the part of a set for testing, None if no name matches, regardless of case."""
    by_name = {name.lower(): path for name, path in parts.items()}
    return next((by_name[name] for name in _SPLITS[of.split] if name in by_name), None)


def tested_folder(folder: Path, *, of: ZeroShotSet) -> Path:
    """Return the folder of the part for testing, or the whole folder if it has no parts."""
    parts = {path.name: path for path in folder.iterdir() if path.is_dir()}
    return tested_part(parts, of=of) or folder
