r"""Image keys that differ from the store's names, and messages about missing images.

Captions may name images by paths of another machine ("C:\data\1.jpg", "/mnt/x/1.jpg"), by ids that
a table turned into floats ("184613.0"), or without the file's suffix. If a store has none of the
keys as they are, we look for one change that applies to all keys: dropping leading folders that all
of them share, or adding a suffix. So two keys never end up naming one image, which would train a
caption on another caption's image.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from data.images import ImageFolder, Index, Store
from data.remote import Entry
from data.sources.tars import IMAGE_SUFFIXES
from data.storage import AnyPath, entries, relative_to

_MOST_TRIED: Final = 1_000  # keys that are tried to choose a change
_MOST_LISTED: Final = 100  # folders that are searched for an example
_SUFFIXES: Final = ("", ".jpg", ".jpeg", ".png", ".webp")
_ENDINGS: Final = tuple(f".{suffix}" for suffix in IMAGE_SUFFIXES)
_FLOAT: Final = re.compile(r"(?:^|/)\d+\.0$")
_ELSEWHERE: Final = re.compile(r"/|[A-Za-z]:/|[A-Za-z][A-Za-z0-9+.-]*://")
_URL: Final = re.compile(r"https?://", re.IGNORECASE)


class KeyChange(NamedTuple):
    """What is removed from the start and end of each key, and what is added.

    `windows`: whether backslashes separate folders.
    """

    start: str = ""
    windows: bool = False
    end: str = ""
    suffix: str = ""

    def of(self, key: str) -> str:
        """Return the store's form of the key."""
        name = key.replace("\\", "/") if self.windows else key
        return name.removeprefix(self.start).removesuffix(self.end) + self.suffix


@dataclass(frozen=True, slots=True)
class RenamingStore:
    """A store whose keys are changed before they are looked up."""

    store: Store
    change: KeyChange

    def absent(self, keys: Iterable[str]) -> set[str]:
        """Return the keys that have no image."""
        names = {key: self.change.of(key) for key in keys}
        gone = self.store.absent(names.values())
        return {key for key, name in names.items() if name in gone}

    def read(self, key: str) -> bytes:
        """Return an image's file.

        Raises:
            UsageError: there is no such image, or it cannot be read.
        """
        return self.store.read(self.change.of(key))


