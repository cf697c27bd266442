"""Write rows as a finished folder, without a build: shards and a manifest.

The rules are a build's, for work that is short enough to start over: only new folders, drafts in
OUT/work, and the manifest last, so that a folder with one is complete. The next run recognises what
a killed one left by its mark, and deletes it.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from data.commit import attempt_path, move, remove_tree, sync_and_hash, sync_folder
from data.errors import RetryableError, UsageError
from data.manifest import FILE_NAME, Manifest, Shard, write_manifest
from data.records import Row
from data.shards import blocks_of, write_rows
from data.storage import AnyPath
from negatives.folders.claims import Mark, claim, clear, holds, mark_of, refuse_if_taken
from negatives.folders.lineage import Report

COMMANDS = ("import", "filter", "merge", "repair")


class NewFolder(NamedTuple):
    """A folder to be written by one of `COMMANDS`, with its number of captions per shard."""

    out: AnyPath
    command: str
    shard_rows: int


def write_folder(
    new: NewFolder,
    splits: Iterable[tuple[str, Iterable[Row]]],
    *,
    manifest: Callable[[tuple[Shard, ...]], Manifest],
    report: Report = lambda _num_captions: None,
) -> Manifest:
    """Write the rows of each split, then the manifest that `manifest` returns.

    One shard is held in memory. An exception restores the folder to its previous state.

    Raises:
        UsageError: it exists, is not empty, and was not left by a killed run of `COMMANDS`.
    """
    out = new.out
    mark = Mark(new.command, {"run": uuid.uuid4().hex})
    existed = _claim(new, mark)
    try:
        drafts = list(_drafts(new, splits, run=mark.identity["run"], report=report))
        shards = _shards(drafts)
        written = manifest(shards)
        (out / "data").mkdir()
        for draft, shard in zip(drafts, shards, strict=True):
            move(draft.path, out / shard.file)
        sync_folder(out / "data")
        refuse_if_taken(out, mark)
        write_manifest(out, written)
    except BaseException:
        _withdraw(out, mark, existed=existed)
        raise
    remove_tree(out / "work")
    return written


def refuse_unless_new(out: AnyPath, command: str) -> None:
    """Hold that a command may write to this folder.

    Raises:
        UsageError: it is neither absent nor empty, nor left by a killed run of `COMMANDS`.
    """
    if (out / FILE_NAME).exists():
        raise UsageError(f"{out}: contains a finished folder; choose another")
    if not _is_unfinished(out) and out.exists() and any(out.iterdir()):
        raise UsageError(
            f"{out}: not empty, and not an unfinished {command}; choose another folder"
        )


def _is_unfinished(out: AnyPath) -> bool:
    """Tell whether a killed run of `COMMANDS` left this folder."""
    found = mark_of(out)
    return found is not None and found.command in ("", *COMMANDS)


class _Draft(NamedTuple):
    path: AnyPath
    split: str
    rows: int
    bytes: int
    sha256: str


def _drafts(
    new: NewFolder, splits: Iterable[tuple[str, Iterable[Row]]], *, run: object, report: Report
) -> Iterator[_Draft]:
    number = 0
    for split, rows in splits:
        for block in blocks_of(rows, new.shard_rows):
            path = new.out / "work" / f"{number:05d}-{run}.arrow"
            attempt = attempt_path(path.parent, path.name, "rows")
            number += 1
            write_rows(attempt, block)
            size, sha256 = sync_and_hash(attempt)
            move(attempt, path)
            yield _Draft(path, split, len(block), size, sha256)
            report(len(block))


def _shards(drafts: Sequence[_Draft]) -> tuple[Shard, ...]:
    totals = Counter(draft.split for draft in drafts)
    seen: Counter[str] = Counter()
    shards: list[Shard] = []
    for draft in drafts:
        split = draft.split
        file = f"data/{split}-{seen[split]:05d}-of-{totals[split]:05d}.arrow"
        seen[split] += 1
        shards.append(
            Shard(file=file, split=split, rows=draft.rows, bytes=draft.bytes, sha256=draft.sha256)
        )
    return tuple(shards)


def _claim(new: NewFolder, mark: Mark) -> bool:
    """Mark a folder as being written; return whether it was there before."""
    out = new.out
    existed = out.exists()
    refuse_unless_new(out, new.command)
    if _is_unfinished(out):
        clear(out)
        refuse_unless_new(out, new.command)
    claim(out, mark)
    return existed


def _withdraw(out: AnyPath, mark: Mark, *, existed: bool) -> None:
    """Delete what was written, unless another command has taken the folder over."""
    with suppress(OSError, RetryableError, UsageError):  # the earlier error matters more
        if holds(out, mark):
            for made in (out / "data", out / "work") if existed else (out,):
                remove_tree(made)
