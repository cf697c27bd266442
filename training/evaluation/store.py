"""A benchmark's images, anywhere below a folder.

Annotations name images by paths on their authors' machines, "data/images/1.jpg" or
"val2017/000000000139.jpg". A key is looked up as it is, then without its first folders, one after
another; then anywhere below the folder, by its last folder and name if these occur once. If there
is no folder of that name, the file's name alone is enough, provided that it occurs once and in only
one key, since "a/1.jpg" and "b/1.jpg" are different images. Finally backslashes are read as
slashes.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from data.errors import UsageError
from data.image_names import has_image_suffix
from data.images import ImageFolder
from data.remote import Remote
from data.storage import AnyPath, is_remote


class Found:
    """Images below a folder, found by as much of their key as matches.

    The folder is listed once, links included. `keys`: all keys that will be looked up.
    """

    def __init__(self, root: AnyPath, keys: Iterable[str] = ()) -> None:
        """List the folder.

        Raises:
            UsageError: there is none.
        """
        if not root.is_dir():
            raise UsageError(f"{root}: expected a folder of images, found none")
        self._folder = ImageFolder(root)
        counts = Counter(PurePosixPath(key.replace("\\", "/")).name for key in set(keys))
        self._shared = {name for name, number in counts.items() if number > 1}
        self._folders: set[str] = set()
        self._paths: set[str] = set()
        self._by_end: dict[str, str] = {}  # "" if a name, or a folder and a name, occurs twice
        for where, names in _walk(root):
            self._folders.add(where.name)
            for name in names:
                path = (where / name).as_posix()
                self._paths.add(path)
                for end in {name, f"{where.name}/{name}"}:
                    self._by_end[end] = "" if end in self._by_end else path

    def absent(self, keys: Iterable[str]) -> set[str]:
        """Return the keys that have no image."""
        return {key for key in keys if self.path_of(key) is None}

    def read(self, key: str) -> bytes:
        """Return an image's file.

        Raises:
            UsageError: there is none, or it cannot be read.
        """
        path = self.path_of(key)
        if path is None:
            raise UsageError(f"expected an image {key!r}, found none")
        return self._folder.read(path)

    def path_of(self, key: str) -> str | None:
        """Return an image's path below the folder, None if it is missing."""
        found = self._path_of(key)
        return self._path_of(key.replace("\\", "/")) if found is None and "\\" in key else found

    def example(self) -> str:
        """Return the path of one of the images, "" if there is none."""
        return min((path for path in self._paths if has_image_suffix(path)), default="")

    def _path_of(self, key: str) -> str | None:
        parts = PurePosixPath(key).parts
        for start in range(len(parts)):
            path = "/".join(parts[start:])
            if path in self._paths:
                return path
        return self._anywhere(*parts[-2:]) or None

    def _anywhere(self, *parts: str) -> str | None:
        """Return the one file of this folder and name, or of this name; "" if there are several."""
        found = self._by_end.get("/".join(parts))
        if len(parts) < 2 or found is not None:
            return found
        folder, name = parts
        told = folder not in self._folders and name not in self._shared
        return self._by_end.get(name) if told else None


def _walk(root: AnyPath) -> Iterator[tuple[Path, list[str]]]:
    """Yield the folders below a root, as paths from there, with their files; each folder once."""
    if is_remote(root):
        yield from _walk_by_url(root, root)
        return
    seen = set()
    for where, folders, names in os.walk(root, followlinks=True):
        place = os.path.realpath(where)
        if place in seen:
            folders.clear()
            continue
        seen.add(place)
        yield Path(where).relative_to(root), names


def _walk_by_url(root: Remote, folder: Remote) -> Iterator[tuple[Path, list[str]]]:
    listed = folder.entries()
    names = [entry.name for entry in listed if entry.is_file]
    yield Path(folder.relative_to(root)), names
    for entry in listed:
        if entry.is_dir:
            yield from _walk_by_url(root, folder / entry.name)