def match_keys(store: Store, keys: Sequence[str], *, beside: Sequence[str] = ()) -> Store:
    """Return the store with keys changed where needed, if it has none of them as they are.

    The change that finds the most images wins; among equals, the one that keeps the longest path.
    `beside`: keys of other splits. Often only a folder tells the images of one split from those of
    another ("train/1.jpg", "val/1.jpg"). So only the part of absolute paths that all splits share,
    or the part up to a folder named like the store, is dropped, and only if no folder nearby has an
    image under a longer path.
    """
    tried = keys[:: len(keys) // _MOST_TRIED + 1]
    root, folders = _root(store), _folders_near(store)
    best, num_best, is_near = store, 0, False
    for change in _changes(keys, [*keys, *beside], itself=root.name if root else ""):
        candidate = RenamingStore(store, change)
        num_found = len(tried) - len(candidate.absent(tried))
        is_itself = root is not None and _last_folder(change.start) == root.name
        if num_found > num_best and (is_itself or not is_near):
            best, num_best = candidate, num_found
        is_near = is_near or _folder_with(folders, change.of(tried[0])) is not None
    return best


def has_image_suffix(name: str) -> bool:
    """Tell whether a file name is that of an image."""
    return name.lower().endswith(_ENDINGS)


def name_in(store: Store, key: str) -> str:
    """Return the store's key for an image."""
    return store.change.of(key) if isinstance(store, RenamingStore) else key


def describe_renaming(store: Store) -> str:
    """Return a note on how keys are changed to find a store's images, "" if they are not."""
    if not isinstance(store, RenamingStore):
        return ""
    change = store.change
    left_out = " and ".join(repr(part) for part in (change.start, change.end) if part)
    parts = (
        f"without {left_out}" if left_out else "",
        f"with {change.suffix!r}" if change.suffix else "",
        "with / for \\" if change.windows else "",
    )
    listed = ", ".join(filter(None, parts))
    return f"images are looked up {listed}: none was found under the names in the captions"


def missing(
    store: Store, keys: Sequence[str], absent: set[str], *, beside: Sequence[str] = ()
) -> str:
    """Return a message about missing images: a missing key, an existing one, what to do.

    `keys`: all requested keys, including `absent`. `beside`: as in `match_keys`.
    """
    plain = store.store if isinstance(store, RenamingStore) else store
    example = next((key for key in keys if key and key in absent), "")
    if not example:
        return "the captions name no image; build from a source that does"
    found = example_in(store)
    where = _root(plain) or "the store"
    there = f"it has {found!r}, for example" if found else "it has no images"
    remedy = _remedy(plain, keys, absent, _changes(keys, [*keys, *beside]))
    return f"{where} has no {example!r} ({there}); {remedy}"


def example_in(store: Store) -> str:
    """Return the key of some image in a store, "" if none is found quickly."""
    plain = store.store if isinstance(store, RenamingStore) else store
    if isinstance(plain, Index):
        return plain.example()
    return _first_image(plain.root) if isinstance(plain, ImageFolder) else ""


def _remedy(
    store: Store, keys: Sequence[str], absent: set[str], changes: Iterable[KeyChange]
) -> str:
    example = next(key for key in keys if key and key in absent)
    folders, names = _folders_near(store), [change.of(example) for change in changes]
    if near := next(filter(None, (_folder_with(folders, name) for name in names)), None):
        return f"use --images {near}, which has it"
    if _URL.match(example):
        return (
            "it is a URL, but images are read from files: download them, for example with "
            "img2dataset as webdataset, and build from its output (--source webdataset)"
        )
    if above := _folder_above(keys, example):
        return f"it is a file on this machine: use --images {above}"
    if len(absent) < len(keys):
        return "let --images name a place that has all of them"
    return (
        f"let --images name the folder, tars or parquet files with {names[-1]!r}, or build again "
        "from captions with the right file names"
    )


def _changes(
    keys: Sequence[str], all_keys: Sequence[str], *, itself: str = ""
) -> Iterator[KeyChange]:
    """Yield possible changes of keys, the smallest first.

    `itself`: the name of the folder of images; the path up to it may be dropped too.
    """
    for windows in (False, True) if any("\\" in key for key in keys) else (False,):
        own, every = (_paths(some, windows=windows) for some in (keys, all_keys))
        starts = [
            "",
            *(start for start in _shared(every) if _ELSEWHERE.match(start)),
            *(start for start in _shared(own) if itself and _last_folder(start) == itself),
        ]
        has_suffix = any(has_image_suffix(path) for path in own)
        is_float = all(_FLOAT.search(path) for path in own)
        for start in dict.fromkeys(starts):
            for end in ("", ".0") if is_float else ("",):
                for suffix in ("",) if has_suffix else _SUFFIXES:
                    yield KeyChange(start, windows, end, suffix)


def _paths(keys: Sequence[str], *, windows: bool) -> list[str]:
    return [key.replace("\\", "/") if windows else key for key in keys if key]


def _shared(paths: Sequence[str]) -> list[str]:
    """Return the folders that contain all paths, outermost first, each with its slash."""
    parted = [path.split("/")[:-1] for path in paths]
    first, last = (min(parted), max(parted)) if parted else ([], [])
    num_shared = next(
        (n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(len(first), len(last)),
    )
    return ["/".join(first[: n + 1]) + "/" for n in range(num_shared)]


def _last_folder(start: str) -> str:
    return start.rstrip("/").rpartition("/")[2]


def _folders_near(store: Store) -> tuple[AnyPath, ...]:
    """Return the parent of a folder of images and its direct subfolders."""
    if not isinstance(store, ImageFolder):
        return ()
    root = store.root.resolve()
    return (root.parent, *(entry.path for entry in _list_folder(root) if entry.is_dir))


def _folder_with(folders: Sequence[AnyPath], key: str) -> AnyPath | None:
    return next((folder for folder in folders if not ImageFolder(folder).absent([key])), None)


def _folder_above(keys: Sequence[str], example: str) -> str:
    """Return the common folder of keys that are paths on this machine, "" if they are not."""
    if not os.path.isfile(example) or not all(key.startswith("/") for key in keys):  # noqa: PTH113
        return ""
    return os.path.commonpath([os.path.dirname(key) for key in keys])  # noqa: PTH120


def _root(store: Store) -> AnyPath | None:
    if isinstance(store, ImageFolder):
        return store.root
    return store.where if isinstance(store, Index) else None


def _first_image(root: AnyPath) -> str:
    """Return the key of the first image in the first few folders, "" if there is none."""
    waiting = [root]
    for _ in range(_MOST_LISTED):
        if not waiting:
            break
        listed = _list_folder(waiting.pop(0))
        for entry in listed:
            if entry.is_file and has_image_suffix(entry.name):
                return relative_to(entry.path, root).as_posix()
        waiting += [entry.path for entry in listed if entry.is_dir]
    return ""


def _list_folder(folder: AnyPath) -> list[Entry]:
    try:
        return entries(folder)
    except OSError:
        return []
