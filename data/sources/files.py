"""Find a source's files, name their splits, and read text from them, with errors one can act on."""

import json
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TypeVar

from data.errors import UsageError
from data.remote import Entry
from data.storage import entries, is_remote
from data.texts import nearest

_SHARD = re.compile(r"(.+?)-\d+-of-\d+\..+")
_SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}
_NOT_IN_NAME = re.compile(r"[^\w.]+")

Splits = dict[str, tuple[Path, ...]]
Files = TypeVar("Files")


def chosen(found: dict[str, Files], only: tuple[str, ...] | None) -> dict[str, Files]:
    """Return the splits named in `only`, in that order; all of them for None.

    Raises:
        UsageError: one of them was not found.
    """
    if only is None:
        return found
    for name in only:
        if name not in found:
            raise UsageError(f"no split {name!r}; {nearest(name, found)}")
    return {name: found[name] for name in only}


def files_of(split: str, splits: Splits) -> tuple[Path, ...]:
    """Return the files of a split.

    Raises:
        UsageError: there is no such split.
    """
    return chosen(splits, (split,))[split]


def find_splits(
    root: Path, *, suffixes: tuple[str, ...], split: str | None, prefer: str | None = None
) -> Splits:
    """Return the files under `root` with one of the suffixes, sorted, by split.

    With `split` given all of them are that split. Otherwise names tell: `train-00000-of-00012.csv`
    belongs to "train", and so does a name with the word train or training in it (likewise
    validation, valid, val, dev; test); where nothing tells, "train" it is. A folder that holds no
    such file itself is searched one level down, and its subfolders are the splits. Where there are
    files with the suffix `prefer`, only they are taken.

    Raises:
        UsageError: there is no such path, or no such file in it.
    """
    if existing(root).is_file():
        return {split_name(split or _split_told(root.name)): (root,)}
    wanted = (prefer, *suffixes) if prefer else suffixes
    told = (_told(root, (prefer,)) if prefer else []) or _told(root, suffixes)
    if not told:
        raise UsageError(
            f"{root}: expected a {' or '.join(wanted)} file, or a folder of them; found "
            f"{contents(root)}"
        )
    splits: dict[str, tuple[Path, ...]] = {}
    for name, path in told:
        key = split_name(split or name)
        splits[key] = (*splits.get(key, ()), path)
    return splits


def _told(root: Path, suffixes: tuple[str, ...]) -> list[tuple[str, Path]]:
    """Return the files of a folder, or else of its subfolders, each after its split's name."""
    listed = entries(root)
    files = [(_split_told(path.name), path) for path in _with_suffix(listed, suffixes)]
    folders = [entry.path for entry in listed if entry.is_dir]
    return files or [(f.name, path) for f in folders for path in _with_suffix(entries(f), suffixes)]


def _split_told(file_name: str) -> str:
    """Return the split that a file's name tells."""
    if shard := _SHARD.fullmatch(file_name):
        return shard[1]
    words = re.split(r"[^a-z]+", file_name.lower())
    return next((_SPLIT_WORDS[word] for word in words if word in _SPLIT_WORDS), "train")


def split_name(text: str) -> str:
    """Return a split's name: letters, digits, "_" and "."; it becomes part of file names."""
    return _NOT_IN_NAME.sub("_", text).lstrip(".") or "all"


def existing(root: Path) -> Path:
    """Return `root`.

    Raises:
        UsageError: there is no such file or folder.
    """
    if root.exists():
        return root
    if is_remote(root) and len(root.parts) <= (4 if root.parts[0] == "hf:" else 2):
        raise UsageError(f"{root}: no such bucket, or nothing is in it")  # or data set of the Hub
    if not root.parent.is_dir():
        raise UsageError(f"{root}: no such file or folder, nor the folder {root.parent}")
    there = nearest(root.name, (entry.name for entry in entries(root.parent)))
    raise UsageError(f"{root}: no such file or folder; {there}")


def contents(folder: Path) -> str:
    """Return a few names of what a folder holds: for the end of a message."""
    names = sorted(entry.name + "/" * entry.is_dir for entry in entries(folder))
    return (", ".join(names[:8]) + ", ..." * (len(names) > 8)) or "nothing"


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yield the number (from 1) and the text of each line, its `\n` or `\r\n` with it.

    A byte order mark is taken off; U+2028 and the like do not end a line.

    Raises:
        UsageError: the file cannot be opened, or a line is not UTF-8.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error
    with file:
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise UsageError(
                    f"{path}, line {number}: expected UTF-8, found the byte "
                    f"0x{line[error.start]:02x}; convert the file "
                    "(iconv -f latin1 -t utf-8, if it is Latin-1)"
                ) from error
            yield number, text


def json_of(path: Path, *, drop: frozenset[str] = frozenset()) -> object:
    """Return what a JSON file holds, without the keys in `drop` wherever they stand.

    Raises:
        UsageError: the file cannot be opened, or is not JSON in UTF-8.
    """

    def kept(pairs: list[tuple[str, object]]) -> dict[str, object]:
        return {key: value for key, value in pairs if key not in drop}

    text = "".join(line for _, line in lines_of(path))
    return parse_json(text, path=path, first_line=1, pairs_hook=kept if drop else None)


def parse_json(
    text: str,
    *,
    path: Path,
    first_line: int,
    pairs_hook: Callable[[list[tuple[str, object]]], object] | None = None,
) -> object:
    """Return what a JSON text holds; `first_line` is its place in the file.

    Raises:
        UsageError: it is not JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=pairs_hook)
    except json.JSONDecodeError as error:
        line = first_line + error.lineno - 1
        raise UsageError(
            f"{path}, line {line}: expected JSON, found {excerpt(text, error.pos)} "
            f"({error.msg}); mend the file or download it again"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}, line {first_line}: JSON beyond reason: {error}") from error


def excerpt(content: str, start: int, *, length: int = 40) -> str:
    """Return a few characters of a file's content, quoted: for the middle of a message."""
    return repr(content[start : start + length]) if start < len(content) else "the end of the text"


def shape(value: object) -> str:
    """Return in a few words what a JSON value is."""
    if isinstance(value, dict):
        return f"an object with {', '.join(list(value)[:6]) or 'nothing'}"
    return "a list" if isinstance(value, list) else type(value).__name__


def check_columns(wanted: Collection[str], present: Collection[str], *, where: str) -> None:
    """Hold that the wanted columns are there.

    Raises:
        UsageError: one is not; the most similar one is named.
    """
    for name in wanted:
        if name not in present:
            raise UsageError(f"{where}: no column {name!r}; {nearest(name, present)}")


def _with_suffix(listed: list[Entry], suffixes: tuple[str, ...]) -> list[Path]:
    """Return the files of a folder with one of the suffixes; hidden ones are left out."""
    names = [entry for entry in listed if entry.is_file and entry.name.endswith(suffixes)]
    return [entry.path for entry in names if not entry.name.startswith(".")]


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path}: expected a file that can be read, found: {error.strerror or error}")
