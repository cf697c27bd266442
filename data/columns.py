"""Columns of strings and of integer lists in an Arrow file: for work that is not a shard."""

from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, pairwise
from pathlib import Path

import pyarrow as pa

Strings = Sequence[str]
Ragged = Sequence[Sequence[int]]


def write_columns(
    path: Path, *, strings: Mapping[str, Strings], ragged: Mapping[str, Ragged], note: str = ""
) -> None:
    """Write equally long columns as one record batch; `note` is a text kept with them."""
    arrays = [pa.array(column, pa.string()) for column in strings.values()]
    arrays += [_list_array(column) for column in ragged.values()]
    batch = pa.RecordBatch.from_arrays(arrays, names=[*strings, *ragged])
    batch = batch.replace_schema_metadata({"note": note})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)


def read_columns(path: Path) -> tuple[dict[str, list[str]], dict[str, list[list[int]]], str]:
    """Return the columns of strings, the columns of integer lists, and the note."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as reader:
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


def _list_array(column: Ragged) -> pa.ListArray:
    offsets = array("i", accumulate(map(len, column), initial=0))
    values = array("i", chain.from_iterable(column))
    return pa.ListArray.from_arrays(_int32(offsets), _int32(values))


def _int32(values: "array[int]") -> pa.Array:
    return pa.Array.from_buffers(pa.int32(), len(values), [None, pa.py_buffer(values)])
