"""A new folder that is a part of a finished one: some of its rows, whole or reduced."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from data.commit import Json
from data.errors import UsageError
from data.manifest import Manifest, Shard
from data.records import Row
from data.storage import AnyPath
from negatives.folders.lineage import Account, Counts, Parent, Report, manifest_of
from negatives.folders.writing import NewFolder, write_folder


class Part(NamedTuple):
    """The part of a folder that a command keeps.

    `rows`: the parent's rows of a split -> the rows to keep, each counted. `entry`: the lineage of
    the new folder, called after all rows are written.
    """

    command: str
    rows: Callable[[Iterable[Row], Counts], Iterator[Row]]
    entry: Callable[[], Json]


def write_part(parent: Parent, out: AnyPath, part: Part, *, report: Report) -> Manifest:
    """Write a part of a folder as the new folder `out`.

    The tallies describe the new folder; the counts of the draw stay in the parent's entry of the
    lineage. Rejects are not copied.

    Raises:
        UsageError: nothing is left, or `out` is not new.
    """
    before, counts = parent.manifest, Counts()

    def manifest(shards: tuple[Shard, ...]) -> Manifest:
        if not shards:
            raise UsageError(f"{parent.folder}: nothing is left of it; ask for less")
        account = Account(
            config=before.config,
            seed=before.seed,
            source=before.source,
            producers=before.producers,
            lineage=[*before.lineage, part.entry()],
        )
        return manifest_of(account, shards, counts.content())

    return write_folder(
        NewFolder(out, part.command, parent.shard_rows()),
        (
            (split, part.rows(parent.rows_of(split, report=report), counts))
            for split in before.splits()
        ),
        manifest=manifest,
    )
