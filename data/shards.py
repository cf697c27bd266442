"""Shards: Arrow IPC stream files, uncompressed, so that they can be memory-mapped."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pyarrow as pa

from data.disk import writing_whole
from data.errors import UsageError
from data.records import Reject, Row
from data.schema import (
    REJECT_SCHEMA,
    ROW_SCHEMA,
    ROW_SCHEMA_1,
    batch_of_rejects,
    batch_of_rows,
    rejects_of_batch,
    rows_of_batch,
    upgraded,
)
from data.storage import AnyPath, is_remote
from data.texts import one_line

ROWS_PER_BATCH = 4096


class OfImage(Protocol):
    """A record with an image key; "" means that it shares no image with others."""

    @property
    def image(self) -> str:
        """Return the image's key."""


R = TypeVar("R", bound=OfImage)


def blocks_of(records: Iterable[R], size: int) -> Iterator[list[R]]:
    """Cut records into the blocks that become shards; adjacent records of an image stay together.

    A block has `size` records, or up to twice as many if its last image has that many.
    """
    block: list[R] = []
    for record in records:
        new_image = not block or not record.image or record.image != block[-1].image
        if (len(block) >= size and new_image) or len(block) >= 2 * size:
            yield block
            block = []
        block.append(record)
    if block:
        yield block


def write_batches(path: Path, batches: Iterable[pa.RecordBatch], *, schema: pa.Schema) -> None:
    """Write record batches into a new stream file."""
    with (
        writing_whole(path),
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_stream(sink, schema) as writer,
    ):
        for batch in batches:
            writer.write_batch(batch)


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write a shard of rows."""
    write_batches(path, chunked(rows), schema=ROW_SCHEMA)


def chunked(rows: Sequence[Row]) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of a shard of these rows."""
    for start in range(0, len(rows), ROWS_PER_BATCH):
        yield batch_of_rows(rows[start : start + ROWS_PER_BATCH])


def write_rejects(path: Path, rejects: Sequence[Reject]) -> None:
    """Write a shard of rejected candidates."""
    write_batches(path, [batch_of_rejects(rejects)], schema=REJECT_SCHEMA)


def open_mapped(path: AnyPath) -> pa.NativeFile:
    """Open a file, memory-mapped; a file by URL is read into memory."""
    return pa.BufferReader(path.read_bytes()) if is_remote(path) else _map_file(path)


def _map_file(path: Path) -> pa.NativeFile:
    return pa.memory_map(str(path))


def map_batches(path: AnyPath, *, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of a file, memory-mapped without copying, or read by URL.

    Raises:
        UsageError: the file is missing, not an Arrow stream, truncated, or has another schema.
    """
    try:
        with open_mapped(path) as source, pa.ipc.open_stream(source) as reader:
            is_old = schema is ROW_SCHEMA and reader.schema.equals(ROW_SCHEMA_1)
            if not is_old and not reader.schema.equals(schema):
                raise UsageError(f"{path}: unexpected columns: {reader.schema.names}")
            yield from map(upgraded, reader) if is_old else reader
    except (pa.ArrowInvalid, OSError) as error:
        raise UsageError(f"{path}: not a readable Arrow stream: {one_line(error)}") from error


def read_rows(path: AnyPath) -> Iterator[Row]:
    """Yield the rows of a shard.

    Raises:
        UsageError: as for `map_batches`.
    """
    for batch in map_batches(path, schema=ROW_SCHEMA):
        yield from rows_of_batch(batch)


def read_plain(path: AnyPath) -> Iterator[dict[str, Any]]:
    """Yield the rows of a shard as JSON values, unchecked: `{"id", "images", ...}`.

    Raises:
        UsageError: as for `map_batches`.
    """
    for batch in map_batches(path, schema=ROW_SCHEMA):
        yield from batch.to_pylist()


def read_rejects(path: AnyPath) -> Iterator[Reject]:
    """Yield the rejects of a shard of rejects.

    Raises:
        UsageError: as for `map_batches`.
    """
    for batch in map_batches(path, schema=REJECT_SCHEMA):
        yield from rejects_of_batch(batch)
