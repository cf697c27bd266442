"""Records with named columns -> captions, for tables of any file format."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources.caption_cells import Several, cell_texts
from data.sources.files import check_columns
from data.sources.grouping import together
from data.sources.raw_captions import NO_ID, NO_ROWS, RawCaption, captions_of, key_of
from data.sources.table_files import NAME_COLUMNS, Record, Records


class Columns(NamedTuple):
    """The columns of a table. A cell of `captions` may hold one text or a list of them.

    Without an `image` column every record is a separate image with the key `{split}/{number}`.
    Without an `id` column ids consist of the image and the caption's ordinal. `several` says how a
    text with several captions is split. `numbered`: each record is a separate image with the id
    `{source}:{split}:{number}`, for files with too many images to remember.
    """

    captions: tuple[str, ...]
    image: str | None
    id: str | None
    several: Several = "auto"
    numbered: bool = False

    def all(self) -> tuple[str, ...]:
        """Return the names of all columns that are read."""
        return (*self.captions, *filter(None, (self.image, self.id)))


def table_captions(
    read: Callable[[], Records], columns: Columns, *, source: str, split: str, grouped: bool = False
) -> Iterator[Caption | Skip]:
    """Yield the captions of a split; `read()` returns its records, the same each time.

    The captions of each image are grouped, which reads the records twice, unless they are already
    adjacent (`grouped`) or each record is a separate image.

    Raises:
        UsageError: the first record lacks a column, no column is named, or as for `together`.
    """

    def rows() -> Iterator[RawCaption | Skip]:
        return _rows_of(read(), columns, split=split, prefix=f"{source}:{split}")

    if columns.numbered:
        return captions_of(rows(), source=source)
    return captions_of(together(rows, grouped=grouped or columns.image is None), source=source)


def _rows_of(
    records: Records, columns: Columns, *, split: str, prefix: str
) -> Iterator[RawCaption | Skip]:
    """Yield a row for each caption of each record; `prefix` starts the ids of numbered records."""
    if not columns.captions:
        raise UsageError("caption_columns: expected at least one column, found none")
    checked = False
    for number, record in _number_records(records):
        if isinstance(record, Skip):
            yield record
            continue
        where, cells = record
        if not checked:
            check_columns(columns.all(), cells.keys(), where=where, advice=NAME_COLUMNS)
            checked = True
        image = cells.get(columns.image) if columns.image else f"{split}/{number}"
        texts: list[object] = []
        for name in columns.captions:
            texts += cell_texts(cells.get(name), columns.several)
        stated = key_of(cells.get(columns.id)) if columns.id else None
        if columns.id and stated is None:
            yield from (Skip(NO_ID, where) for _ in texts)
            continue
        if columns.numbered:
            stated = f"{prefix}:{number}"
        several = len(texts) > 1
        for ordinal, text in enumerate(texts):
            yield RawCaption(
                image, text, where, f"{stated}:{ordinal}" if stated and several else stated
            )


def _number_records(records: Records) -> Iterator[tuple[int, Record | Skip]]:
    """Yield the records numbered from 0; unusable rows count too."""
    number = 0
    for record in records:
        yield number, record
        number += not (isinstance(record, Skip) and record.reason == NO_ROWS)
