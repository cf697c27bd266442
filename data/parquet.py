"""Parquet's door: records of a parquet file, a batch in memory at a time."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import UsageError
from data.sources.files import check_columns, excerpt
from data.sources.table import Record

BATCH_ROWS = 4096


def read_records(
    path: Path, *, columns: tuple[str, ...], batch_rows: int = BATCH_ROWS
) -> Iterator[Record]:
    """Yield the place (rows count from 0) and the cells of each record, these columns only.

    Raises:
        UsageError: the file cannot be read, is damaged, or lacks a column.
    """
    row = 0
    for records in _batches(path, columns, batch_rows):
        for cells in records:
            yield f"{path.name}, row {row}", cells
            row += 1


def read_features(path: Path) -> Mapping[str, object]:
    """Return what the `datasets` library says of each column of a file that it wrote, else nothing.

    Raises:
        UsageError: the file cannot be read, or is damaged.
    """
    try:
        metadata = pq.read_schema(path).metadata or {}
        stated = json.loads(metadata.get(b"huggingface", b"{}"))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(path, error) from error
    features = stated.get("info", {}).get("features", {})
    return features if isinstance(features, Mapping) else {}


def _batches(
    path: Path, columns: tuple[str, ...], batch_rows: int
) -> Iterator[list[dict[str, object]]]:
    try:
        with pq.ParquetFile(path) as file:
            check_columns(columns, file.schema_arrow.names, where=str(path))
            for batch in file.iter_batches(batch_size=batch_rows, columns=list(columns)):
                yield batch.to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> UsageError:
    message = excerpt(" ".join(str(error).split()), 0, length=120)
    return UsageError(
        f"{path}: expected a whole parquet file, found: {message}; download or write it again"
    )


def write_parquet(path: Path, batches: Iterable[pa.RecordBatch], *, schema: pa.Schema) -> None:
    """Write record batches into a new parquet file, a row group each."""
    with pq.ParquetWriter(path, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
