"""Image files by key: from a folder, tars or parquet files, or drawn from a scene.

A store never keeps images in memory. Tars and parquet files have an index (`data/image_index.py`),
made once in the user's cache and memory-mapped, so that workers share it.
"""

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol, cast

from data.config import parse_options
from data.errors import UsageError
from data.image_index import Index, index_of_parquet, index_of_tars
from data.manifest import Manifest
from data.remote import Entry
from data.sources.files import existing
from data.sources.scenes import Scenes
from data.storage import AnyPath, entries, is_remote

__all__ = [
    "ImageColumns",
    "ImageFolder",
    "Index",
    "SceneImages",
    "Store",
    "open_images",
    "scenes_of",
]  # fmt: skip


_LARGER = (".tar", ".parquet")  # container files; tars are preferred


class Store(Protocol):
    """A source of images, by the keys in the rows."""

    def absent(self, keys: Iterable[str]) -> set[str]:
        """Return the keys that have no image."""
        ...

    def read(self, key: str) -> bytes:
        """Return an image's file.

        Raises:
            UsageError: there is no such image, or it cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """Images as files; a key is a path below the folder, or that path with the folder's own."""

    root: AnyPath

    def absent(self, keys: Iterable[str]) -> set[str]:
        """Return the keys that have no file; each folder is listed once."""
        by_folder: dict[str, set[str]] = defaultdict(set)
        others = set()
        for key in keys:
            if _is_inside(key):
                by_folder[os.path.dirname(key)].add(key)  # noqa: PTH120  (a fifth of the time)
            else:
                others.add(key)
        absent = set()
        for folder, wanted in by_folder.items():
            absent |= wanted - _files_in(self.root, folder)
        below = {key: self._below(key) for key in others}
        gone = self.absent(path for path in below.values() if path) if any(below.values()) else ()
        return absent | {key for key, path in below.items() if not path or path in gone}

    def read(self, key: str) -> bytes:
        """Return an image's file.

        Raises:
            UsageError: there is no such file, it cannot be read, or the key leads out of the
                folder.
        """
        path = key if _is_inside(key) else self._below(key)
        if not path:
            raise UsageError(f"{self.root}: expected a key of an image in it, found {key!r}")
        try:
            return (self.root / path).read_bytes()
        except OSError as error:
            raise UsageError(f"{self.root / path}: cannot be read: {error.strerror}") from error

    def _below(self, key: str) -> str:
        """Return the path below the folder that a full path or URL names, "" for any other key."""
        roots = (
            (self.root,) if is_remote(self.root) else (self.root.absolute(), self.root.resolve())
        )
        starts = [f"{root}".rstrip("/") + "/" for root in roots]
        paths = [key.removeprefix(start) for start in starts if key.startswith(start)]
        return next(filter(_is_inside, paths), "")


@lru_cache(maxsize=8192)  # 40 MB per process, at 128 pixels; each caption would draw it again
def _drawn(scenes: Scenes, key: str, size: int) -> bytes:
    from data.scenes.render import png  # noqa: PLC0415  (Pillow, for drawing alone)

    return png(scenes.scene_of(key), size=size)


