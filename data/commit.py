"""The commit protocol: work that may be killed anywhere and run twice is finished exactly once.

A unit of work has a name. An attempt writes files of its own, is synced, hashed and renamed beside
its marker; the marker `NAME.json`, created exclusively, names the winning attempt's files and
carries what was counted. Whoever comes second finds the marker and adopts the winner. Linking the
winner's files to where readers look is idempotent.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from data.errors import ShardError, UsageError

Json = dict[str, object]


class Committed(NamedTuple):
    """One file of a finished unit: where it lies, its size in bytes and its SHA-256."""

    file: str
    bytes: int
    sha256: str


class Unit(NamedTuple):
    """A finished unit of work: its files by kind, and what was counted while it was made."""

    name: str
    files: Mapping[str, Committed]
    facts: Json


def attempt_path(folder: Path, name: str, kind: str) -> Path:
    """Return a new path for one attempt at a file of the unit `name`."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.{kind}.{uuid.uuid4().hex[:12]}.tmp"


def commit(folder: Path, name: str, attempts: Mapping[str, Path], facts: Json) -> Unit:
    """Finish a unit with these attempted files, by kind; return the winner, which may be another.

    Raises:
        ShardError: the files vanished meanwhile.
        UsageError: the file system knows no hard links.
    """
    files: Json = {}
    for kind, attempt in attempts.items():
        size, sha256 = sync_and_hash(attempt)
        kept = attempt.with_suffix(".done")
        attempt.rename(kept)
        files[kind] = {"file": kept.name, "bytes": size, "sha256": sha256}
    marker = folder / f"{name}.json"
    draft = folder / f"{name}.json.{uuid.uuid4().hex[:12]}.tmp"
    write_synced(draft, json.dumps({"files": files, "facts": facts}, sort_keys=True))
    try:
        _link(draft, marker)
    except FileExistsError:
        pass  # the first attempt wins
    finally:
        draft.unlink()
    sync_folder(folder)
    winner = finished(folder, name)
    if winner is None:
        raise ShardError(f"{marker}: the files it names are gone; something else is writing there")
    return winner


def finished(folder: Path, name: str) -> Unit | None:
    """Return the unit if it is finished and every byte of its files is as it was, else None.

    A marker whose files are missing or damaged is taken away, so that the unit is made again.
    """
    marker = folder / f"{name}.json"
    if not marker.exists():
        return None
    content = json.loads(marker.read_text(encoding="utf-8"))
    files = {kind: Committed(**file) for kind, file in content["files"].items()}
    for file in files.values():
        path = folder / file.file
        if not path.exists() or sync_and_hash(path) != (file.bytes, file.sha256):
            marker.unlink(missing_ok=True)
            return None
    return Unit(name, files, content["facts"])


def link_into_place(source: Path, target: Path) -> None:
    """Show a finished file where readers look; a second call finds the work done.

    The file keeps its place beside the marker too, until the whole job is done.

    Raises:
        UsageError: the file system knows no hard links.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.samefile(source):
        return
    draft = target.with_name(f"{target.name}.{uuid.uuid4().hex[:12]}.tmp")
    _link(source, draft)
    draft.rename(target)


def sweep(folder: Path, *, keep: Collection[Path]) -> None:
    """Delete what killed runs left in a folder: all files but those to be kept."""
    for path in folder.glob("*"):
        if path not in keep:
            path.unlink(missing_ok=True)


def sync_and_hash(path: Path) -> tuple[int, str]:
    """Force a file onto the disk; return its size in bytes and its SHA-256."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest


def write_synced(path: Path, text: str) -> None:
    """Write a text file and force it onto the disk."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def write_atomically(path: Path, text: str) -> None:
    """Replace a text file: a reader sees the old content or the new, never a part."""
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    write_synced(draft, text)
    draft.rename(path)
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


def sync_folder(folder: Path) -> None:
    """Force a folder's entries onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
