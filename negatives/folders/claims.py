"""Whose folder is it? A command writes into a new folder, and goes on only where one of ours began.

Until a folder is finished the mark of who writes it stands in OUT/work/identity.json, written only
where there is none: of two who begin at the same moment one is told. Without that mark nothing in a
folder is ever deleted.
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
    """Who is writing a folder: the command, and what shapes the content.

    `command` is "" where a run was killed before it could say so: then there is nothing yet.
    """

    command: str
    identity: Json


def mark_of(out: AnyPath) -> Mark | None:
    """Return the mark of a run that was killed in a folder; None if no run of ours began there.

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
    """Mark a folder as being written; it is made if need be. The same mark may be there already.

    Raises:
        UsageError: it cannot be written, or somebody else has just begun there.
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
    """Hold that a folder is still claimed by this mark.

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
