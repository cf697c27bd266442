"""A command claims a new folder before it writes there, and resumes only its own unfinished work.

Until the folder is finished, OUT/work/identity.json names the command that writes it. The file is
created exclusively: if two commands begin at the same moment, one gets an error. Nothing is ever
deleted in a folder without this mark.
"""

import json
from typing import NamedTuple

from data.commit import Json, remove_tree, write_if_absent
from data.disk import unwritable
from data.errors import ShardError, UsageError
from data.storage import AnyPath

_MARK = "identity.json"
_WRITTEN = ("data", "rejects", "fluency", "run.json")


class Mark(NamedTuple):
    """The command that writes a folder, and everything that shapes the content.

    `command` is "" if a run was killed before it could record itself; then nothing was written yet.
    """

    command: str
    identity: Json


def mark_of(out: AnyPath) -> Mark | None:
    """Return the mark of a killed run in a folder; None if no run of ours began there.

    Raises:
        UsageError: it is a file.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: expected a new folder, found a file; choose another name")
    work = out / "work"
    if not work.is_dir():
        return None
    if (work / _MARK).exists():
        return _read(work / _MARK)
    is_bare = all(path.name.startswith(_MARK) for path in work.iterdir())
    return Mark("", {}) if is_bare and [path.name for path in out.iterdir()] == ["work"] else None


def claim(out: AnyPath, mark: Mark) -> None:
    """Mark a folder as being written, creating it if necessary; it may have this mark already.

    Raises:
        UsageError: it cannot be written, or another command has just begun there.
    """
    try:
        (out / "work").mkdir(parents=True, exist_ok=True)
        write_if_absent(out / "work" / _MARK, json.dumps(mark._asdict(), sort_keys=True))
    except OSError as error:
        raise unwritable(out, error) from error
    if not holds(out, mark):
        raise UsageError(f"{out}: another command began there just now; choose another folder")


def holds(out: AnyPath, mark: Mark) -> bool:
    """Tell whether a folder is still claimed by this mark."""
    try:
        there = _read(out / "work" / _MARK)
    except FileNotFoundError:
        return False
    return there == _parse(json.dumps(mark._asdict()))


def refuse_if_taken(out: AnyPath, mark: Mark) -> None:
    """Check that a folder is still claimed by this mark.

    Raises:
        ShardError: another command has taken it over, or finished it.
    """
    if not holds(out, mark):
        raise ShardError(f"{out}: another command took this folder over; run this again")


def clear(out: AnyPath) -> None:
    """Delete what an unfinished run wrote, its mark last."""
    work = out / "work"
    unmarked = [path for path in work.iterdir() if path.name != _MARK] if work.is_dir() else []
    for path in (*(out / name for name in _WRITTEN), *unmarked):
        if path.is_dir():
            remove_tree(path)
        else:
            path.unlink(missing_ok=True)
    remove_tree(work)


def _read(path: AnyPath) -> Mark | None:
    return _parse(path.read_text(encoding="utf-8"))


def _parse(text: str) -> Mark | None:
    try:
        content = json.loads(text)
        return Mark(str(content["command"]), dict(content["identity"]))
    except (ValueError, KeyError, TypeError):
        return None
