"""Records with named columns -> rows: what jsonl, csv, parquet and hub share."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from data.errors import UsageError
from data.records import Skip
from data.sources.files import check_columns
from data.sources.found import NO_ID, Found, key_of

Record = tuple[str, Mapping[str, object]]
"""Where a record stands in its file, and its columns."""

ROW_ID: Final = "(row)"
"""The name of the column that `with_row_ids` adds."""


class Columns(NamedTuple):
    """The columns of a table. A cell of `captions` may hold one text or a list of them.

    Without an `image` column every record is an image of its own, its key `{split}/{number}`.
    Without an `id` column ids are made of the image and the caption's ordinal.
    """

    captions: tuple[str, ...]
    image: str | None
    id: str | None

    def all(self) -> tuple[str, ...]:
        """Return the names of all columns that are read."""
        return (*self.captions, *filter(None, (self.image, self.id)))


def rows_of(
    records: Iterable[Record | Skip], columns: Columns, *, split: str
) -> Iterator[Found | Skip]:
    """Yield a row for each caption of each record.

    Raises:
        UsageError: the first record lacks one of the columns, or none is to be read.
    """
    if not columns.captions:
        raise UsageError("caption_columns: expected at least one column, found none")
    checked = False
    for number, record in enumerate(records):
        if isinstance(record, Skip):
            yield record
            continue
        where, cells = record
        if not checked:
            check_columns(columns.all(), cells.keys(), where=where)
            checked = True
        image = cells.get(columns.image) if columns.image else f"{split}/{number}"
        texts = [text for name in columns.captions for text in cell_texts(cells.get(name))]
        stated = key_of(cells.get(columns.id)) if columns.id else None
        if columns.id and stated is None:
            yield from (Skip(NO_ID, where) for _ in texts)
            continue
        several = len(texts) > 1
        for ordinal, text in enumerate(texts):
            yield Found(image, text, where, f"{stated}:{ordinal}" if stated and several else stated)


def with_row_ids(records: Iterable[Record | Skip], prefix: str) -> Iterator[Record | Skip]:
    """Yield the records with an id column `{prefix}:{number}`; rows that are Skips count too.

    For files so large that nothing can be kept of each image: every record is then an image of
    its own, and its id is unique without a look at the others.
    """
    for number, record in enumerate(records):
        if isinstance(record, Skip):
            yield record
        else:
            where, cells = record
            yield where, {**cells, ROW_ID: f"{prefix}:{number}"}


def cell_texts(cell: object) -> list[object]:
    """Return the captions of a cell; an empty list counts as one that is missing."""
    return (cell or [None]) if isinstance(cell, list) else [cell]
