"""Parquet files: records are read one batch at a time. The only import of pyarrow.parquet."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from data.disk import writing
from data.errors import UsageError
from data.sources.files import check_columns, excerpt
from data.sources.lines import unreadable
from data.sources.packed import foreign, head_of
from data.sources.table_files import Record, cells_by_name
from data.storage import AnyPath, is_remote

_MAGIC = b"PAR1"
BATCH_ROWS = 4096
GROUP_ROWS = 65_536


def read_records(
    path: AnyPath,
    *,
    columns: tuple[str, ...],
    batch_rows: int = BATCH_ROWS,
    name: str = "",
    advice: str = "",
) -> Iterator[Record]:
    """Yield the place (rows count from 0) and the cells of each record, for these columns only.

    Text that is not UTF-8 stays bytes. `name`: the file's name in places. `advice`: the end of the
    message about a missing column.

    Raises:
        UsageError: the file cannot be read, is damaged, or lacks a column.
    """
    row = 0
    for records in _batches(path, columns, batch_rows, advice):
        for cells in records:
            yield f"{name or path.name}, row {row}", cells
            row += 1


def read_features(path: AnyPath) -> Mapping[str, object]:
    """Return the `datasets` library's feature of each column, {} for files of other writers.

    Raises:
        UsageError: the file cannot be read, or is damaged.
    """
    try:
        metadata = pq.read_schema(_readable(path)).metadata or {}
        stated = json.loads(metadata.get(b"huggingface", b"{}"))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damage_error(path, error) from error
    features = stated.get("info", {}).get("features", {})
    return features if isinstance(features, Mapping) else {}


def _batches(
    path: AnyPath, columns: tuple[str, ...], batch_rows: int, advice: str
) -> Iterator[list[dict[str, object]]]:
    try:
        with pq.ParquetFile(_readable(path)) as file:
            check_columns(columns, file.schema_arrow.names, where=str(path), advice=advice)
            for batch in file.iter_batches(batch_size=batch_rows, columns=list(columns)):
                yield _plain(batch)
    except (pa.ArrowException, OSError) as error:
        raise _damage_error(path, error) from error


def _plain(batch: pa.RecordBatch) -> list[dict[str, object]]:
    """Return the records of a batch; columns with the same name give a list of cells."""
    names = batch.schema.names
    try:
        if len(set(names)) == len(names):
            records: list[dict[str, object]] = batch.to_pylist()
            return records
    except UnicodeDecodeError:  # one bad text would otherwise fail the whole batch
        pass
    columns = [[_cell(scalar) for scalar in column] for column in batch.columns]
    return [cells_by_name(names, cells) for cells in zip(*columns, strict=True)]


def _cell(scalar: pa.Scalar) -> object:
    """Return a Python value; text that is not UTF-8 becomes bytes."""
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        if isinstance(scalar, pa.StructScalar):
            return {name: _cell(scalar[name]) for name in scalar}
        if isinstance(scalar, pa.ListScalar):
            return [_cell(item) for item in scalar.values]
        if isinstance(scalar, pa.DictionaryScalar):
            return _cell(scalar.value)
        return scalar.as_buffer().to_pybytes()


def _readable(path: AnyPath) -> AnyPath | IO[bytes]:
    """Open a parquet file; pyarrow reads only the parts it needs of a file by URL."""
    return path.open("rb") if is_remote(path) else path


def _damage_error(path: AnyPath, error: Exception) -> UsageError:
    if isinstance(error, OSError) and error.errno is not None:
        return unreadable(path, error)
    head = head_of(path)
    if not head.startswith(_MAGIC) and (found := foreign(head)):
        return UsageError(f"{path}: expected a parquet file, found {found}")
    message = excerpt(" ".join(str(error).split()), 0, length=120)
    return UsageError(
        f"{path}: damaged parquet file: {message}{_find_damage(path)}; download or write it again"
    )


def _find_damage(path: AnyPath) -> str:
    """Return the column and row group that cannot be read, "" if the footer is damaged."""
    try:
        with pq.ParquetFile(_readable(path)) as file:
            for group in range(file.num_row_groups):
                for name in file.schema_arrow.names:
                    if not _can_be_read(file, group, name):
                        return f" in the column {name!r} of row group {group}"
    except (pa.ArrowException, OSError):
        return ""
    return ""


def _can_be_read(file: pq.ParquetFile, group: int, column: str) -> bool:
    try:
        file.read_row_group(group, columns=[column])
    except (pa.ArrowException, OSError):
        return False
    return True


def zstandard(file: IO[bytes]) -> IO[bytes]:
    """Return the content of a file compressed with Zstandard, which pyarrow can read."""
    return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(file), "zstd"))


def write_parquet(path: AnyPath, batches: Iterable[pa.RecordBatch], *, schema: pa.Schema) -> None:
    """Write record batches into a new parquet file, one row group each."""
    with writing(path), pq.ParquetWriter(path, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def write_chunked(
    path: AnyPath,
    batches: Iterable[pa.RecordBatch],
    *,
    schema: pa.Schema,
    group_rows: int = GROUP_ROWS,
) -> None:
    """Write record batches into a new parquet file for a store that deduplicates equal parts.

    Pages are cut by content, not by number of rows: a file in which a few rows changed shares
    nearly all of its bytes with the previous one. A page index lets readers skip.

    Raises:
        UsageError: pyarrow is too old.
    """
    options = {"use_content_defined_chunking": True, "write_page_index": True}
    try:
        with writing(path):
            opened = pq.ParquetWriter(path, schema, compression="zstd", **options)
    except TypeError as error:
        raise UsageError(
            f"expected pyarrow 21 or newer, found {pa.__version__}: "
            'pip install "caption-negatives[hub]"'
        ) from error
    with writing(path), opened as writer:
        held: list[pa.RecordBatch] = []
        for batch in batches:
            held.append(batch)
            if sum(each.num_rows for each in held) >= group_rows:
                writer.write_table(
                    pa.Table.from_batches(held, schema), row_group_size=2 * group_rows
                )
                held = []
        if held:
            writer.write_table(pa.Table.from_batches(held, schema), row_group_size=2 * group_rows)


def read_batches(path: AnyPath, *, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield a parquet file's record batches, which must have this schema.

    Raises:
        UsageError: the file cannot be read, is damaged, or has other columns.
    """
    try:
        with pq.ParquetFile(_readable(path)) as file:
            if file.schema_arrow.names != schema.names:
                raise UsageError(f"{path}: unexpected columns: {file.schema_arrow.names}")
            yield from file.iter_batches(batch_size=BATCH_ROWS)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damage_error(path, error) from error
