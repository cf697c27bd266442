"""Parquet's door: records of a parquet file, a batch in memory at a time."""

from collections.abc import Iterable, Iterator
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


def _batches(
    path: Path, columns: tuple[str, ...], batch_rows: int
) -> Iterator[list[dict[str, object]]]:
    try:
        with pq.ParquetFile(path) as file:
            check_columns(columns, file.schema_arrow.names, where=str(path))
            for batch in file.iter_batches(batch_size=batch_rows, columns=list(columns)):
                yield batch.to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        message = excerpt(" ".join(str(error).split()), 0, length=120)
        raise UsageError(
            f"{path}: expected a whole parquet file, found: {message}; download or write it again"
        ) from error


def write_parquet(path: Path, batches: Iterable[pa.RecordBatch], *, schema: pa.Schema) -> None:
    """Write record batches into a new parquet file, a row group each."""
    with pq.ParquetWriter(path, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
