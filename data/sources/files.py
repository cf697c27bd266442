"""Find a source's files, name their splits, and read text from them, with errors one can act on."""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from data.errors import UsageError
from data.records import Skip
from data.sources.lines import lines_of
from data.sources.listing import files_below, split_in_name
from data.sources.packed import plain_name
from data.storage import AnyPath, entries, is_remote, relative_to
from data.texts import nearest

_NOT_IN_NAME = re.compile(r"[^\w.]+")

Where = TypeVar("Where", bound=AnyPath)
Splits = dict[str, tuple[AnyPath, ...]]
Found = TypeVar("Found")


class Files(NamedTuple):
    """The files to read, by split, and a Skip for each file that is left out."""

    splits: Splits
    left_out: tuple[Skip, ...]

    def only(self, names: tuple[str, ...] | None) -> "Files":
        """Return the splits with these names, as `choose_splits` does.

        Raises:
            UsageError: one of them was not found.
        """
        return self._replace(splits=choose_splits(self.splits, names))


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSource:
    """Shared by sources that read all files of some kinds below a folder."""

    root: AnyPath
    split: str | None = None
    only_splits: tuple[str, ...] | None = None

    def splits(self) -> tuple[str, ...]:
        """Return `split`, or the splits in the names of files or folders."""
        return tuple(self.files().splits)

    def left_out(self) -> tuple[Skip, ...]:
        """Return the files under `root` that are not read."""
        return self.files().left_out

    def files(self) -> Files:
        """Return the files to read, and those that are left out.

        Raises:
            UsageError: there are none, or none of the splits in `only_splits`.
        """
        raise NotImplementedError

    def files_with(self, *suffixes: str, prefer: str | None = None) -> Files:
        """Return the files with one of the suffixes; only those with `prefer` if there are any."""
        found = find_files(self.root, suffixes=suffixes, split=self.split, prefer=prefer)
        return found.only(self.only_splits)


def choose_splits(found: dict[str, Found], only: tuple[str, ...] | None) -> dict[str, Found]:
    """Return the splits named in `only`, in that order; None means all.

    Raises:
        UsageError: one of them was not found.
    """
    if only is None:
        return found
    for name in only:
        if name not in found:
            raise UsageError(f"no split {name!r}; {nearest(name, found)}")
    return {name: found[name] for name in only}


def files_of(split: str, splits: Splits) -> tuple[AnyPath, ...]:
    """Return the files of a split.

    Raises:
        UsageError: there is no such split.
    """
    return choose_splits(splits, (split,))[split]


def find_splits(
    root: AnyPath, *, suffixes: tuple[str, ...], split: str | None, prefer: str | None = None
) -> Splits:
    """Return the files of `find_files` by split."""
    return find_files(root, suffixes=suffixes, split=split, prefer=prefer).splits


def find_files(
    root: AnyPath, *, suffixes: tuple[str, ...], split: str | None, prefer: str | None = None
) -> Files:
    """Return the files under `root` with one of the suffixes, in any case, sorted, by split.

    If `split` is given, all files belong to it. Otherwise names decide: `train-00000-of-00012.csv`
    belongs to "train", and so does a name with the word train or training in it (likewise
    validation, valid, val, dev; test); the default is "train". For files in folders below `root`,
    the folder's name is the split. If there are files with the suffix `prefer`, only they are read.
    Text and tars may be compressed (`a.csv.gz`).

    Raises:
        UsageError: there is no such path, or no such file in it.
    """
    if existing(root).is_file():
        return Files({split_name(split or split_in_name(root.name)): (root,)}, ())
    files, left_out = files_below(root, suffixes, prefer=prefer)
    if not files:
        wanted = (prefer, *suffixes) if prefer else suffixes
        raise UsageError(
            f"{root}: expected a {' or '.join(wanted)} file, or a folder of them; found "
            f"{contents(root)}"
        )
    splits: dict[str, list[AnyPath]] = {}
    for name, path in files:
        splits.setdefault(split_name(split or name), []).append(path)
    return Files({name: tuple(paths) for name, paths in splits.items()}, left_out)


