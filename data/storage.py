"""Locations of files: local paths, and URLs with the same methods."""

import os
import uuid
from hashlib import sha256
from operator import attrgetter
from pathlib import Path, PurePath
from typing import TypeAlias
from urllib.parse import unquote

from typing_extensions import TypeIs

from data.caches import cache_folder
from data.errors import RetryableError, UsageError
from data.remote import Entry, Remote

AnyPath: TypeAlias = Path | Remote
"""A local path or a URL, for code that only calls a path's methods.

Code that needs a local file (`os`, a lock, a memory map) takes a `Path`. `is_remote` distinguishes
the two, and mypy narrows the type.
"""


def path_of(text: str | AnyPath) -> AnyPath:
    """Return a `Path`, or a `Remote` for a URL.

    Raises:
        UsageError: the URL contains a password, or chains several kinds of storage.
    """
    scheme, found, rest = str(text).partition("://")
    if not found:
        return Path(str(text))
    host = rest.partition("/")[0]
    if ":" in host.partition("@")[0] and "@" in host:
        raise UsageError("a URL with a password: keep it where the store's own tools look for it")
    if "::" in scheme:
        raise UsageError(f"{text}: expected one kind of storage, found several")
    return Path(unquote(rest)) if scheme == "file" else Remote(str(text))


def local(text: str, *, where: str) -> Path:
    """Return a path on this machine; `where` names the option in the message.

    Raises:
        UsageError: the text is a URL.
    """
    path = path_of(text)
    if is_remote(path):
        raise UsageError(f"{where}: expected a path on this machine, found a URL, {text}")
    return path


def is_remote(path: AnyPath) -> TypeIs[Remote]:
    """Tell whether a location is a URL."""
    return isinstance(path, Remote)


def relative_to(path: AnyPath, folder: AnyPath) -> PurePath:
    """Return a file's path relative to a folder above it.

    Raises:
        ValueError: the folder is not above it.
    """
    if is_remote(path):
        return path.relative_to(folder)
    return path.relative_to(str(folder))


def entries(folder: AnyPath) -> list[Entry]:
    """Return a folder's entries, sorted, from one listing.

    Raises:
        OSError: there is no such folder.
    """
    if is_remote(folder):
        return folder.entries()
    with os.scandir(folder) as found:
        return [
            Entry(folder, each.name, is_file=each.is_file(), is_dir=each.is_dir(), version="")
            for each in sorted(found, key=attrgetter("name"))
        ]


def version_of(path: AnyPath) -> str:
    """Return a text that changes when the file does; "" if there is no file."""
    try:
        if is_remote(path):
            return path.version()
        stat = path.stat()
    except FileNotFoundError:
        return ""
    return f"{stat.st_size} {stat.st_mtime_ns}"


def sizes_in(folder: AnyPath) -> dict[str, int]:
    """Return the sizes in bytes of a folder's files by name, {} if there is no folder."""
    try:
        if is_remote(folder):
            return folder.sizes()
        return {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    except (FileNotFoundError, NotADirectoryError):
        return {}


def local_copy(path: AnyPath) -> Path:
    """Return a local file with the same content: the file itself, or a copy in the user's cache.

    For files that are memory-mapped. The cache keeps the last version of each URL.

    Raises:
        RetryableError: the file changed meanwhile.
    """
    if not is_remote(path):
        return path
    folder = cache_folder() / "remote" / _digest(str(path))
    version = path.version()
    copy = folder / f"{_digest(version)}.copy"
    if not copy.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{copy.name}.{uuid.uuid4().hex[:12]}.tmp"
        path.fetch_to(draft)
        if path.version() != version:
            draft.unlink()
            raise RetryableError(f"{path}: changed while it was read; run the command again")
        for old in folder.glob("*.copy"):
            old.unlink(missing_ok=True)
        draft.rename(copy)
    return copy


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
