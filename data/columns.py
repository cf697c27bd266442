"""Columns of strings and of integer lists in an Arrow file, for intermediate files of a build."""

from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.disk import writing_whole
from data.errors import UsageError
from data.shards import open_mapped
from data.storage import AnyPath
from data.texts import one_line

Strings = Sequence[str]
Ragged = Sequence[Sequence[int]]


class Lists(NamedTuple):
    """A column of integer lists, mapped: row i is `values[offsets[i] : offsets[i + 1]]`."""

    values: NDArray[np.int32]
    offsets: NDArray[np.int32]

    def row(self, index: int) -> NDArray[np.int32]:
        """Return one list, without copying."""
        return self.values[self.offsets[index] : self.offsets[index + 1]]


def write_columns(
    path: Path, *, strings: Mapping[str, Strings], ragged: Mapping[str, Ragged], note: str = ""
) -> None:
    """Write equally long columns as one record batch; `note` is a text stored with them."""
    arrays = [pa.array(column, pa.string()) for column in strings.values()]
    arrays += [_list_array(column) for column in ragged.values()]
    batch = pa.RecordBatch.from_arrays(arrays, names=[*strings, *ragged])
    batch = batch.replace_schema_metadata({"note": note})
    with (
        writing_whole(path),
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_stream(sink, batch.schema) as writer,
    ):
        writer.write_batch(batch)


def read_columns(path: AnyPath) -> tuple[dict[str, list[str]], dict[str, list[list[int]]], str]:
    """Return the columns of strings, the columns of integer lists, and the note."""
    with open_mapped(path) as source, pa.ipc.open_stream(source) as reader:
        batch = reader.read_next_batch()
        strings: dict[str, list[str]] = {}
        ragged: dict[str, list[list[int]]] = {}
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if pa.types.is_list(column.type):
                values = column.values.to_numpy().tolist()
                bounds = column.offsets.to_numpy().tolist()
                ragged[name] = [values[start:end] for start, end in pairwise(bounds)]
            else:
                strings[name] = column.to_pylist()
        return strings, ragged, batch.schema.metadata[b"note"].decode()


def map_lists(path: Path) -> tuple[dict[str, Lists], str]:
    """Return the columns of integer lists, mapped into memory, and the note.

    Raises:
        UsageError: the file cannot be read, or was not written by `write_columns`.
    """
    try:
        with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
            batch = reader.read_next_batch()
            lists = {
                name: Lists(column.values.to_numpy(), column.offsets.to_numpy())
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
                if pa.types.is_list(column.type)
            }
            return lists, batch.schema.metadata[b"note"].decode()
    except (pa.ArrowException, OSError, KeyError, TypeError, StopIteration) as error:
        raise UsageError(f"{path}: not a readable file of columns: {one_line(error)}") from error


def integers_of(array: object) -> Any:  # noqa: ANN401 - pyarrow is untyped
    """Return the integers of another library's Arrow array through DLPack, without copying.

    Raises:
        ValueError: the library cannot share them.
    """
    return pa.array(array).flatten()


def _list_array(column: Ragged) -> pa.ListArray:
    offsets = array("i", accumulate(map(len, column), initial=0))
    values = array("i", chain.from_iterable(column))
    return pa.ListArray.from_arrays(_int32(offsets), _int32(values))


def _int32(values: "array[int]") -> pa.Array:
    return pa.Array.from_buffers(pa.int32(), len(values), [None, pa.py_buffer(values)])
