"""The files below a folder that a source reads, with their splits, and those it leaves out."""

import os
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final, NamedTuple

from data.records import Skip
from data.sources.packed import kind_of, plain_name
from data.storage import AnyPath, is_remote, relative_to

HIDDEN: Final = "file is hidden"
TWICE: Final = "file also exists uncompressed"
SAME_SPLIT: Final = "another file has the same split"
OTHER_KIND: Final = "file has another type:"
NO_ACCESS: Final = "folder cannot be read"
LINKED: Final = "folder links to one that is read"

_PACKABLE: Final = frozenset((".jsonl", ".ndjson", ".csv", ".tsv", ".tar"))
_MAY_HOLD_CAPTIONS: Final = _PACKABLE | {
    ".json", ".jl", ".jsonlines", ".parquet", ".pq", ".arrow", ".feather", ".xlsx", ".xls", ".zip",
    ".7z", ".rar", ".tgz", ".tbz2", ".txz", ".zst", ".gz", ".bz2", ".xz",
}  # fmt: skip

_SHARD: Final = re.compile(r"(.+?)-\d+-of-\d+\..+")
_SPLIT_WORDS: Final = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}


class Listed(NamedTuple):
    """Files in order, with the splits in their names, and what was left out."""

    files: tuple[tuple[str, AnyPath], ...]
    left_out: tuple[Skip, ...]


class _Folder(NamedTuple):
    """A folder; `above`: the names that lead to it; `names`: files that may hold captions."""

    path: AnyPath
    above: tuple[str, ...]
    names: tuple[str, ...]


def files_below(root: AnyPath, kinds: tuple[str, ...], *, prefer: str | None = None) -> Listed:
    """Return the files of some kinds (`.csv`) in a folder and in those below it, sorted.

    If there are files of the kind `prefer`, only they are read. Hidden files, and files of other
    kinds that may hold captions, are left out. Hidden folders are not searched, and links to a
    parent folder are not followed.

    Raises:
        OSError: the folder itself cannot be read.
    """
    wanted = (*kinds, prefer) if prefer else kinds
    files: list[tuple[str, AnyPath]] = []
    left_out: list[Skip] = []
    for path, above, names in _folders(root, left_out):
        for name in names:
            reason = _why_not(name, names, wanted)
            if reason is None:
                files.append((_split_of(above, name), path / name))
            else:
                left_out.append(Skip(reason, "/".join((*above, name))))
    kept = [(split, path) for split, path in files if kind_of(path.name) == prefer] or files
    paths = {path for _, path in kept}
    rest = [path for _, path in files if path not in paths]
    left_out += [Skip(_another(path.name), relative_to(path, root).as_posix()) for path in rest]
    return Listed(tuple(kept), tuple(left_out))


def split_in_name(file_name: str) -> str:
    """Return the split in a file's name, "train" by default."""
    if shard := _SHARD.fullmatch(file_name):
        return shard[1]
    return _split_word(file_name) or "train"


def _why_not(name: str, names: tuple[str, ...], wanted: tuple[str, ...]) -> str | None:
    """Return why a file is left out, None if it is read."""
    if kind_of(name) not in wanted or not _is_read_packed(name):
        return _another(name)
    if name.startswith("."):
        return HIDDEN
    plain = plain_name(name)
    return TWICE if name != plain and plain in names else None


def _is_read_packed(name: str) -> bool:
    """Tell whether a file is uncompressed, or of a kind that is read compressed too."""
    if name == plain_name(name):
        return True
    kind, packing = kind_of(name), PurePath(name).suffix.lower()
    return kind in _PACKABLE and (kind, packing) != (
        ".tar",
        ".zst",
    )  # compressed files do not support seeking


def _another(name: str) -> str:
    return f"{OTHER_KIND} {PurePath(name).suffix.lower()}"


def _split_of(above: tuple[str, ...], name: str) -> str:
    """Return the split of a file in the folders `above`.

    For a file in the folder itself its name decides; for one further down, the first folder whose
    name contains a split's word, or else the topmost folder.
    """
    if not above:
        return split_in_name(name)
    return next(filter(_split_word, above), above[0])


def _split_word(name: str) -> str | None:
    words = re.split(r"[^a-z]+", name.lower())
    return next((_SPLIT_WORDS[word] for word in words if word in _SPLIT_WORDS), None)


def _folders(root: AnyPath, left_out: list[Skip]) -> Iterator[_Folder]:
    """Yield a folder and all below it, sorted; unreadable ones are added to `left_out`."""
    todo: list[tuple[AnyPath, tuple[str, ...]]] = [(root, ())]
    seen: set[str] = set()
    while todo:
        path, above = todo.pop()
        if not is_remote(path):
            real = os.path.realpath(path)
            if real in seen:
                left_out.append(Skip(LINKED, "/".join(above)))
                continue
            seen.add(real)
        try:
            names, folders = _names_in(path)
        except OSError:
            if not above:
                raise
            left_out.append(Skip(NO_ACCESS, "/".join(above)))
            continue
        yield _Folder(path, above, tuple(names))
        todo += [(path / name, (*above, name)) for name in reversed(folders)]


def _names_in(folder: AnyPath) -> tuple[list[str], list[str]]:
    """Return the names of a folder's files that may hold captions, and of its subfolders."""
    if is_remote(folder):
        listed = folder.entries()
        names = [entry.name for entry in listed if entry.is_file and _may_hold(entry.name)]
        folders = [entry.name for entry in listed if entry.is_dir]
    else:
        with os.scandir(folder) as found:  # there may be a million images
            names, folders = [], []
            for each in found:
                if each.is_dir():
                    folders.append(each.name)
                elif _may_hold(each.name) and each.is_file():
                    names.append(each.name)
    return sorted(names), sorted(name for name in folders if not name.startswith("."))


def _may_hold(name: str) -> bool:
    return f".{name.rpartition('.')[2].lower()}" in _MAY_HOLD_CAPTIONS