@dataclass(frozen=True, slots=True)
class SceneImages:
    """Images of scenes, drawn on demand, `size` pixels wide and high."""

    scenes: Scenes
    size: int = 128

    def absent(self, keys: Iterable[str]) -> set[str]:
        """Return the keys that do not name a scene."""
        return {key for key in keys if not self._has(key)}

    def read(self, key: str) -> bytes:
        """Return the image of a scene as a PNG file.

        Raises:
            UsageError: the key does not name a scene.
        """
        return _drawn(self.scenes, key, self.size)

    def _has(self, key: str) -> bool:
        split, _, name = key.partition("/")
        number = name.removesuffix(".png")
        return (
            split in self.scenes.names
            and name != number
            and number.isdecimal()
            and int(number) < self.scenes.num_scenes(split)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageColumns:
    """The columns of images in parquet files: `image` holds bytes, or `{"bytes", "path"}`.

    `key`: the column of the keys. Without it the key is `path`, or without a path
    `{split}/{number}`, as the sources call unnamed images.
    """

    image: str = "image"
    key: str | None = None


class _ImageLocation(NamedTuple):
    """A place with images; for tars or parquet files, their suffix and all the files."""

    root: AnyPath
    suffix: str
    files: tuple[AnyPath, ...]


def open_images(
    location: AnyPath | None,
    *,
    manifest: Manifest,
    cache: Path | None = None,
    columns: ImageColumns | None = None,
) -> Store:
    """Return the store at a place.

    It is a folder of images, a tar or a folder of tars (webdataset), or a parquet file or a folder
    of them; tars and parquet files may be one folder down. Without a place, the images of a build
    from scenes are drawn on demand. An index goes to `cache`, by default the user's cache.

    Raises:
        UsageError: the place does not exist or cannot be indexed, or there are no scenes to draw.
    """
    if location is None:
        return SceneImages(scenes_of(manifest, where="images"))
    found = _locate(existing(location))
    if found.suffix == ".tar":
        return index_of_tars(found.files, root=found.root, cache=cache)
    if found.suffix == ".parquet":
        names = columns or ImageColumns()
        return index_of_parquet(
            found.files, root=found.root, image=names.image, key=names.key, cache=cache
        )
    if not found.root.is_dir():
        raise UsageError(f"{location}: expected a folder of images, a .tar or a .parquet file")
    return ImageFolder(found.root)


def scenes_of(manifest: Manifest, *, where: str) -> Scenes:
    """Return the configured scenes that a folder was built from.

    Raises:
        UsageError: it was built from another source, or from none.
    """
    section = manifest.config.get("data")
    options = section.get("source") if isinstance(section, dict) else None
    if not isinstance(options, dict) or options.get("name") != "scenes":
        raise UsageError(
            f"{where}: expected a folder built from scenes, whose images can be drawn; its "
            f"source is {manifest.source.get('name')}"
        )
    fields = {key: value for key, value in options.items() if key != "name"}
    return parse_options(Scenes, cast("dict[str, object]", fields), where="data.source")


def _locate(root: AnyPath) -> _ImageLocation:
    if root.is_file():
        return _ImageLocation(root, root.suffix, (root,))
    listed = entries(root)
    below = (entry for each in listed if each.is_dir for entry in _entries_of(each.path))
    for found in (listed, below):
        files = [entry.path for entry in found if entry.is_file and entry.name.endswith(_LARGER)]
        for suffix in _LARGER:
            if paths := tuple(path for path in files if path.suffix == suffix):
                return _ImageLocation(root, suffix, paths)
    return _ImageLocation(root, "", ())


def _entries_of(folder: AnyPath) -> list[Entry]:
    try:
        return entries(folder)
    except (FileNotFoundError, PermissionError):  # missing, or a disk's lost+found
        return []


def _is_inside(key: str) -> bool:
    """Tell whether a key stays below its folder, so that it cannot name other files."""
    return (
        bool(key)
        and "\0" not in key
        and not key.startswith("/")
        and "://" not in key
        and ".." not in _parts(key)
    )


def _parts(key: str) -> tuple[str, ...]:
    return PurePosixPath(key).parts if ".." in key else ()


def _files_in(root: AnyPath, folder: str) -> set[str]:
    """Return the keys of the files in a folder."""
    try:
        if is_remote(root):
            listed = (root / folder).entries()
            names = [entry.name for entry in listed if entry.is_file]
        else:
            with os.scandir(root / folder) as found:  # five times as fast as `entries`
                names = [entry.name for entry in found if entry.is_file()]
    except OSError:
        return set()
    return {f"{folder}/{name}" for name in names} if folder else set(names)
