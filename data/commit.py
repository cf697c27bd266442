"""The commit protocol: work may be killed anywhere and run twice, yet is committed exactly once.

Each unit of work has a name. An attempt writes its own temporary files, syncs and hashes them, and
renames them to a place beside the marker. The marker `NAME.json`, created exclusively, names the
winning attempt's files and holds its counts. A later attempt finds the marker and adopts the
winner. Linking the winner's files to where readers look is idempotent.

Object stores have no rename or hard links: each attempt is written on this machine, hashed and
uploaded under a unique name; the marker is a conditional write, and the store copies the winner's
files to where readers look.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from data.disk import writing
from data.errors import ShardError, UsageError
from data.storage import AnyPath, is_remote

_KEPT_S: Final = 86_400.0
Json = dict[str, object]


class Committed(NamedTuple):
    """One file of a finished unit: its path, its size in bytes and its SHA-256."""

    file: str
    bytes: int
    sha256: str


class Unit(NamedTuple):
    """A finished unit of work: its files by kind, and its counts."""

    name: str
    files: Mapping[str, Committed]
    stats: Json


def attempt_path(folder: AnyPath, name: str, kind: str) -> Path:
    """Return a new path on this machine for an attempt at a file of the unit `name`."""
    if is_remote(folder):
        folder = _scratch()
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.{kind}.{uuid.uuid4().hex[:12]}.tmp"


@lru_cache(maxsize=1)
def _scratch() -> Path:
    """Return a local folder for attempts; leftovers of killed runs are deleted after a day."""
    folder = Path(tempfile.gettempdir()) / f"caption-negatives-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _KEPT_S:
                path.unlink()
    return folder


def commit(folder: AnyPath, name: str, attempts: Mapping[str, Path], stats: Json) -> Unit:
    """Commit a unit with these files, by kind; return the winner, which may be another attempt.

    Raises:
        ShardError: the files vanished meanwhile.
        UsageError: the file system has no hard links.
    """
    files = {kind: _keep(folder, attempt)._asdict() for kind, attempt in attempts.items()}
    content = json.dumps({"files": files, "facts": stats}, sort_keys=True)
    write_if_absent(folder / f"{name}.json", content)  # the first attempt wins
    winner = find_finished(folder, name)
    if winner is None:
        raise ShardError(
            f"{folder / name}.json: the files it names are gone; something else is writing there"
        )
    return winner


def _keep(folder: AnyPath, attempt: Path) -> Committed:
    """Move an attempt to its final place beside the marker."""
    size, sha256 = sync_and_hash(attempt)
    kept = folder / attempt.with_suffix(".done").name
    move(attempt, kept)
    return Committed(kept.name, size, sha256)


def move(attempt: AnyPath, target: AnyPath) -> None:
    """Give a complete file its final name."""
    if not is_remote(target):
        assert not is_remote(attempt), "what is written by URL stays in its store"
        attempt.rename(target)
        return
    try:
        if is_remote(attempt):
            attempt.copy_to(target)
        else:
            target.receive(attempt)
    finally:
        attempt.unlink()


def write_if_absent(path: AnyPath, text: str) -> bool:
    """Create a text file, all of it or nothing; return False if it already existed.

    Raises:
        UsageError: the file system has no hard links.
    """
    if is_remote(path):
        return path.create(text.encode())
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        with writing(path):
            write_synced(draft, text)
        _link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def find_finished(folder: AnyPath, name: str) -> Unit | None:
    """Return the unit if it is finished and its files are intact, else None.

    On this machine every byte is checked; in a store, which verifies uploads, only the sizes are. A
    marker whose files are missing or damaged is deleted, so that the unit is made again.
    """
    marker = folder / f"{name}.json"
    try:
        content = json.loads(marker.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    files = {kind: Committed(**file) for kind, file in content["files"].items()}
    if not all(_is_whole(folder / file.file, file) for file in files.values()):
        marker.unlink(missing_ok=True)
        return None
    return Unit(name, files, content["facts"])


def _is_whole(path: AnyPath, file: Committed) -> bool:
    try:
        if is_remote(path):
            return path.stat().st_size == file.bytes
        return sync_and_hash(path) == (file.bytes, file.sha256)
    except FileNotFoundError:
        return False


def link_into_place(source: AnyPath, target: AnyPath) -> None:
    """Link or copy a finished file to where readers look; on this machine this is idempotent.

    The file also stays beside its marker until the whole job is done.

    Raises:
        UsageError: the file system has no hard links.
    """
    if is_remote(source):
        assert is_remote(target), "work is inside the output folder"
        source.copy_to(target)
        return
    assert not is_remote(target), "work is inside the output folder"
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.samefile(source):
        return
    draft = target.with_name(f"{target.name}.{uuid.uuid4().hex[:12]}.tmp")
    _link(source, draft)
    draft.rename(target)


def sweep(folder: AnyPath, *, keep: Collection[AnyPath]) -> None:
    """Delete what killed runs left in a folder: all files except those in `keep`."""
    for path in folder.glob("*"):
        if path not in keep:
            path.unlink(missing_ok=True)


def remove_tree(folder: AnyPath) -> None:
    """Delete a folder and its content, if it exists."""
    if is_remote(folder):
        folder.remove_tree()
    elif folder.exists():
        shutil.rmtree(folder)


def sync_and_hash(path: AnyPath) -> tuple[int, str]:
    """Sync a file to disk; return its size in bytes and its SHA-256."""
    with writing(path), path.open("rb") as file:
        if not is_remote(path):
            os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest


def write_synced(path: Path, text: str) -> None:
    """Write a text file and sync it to disk."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def write_atomically(path: AnyPath, text: str) -> None:
    """Replace a text file atomically: a reader sees the old content or the new."""
    if is_remote(path):
        path.write_text(text)
        return
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        with writing(path):
            write_synced(draft, text)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, which must be new."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError as error:
        raise UsageError(
            f"{target.parent}: expected a file system with hard links ({error.strerror}); "
            "build into a folder on another one"
        ) from error


def sync_folder(folder: AnyPath) -> None:
    """Sync a folder's entries to disk."""
    if is_remote(folder):
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
