"""Read tables of delimited text: csv, tsv, and the unquoted forms of published datasets."""

import csv
from collections.abc import Iterator
from pathlib import Path

from data.errors import UsageError
from data.records import Skip
from data.sources.files import lines_of
from data.sources.found import NOT_A_ROW
from data.sources.table import Record

Fields = Iterator[tuple[int, list[str]]]
"""The number of a row's first line (from 1), and the row's fields."""


def delimited_records(
    path: Path,
    *,
    delimiter: str,
    quoted: bool,
    header: tuple[str, ...] | None,
    remedy: str = "mend the row",
) -> Iterator[Record | Skip]:
    """Yield the records of a table; `header` names the columns where the file does not.

    `remedy`: what to do where quotes do not close. A row with more or fewer fields than columns is
    a Skip: half of a caption would be worse.

    Raises:
        UsageError: the file cannot be read, is not UTF-8, or its quotes do not close.
    """
    rows = _quoted_fields(path, delimiter, remedy) if quoted else _plain_fields(path, delimiter)
    if header is None:
        _, names = next(rows, (0, []))
        header = tuple(name.strip() for name in names)
    for number, fields in rows:
        where = f"{path.name}, line {number}"
        if len(fields) == len(header):
            yield where, dict(zip(header, fields, strict=True))
        else:
            yield Skip(NOT_A_ROW, where)


def first_line(path: Path) -> str:
    """Return the first line of a text file without its end; "" if it is empty.

    Raises:
        UsageError: the file cannot be read, or the line is not UTF-8.
    """
    _, line = next(lines_of(path), (1, ""))
    return line.rstrip("\r\n")


def _plain_fields(path: Path, delimiter: str) -> Fields:
    """Yield the fields of lines in which a quote is a character like any other."""
    for number, line in lines_of(path):
        text = line.rstrip("\r\n")
        if text.strip():
            yield number, text.split(delimiter)


def _quoted_fields(path: Path, delimiter: str, remedy: str) -> Fields:
    """Yield the fields of rows that may hold delimiters, quotes and line ends within quotes."""
    lines = (line for _, line in lines_of(path))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            fields = next(reader, None)
        except csv.Error as error:
            raise UsageError(
                f"{path}, line {number}: expected quotes to be closed and doubled inside a field, "
                f"found: {error}; {remedy}"
            ) from error
        if fields is None:
            return
        if fields:
            yield number, fields