def find_named(root: AnyPath, names: Collection[str]) -> AnyPath | None:
    """Return the first file with one of these names, ignoring case and compression."""
    listed = reversed([entry for entry in entries(root) if entry.is_file])
    found = {plain_name(entry.name).lower(): entry.path for entry in listed}
    return next((found[name.lower()] for name in names if name.lower() in found), None)


def name_in(root: AnyPath, path: AnyPath) -> str:
    """Return a file's name for messages: its path relative to the source's root."""
    return path.name if path == root else relative_to(path, root).as_posix()


def split_name(text: str) -> str:
    """Return a split's name: letters, digits, "_" and "."; it becomes part of file names."""
    return _NOT_IN_NAME.sub("_", text).lstrip(".") or "all"


def existing(root: Where) -> Where:
    """Return `root`.

    Raises:
        UsageError: there is no such file or folder.
    """
    if root.exists():
        return root
    if is_remote(root) and len(root.parts) <= (4 if root.parts[0] == "hf:" else 2):
        raise UsageError(f"{root}: no such bucket, or it is empty")  # or data set on the Hub
    if not root.parent.is_dir():
        raise UsageError(f"{root}: no such file or folder, nor the folder {root.parent}")
    there = nearest(root.name, (entry.name for entry in entries(root.parent)))
    raise UsageError(f"{root}: no such file or folder; {there}")


def contents(folder: AnyPath) -> str:
    """Return a few names in a folder, for the end of a message."""
    names = sorted(entry.name + "/" * entry.is_dir for entry in entries(folder))
    return (", ".join(names[:8]) + ", ..." * (len(names) > 8)) or "nothing"


def json_of(path: AnyPath, *, drop: frozenset[str] = frozenset()) -> object:
    """Return the content of a JSON file, without the keys in `drop` at any depth.

    Raises:
        UsageError: the file cannot be opened, or is not JSON in UTF-8.
    """

    def without_dropped(pairs: list[tuple[str, object]]) -> dict[str, object]:
        return {key: value for key, value in pairs if key not in drop}

    text = "".join(line for _, line in lines_of(path))
    return parse_json(text, path=path, first_line=1, pairs_hook=without_dropped if drop else None)


def parse_json(
    text: str,
    *,
    path: AnyPath,
    first_line: int,
    pairs_hook: Callable[[list[tuple[str, object]]], object] | None = None,
    advice: str = "fix the file or download it again",
) -> object:
    """Parse a JSON text that begins at line `first_line`; `advice` ends the error message.

    Raises:
        UsageError: it is not JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=pairs_hook)
    except json.JSONDecodeError as error:
        line = first_line + error.lineno - 1
        raise UsageError(
            f"{path}, line {line}: expected JSON, found {excerpt(text, error.pos)} "
            f"({error.msg}); {advice}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{path}, line {first_line}: JSON that cannot be parsed: {error}"
        ) from error


def excerpt(content: str, start: int, *, length: int = 40) -> str:
    """Return a few characters of a file's content, quoted, for a message."""
    return repr(content[start : start + length]) if start < len(content) else "the end of the text"


def shape(value: object) -> str:
    """Describe a JSON value in a few words."""
    if isinstance(value, dict):
        return f"an object with {', '.join(list(value)[:6]) or 'nothing'}"
    return "a list" if isinstance(value, list) else type(value).__name__


def check_columns(
    wanted: Collection[str], present: Collection[str], *, where: str, advice: str = ""
) -> None:
    """Check that the wanted columns exist; `advice` ends the message otherwise.

    Raises:
        UsageError: one is missing; the message names the most similar one.
    """
    for name in wanted:
        if name not in present:
            raise UsageError(f"{where}: no column {name!r}; {nearest(name, present)}{advice}")
