"""Finished folders as parquet files, and back to the same shards, byte for byte.

A published folder holds the unchanged manifest and, in `data` and `rejects`, the rows of the shards
in order, as parquet files. To restore the shards, rows are cut where the manifest says, written as
a build writes them, and compared with its SHA-256.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from data.commit import sync_and_hash, sync_folder
from data.errors import UsageError
from data.manifest import FILE_NAME, FLUENCY, Manifest, Shard, manifest_without_sizes, row_problems
from data.parquet import read_batches
from data.records import Row
from data.schema import (
    REJECT_SCHEMA,
    ROW_SCHEMA,
    ROW_SCHEMA_1,
    downgraded,
    rejects_of_batch,
    rows_of_batch,
    upgraded,
)
from data.shards import chunked, write_batches, write_rejects, write_rows

Report = Callable[[int], None]
"""Receives the number of rows just done."""


class Kind(NamedTuple):
    """A kind of shard: its folder, its schema, and conversions to records and back."""

    folder: str
    schema: Any
    records_of: Callable[[Any], Iterator[Any]]
    write: Callable[[Path, Any], None]


def _rows_of_version_1(batch: Any) -> Iterator[Row]:  # noqa: ANN401 - Arrow has no types
    return rows_of_batch(upgraded(batch))


def _write_version_1(path: Path, rows: Sequence[Row]) -> None:
    write_batches(path, map(downgraded, chunked(rows)), schema=ROW_SCHEMA_1)


ROWS: Final = Kind("data", ROW_SCHEMA, rows_of_batch, write_rows)
ROWS_1: Final = Kind("data", ROW_SCHEMA_1, _rows_of_version_1, _write_version_1)
REJECTS: Final = Kind("rejects", REJECT_SCHEMA, rejects_of_batch, write_rejects)


def shards_by_kind(manifest: Manifest) -> tuple[tuple[Kind, tuple[Shard, ...]], ...]:
    """Return each kind with its shards."""
    rows = ROWS_1 if manifest.schema == 1 else ROWS
    return (rows, manifest.shards), (REJECTS, manifest.rejects)


def split_name(split: str) -> str:
    """Return the published name of a split: letters, digits and underscores."""
    return re.sub(r"\W", "_", split, flags=re.ASCII)


def restore_folder(
    published: Path, out: Path, *, report: Report = lambda _num_rows: None
) -> Manifest:
    """Restore the shards of a published folder into an empty one, the manifest last.

    Raises:
        UsageError: a file is missing or damaged, or its rows do not give the stated bytes.
    """
    manifest = manifest_without_sizes(published)
    for kind, shards in shards_by_kind(manifest):
        for split in dict.fromkeys(shard.split for shard in shards):
            chosen = [shard for shard in shards if shard.split == split]
            records = records_of(files_of(published / kind.folder, split), kind)
            for num_rows in restore_shards(records, chosen, out, kind=kind, manifest=manifest):
                report(num_rows)
    for stored in manifest.fluency:
        source, target = published / stored.file, within(out, stored.file)
        if not source.is_file() or sync_and_hash(source) != (stored.bytes, stored.sha256):
            raise UsageError(f"{published}: {stored.file}: missing or damaged; publish it again")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for folder in (ROWS.folder, REJECTS.folder, FLUENCY):
        if (out / folder).is_dir():
            sync_folder(out / folder)
    shutil.copyfile(published / FILE_NAME, out / FILE_NAME)
    sync_and_hash(out / FILE_NAME)
    sync_folder(out)
    return manifest


def files_of(folder: Path, split: str) -> list[Path]:
    """Return the parquet files of a split, in order."""
    pattern = re.compile(re.escape(split_name(split)) + r"-\d{5,}-of-\d{5,}\.parquet")
    return sorted(path for path in folder.glob("*.parquet") if pattern.fullmatch(path.name))


def records_of(paths: Iterable[Path], kind: Kind) -> Iterator[Any]:
    """Yield the records of parquet files.

    Raises:
        UsageError: a file cannot be read, or holds invalid edits.
    """
    for path in paths:
        try:
            for batch in read_batches(path, schema=kind.schema):
                yield from kind.records_of(batch)
        except ValueError as error:
            raise UsageError(f"{path}: {error}; publish it again") from error


def restore_shards(
    records: Iterator[Any], shards: Iterable[Shard], out: Path, *, kind: Kind, manifest: Manifest
) -> Iterator[int]:
    """Cut records into shards below `out`, checked against the manifest; yield their rows.

    Raises:
        UsageError: there are more, fewer or other records than it states, or an edit is invalid.
    """
    for shard in shards:
        chosen = list(islice(records, shard.rows))
        target = within(out, shard.file)
        target.parent.mkdir(parents=True, exist_ok=True)
        kind.write(target, chosen)
        if sync_and_hash(target) != (shard.bytes, shard.sha256):
            raise UsageError(_differs(shard, len(chosen), manifest))
        _check_rows(shard, chosen, manifest)
        yield len(chosen)
    if any(True for _ in records):
        raise UsageError(f"{kind.folder}: more rows than the manifest states; publish it again")


def within(folder: Path, file: str) -> Path:
    """Return the path of a file that a manifest names, which must lie below the folder.

    Raises:
        UsageError: it does not.
    """
    path = Path(file)
    if path.is_absolute() or ".." in path.parts or len(path.parts) != 2:
        raise UsageError(f"{FILE_NAME}: expected a file in the folder, found {file!r}")
    return folder / path


def _check_rows(shard: Shard, records: Iterable[Any], manifest: Manifest) -> None:
    num_producers = len(manifest.producers)
    rows = (record for record in records if isinstance(record, Row))
    problems = chain.from_iterable(row_problems(row, num_producers=num_producers) for row in rows)
    for problem in problems:
        raise UsageError(f"{shard.file}: {problem}")


def _differs(shard: Shard, num_found: int, manifest: Manifest) -> str:
    if num_found != shard.rows:
        return f"{shard.file}: expected {shard.rows} rows, found {num_found}; publish it again"
    return (
        f"{shard.file}: its rows do not give the bytes that the manifest states; it was written "
        f"with pyarrow {manifest.versions.get('pyarrow', 'of another version')}: install that "
        "version, or rewrite the folder with `negatives filter`"
    )
