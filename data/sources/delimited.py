"""Read tables of delimited text: csv, tsv, and the unquoted forms of published datasets."""

import csv
import json
from collections.abc import Iterator
from typing import Final, NamedTuple

from data.errors import UsageError
from data.records import Skip
from data.sources.files import excerpt
from data.sources.found import NOT_A_ROW
from data.sources.lines import lines_of
from data.sources.table import Record, cells_by_name
from data.storage import AnyPath

Fields = Iterator[tuple[int, list[str]]]
"""The number of a row's first line (from 1), and the row's fields."""


class Form(NamedTuple):
    """How a table is written; `is_option` says that the user can set the other two."""

    delimiter: str
    quoted: bool
    is_option: bool = False


_DELIMITERS: Final = ("\t", ";", "|", ",")
_LONGEST_FIELD: Final = 1 << 27  # pictures stand in some tables; csv's own limit is 131,072


def delimited_records(
    path: AnyPath, form: Form, *, header: tuple[str, ...] | None, name: str = ""
) -> Iterator[Record | Skip]:
    """Yield the records of a table; `header` names the columns where the file does not.

    A row with more or fewer fields than columns is a Skip: half of a caption would be worse. Of
    columns with the same name the cells are a list. `name` is that of the file in places.

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


def fields_of(path: AnyPath, form: Form) -> Fields:
    """Return the rows of a table, its header among them; lines without anything are none.

    Raises:
        UsageError: the file cannot be read, or its quotes do not close.
    """
    return _quoted_fields(path, form) if form.quoted else _plain_fields(path, form.delimiter)


def first_line(path: AnyPath) -> str:
    """Return the first line of a text file without its end; "" if it is empty.

    Raises:
        UsageError: the file cannot be read, or is no text.
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
        f"which looks separated by {other!r}; {advice}"
    )


def _plain_fields(path: AnyPath, delimiter: str) -> Fields:
    """Yield the fields of lines in which a quote is a character like any other."""
    for number, line in lines_of(path):
        text = line.rstrip("\r\n")
        if text.strip():
            yield number, text.split(delimiter)


def _quoted_fields(path: AnyPath, form: Form) -> Fields:
    """Yield the fields of rows that may hold delimiters, quotes and line ends within quotes."""
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
                f"{path}, line {number}: expected quotes to be closed and doubled inside a field, "
                f"found: {error}; mend the row{advice}"
            ) from error
        if fields is None:
            return
        if fields:
            yield number, fields
