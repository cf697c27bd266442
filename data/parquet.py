"""Parquet's door: records of a parquet file, a batch in memory at a time."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import UsageError
from data.sources.files import check_columns, excerpt
from data.sources.table import Record

BATCH_ROWS = 4096


def read_records(path: Path, *, columns: tuple[str, ...]) -> Iterator[Record]:
    """Yield the place (rows count from 0) and the cells of each record, these columns only.

    Raises:
        UsageError: the file cannot be read, is damaged, or lacks a column.
    """
    row = 0
    try:
        with pq.ParquetFile(path) as file:
            check_columns(columns, file.schema_arrow.names, where=str(path))
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(columns)):
                for cells in batch.to_pylist():
                    yield f"{path.name}, row {row}", cells
                    row += 1
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        message = " ".join(str(error).split())
        raise UsageError(
            f"{path}, after row {row}: expected a whole parquet file, found: "
            f"{excerpt(message, 0, length=120)}; download or write it again"
        ) from error
