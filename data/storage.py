"""Places of files: paths of this machine, and URLs, which answer the same questions."""

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
"""A path on this machine or a URL: for code that only calls a path's methods.

Code that needs a file on this machine (`os`, a lock, a memory map) takes a `Path`. `is_remote`
tells the two apart, and mypy then knows which one is left.
"""


def path_of(text: str | AnyPath) -> AnyPath:
    """Return a path of this machine, or for a URL a `Remote`.

    Raises:
        UsageError: the URL holds a password, or chains several kinds of storage.
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
    """Tell whether a place is one by URL."""
    return isinstance(path, Remote)


def relative_to(path: AnyPath, folder: AnyPath) -> PurePath:
    """Return the path of a file relative to a folder above it.

    Raises:
        ValueError: the folder is not above it.
    """
    if is_remote(path):
        return path.relative_to(folder)
    return path.relative_to(str(folder))


def entries(folder: AnyPath) -> list[Entry]:
    """Return what is in a folder, sorted, all from one listing.

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
    """Return what is another text as soon as the file is another one; "" if it is not there."""
    try:
        if is_remote(path):
            return path.version()
        stat = path.stat()
    except FileNotFoundError:
        return ""
    return f"{stat.st_size} {stat.st_mtime_ns}"


def sizes_in(folder: AnyPath) -> dict[str, int]:
    """Return the sizes in bytes of a folder's files by their names, {} if there is none."""
    try:
        if is_remote(folder):
            return folder.sizes()
        return {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    except (FileNotFoundError, NotADirectoryError):
        return {}


def at_hand(path: AnyPath) -> Path:
    """Return a file of this machine of the same content: the file, or a copy in the user's cache.

    For what is mapped into memory. Of each URL the last version is kept.

    Raises:
        RetryableError: the file has become another one meanwhile.
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
            raise RetryableError(f"{path}: changed while it was read; run the same again")
        for old in folder.glob("*.copy"):
            old.unlink(missing_ok=True)
        draft.rename(copy)
    return copy


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
