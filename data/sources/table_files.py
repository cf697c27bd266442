"""Readers of tables: delimited text, JSON lines and parquet files -> records."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from data.errors import UsageError
from data.records import Skip
from data.sources.files import excerpt, json_of, name_in, parse_json
from data.sources.lines import lines_of
from data.sources.raw_captions import NO_ROWS, NOT_A_ROW
from data.storage import AnyPath

Record = tuple[str, Mapping[str, object]]
"""A record's place in its file, and its columns."""

Records = Iterator[Record | Skip]


Fields = Iterator[tuple[int, list[str]]]
"""The number of a row's first line (from 1), and the row's fields."""


class Form(NamedTuple):
    """The format of a table; `is_option`: the user can set the other two fields."""

    delimiter: str
    quoted: bool
    is_option: bool = False


NAME_COLUMNS: Final = (
    "; set others: --set data.source.caption_columns=[NAME], --set data.source.image_column=NAME"
)
"""The end of a message about a missing column."""

CAPTION: Final = 'such as {"image": "a.jpg", "caption": "a dog"}'
"""What `json_records` expects of an object in a file of captions."""

_MEND_LINE: Final = "fix the line: each must be one complete JSON object"
_DELIMITERS: Final = ("\t", ";", "|", ",")
_LONGEST_FIELD: Final = 1 << 27  # some tables contain images; csv's default limit is 131,072


def records_of(
    root: AnyPath, paths: Iterable[AnyPath], read: Callable[[AnyPath, str], Records]
) -> Records:
    """Yield the records that `read(path, name)` finds in each file; for an empty file, a Skip."""
    for path in paths:
        name = name_in(root, path)
        is_empty = True
        for record in read(path, name):
            is_empty = False
            yield record
        if is_empty:
            yield Skip(NO_ROWS, name)


def parquet_records(path: AnyPath, name: str, *, columns: tuple[str, ...]) -> Records:
    """Return the records of a parquet file; see `data.parquet.read_records`."""
    from data.parquet import read_records  # noqa: PLC0415  (pyarrow's door: `sources` stays fast)

    return read_records(path, columns=columns, name=name, advice=NAME_COLUMNS)


def json_records(path: AnyPath, name: str, *, expected: str = CAPTION) -> Iterator[Record]:
    """Yield the objects of a file with one JSON object per line, or one JSON list of them.

    `expected` describes an object in messages.

    Raises:
        UsageError: the file cannot be read, or holds anything but objects.
    """
    is_first = True
    for number, line in lines_of(path):
        text = line.strip()
        if not text:
            continue
        if is_first and text.startswith("["):
            yield from _items(path, name, expected)
            return
        is_first = False
        value = parse_json(text, path=path, first_line=number, advice=_MEND_LINE)
        yield f"{name}, line {number}", _object(value, expected, where=f"{path}, line {number}")


def _items(path: AnyPath, name: str, expected: str) -> Iterator[Record]:
    content = json_of(path)
    for number, value in enumerate(content if isinstance(content, list) else [content]):
        yield f"{name}, item {number}", _object(value, expected, where=f"{path}, item {number}")


def _object(value: object, expected: str, *, where: str) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    found = excerpt(repr(value), 0)
    raise UsageError(f"{where}: expected an object {expected}, found {found}")


def delimited_records(
    path: AnyPath, form: Form, *, header: tuple[str, ...] | None, name: str = ""
) -> Records:
    """Yield the records of a table; `header` names the columns if the file does not.

    A row with more or fewer fields than columns becomes a Skip, since a caption may be cut. Columns
    with the same name give a list of cells. `name` is the file's name in places.

    Raises:
        UsageError: the file cannot be read, its quotes do not close, or its header has another
            delimiter.
    """
    rows = fields_of(path, form)
    if header is None:
        number, names = next(rows, (0, []))
        header = tuple(name.strip() for name in names)
        if len(header) == 1:
            _refuse_other_delimiter(header[0], form, where=f"{path}, line {number}")
    is_plain = len(set(header)) == len(header)
    for number, fields in rows:
        where = f"{name or path.name}, line {number}"
        if len(fields) != len(header):
            yield Skip(NOT_A_ROW, where)
        elif is_plain:
            yield where, dict(zip(header, fields, strict=True))
        else:
            yield where, cells_by_name(header, fields)


def cells_by_name(names: Sequence[str], cells: Sequence[object]) -> dict[str, object]:
    """Return a row's cells by column; columns with the same name give a list."""
    found: dict[str, list[object]] = {}
    for name, cell in zip(names, cells, strict=True):
        found.setdefault(name, []).append(cell)
    return {name: each if len(each) > 1 else each[0] for name, each in found.items()}


def fields_of(path: AnyPath, form: Form) -> Fields:
    """Return the rows of a table, including its header; empty lines are left out.

    Raises:
        UsageError: the file cannot be read, or its quotes do not close.
    """
    return _quoted_fields(path, form) if form.quoted else _plain_fields(path, form.delimiter)


def first_line(path: AnyPath) -> str:
    """Return the first line of a text file without its end; "" if it is empty.

    Raises:
        UsageError: the file cannot be read, or is not text.
    """
    _, line = next(lines_of(path), (1, ""))
    return line.rstrip("\r\n")


def _refuse_other_delimiter(line: str, form: Form, *, where: str) -> None:
    other = next((each for each in _DELIMITERS if each in line), None)
    if other is None:
        return
    advice = (
        f"set it: --set 'data.source.delimiter={json.dumps(other)}'"
        if form.is_option
        else f"write the table with {form.delimiter!r} between its columns"
    )
    raise UsageError(
        f"{where}: expected columns separated by {form.delimiter!r}, found {excerpt(line, 0)}, "
        f"which seems to be separated by {other!r}; {advice}"
    )


def _plain_fields(path: AnyPath, delimiter: str) -> Fields:
    """Yield the fields of lines in which quotes have no special meaning."""
    for number, line in lines_of(path):
        text = line.rstrip("\r\n")
        if text.strip():
            yield number, text.split(delimiter)


def _quoted_fields(path: AnyPath, form: Form) -> Fields:
    """Yield the fields of rows that may have delimiters, quotes and line ends within quotes."""
    lines = (line for _, line in lines_of(path))
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(lines, delimiter=form.delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            advice = ", or --set data.source.quoted=false" * form.is_option
            raise UsageError(
                f"{path}, line {number}: expected quotes to be closed, and doubled inside a field; "
                f"found: {error}; fix the row{advice}"
            ) from error
        if fields is None:
            return
        if fields:
            yield number, fields
