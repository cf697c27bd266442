"""Records with named columns -> rows: what jsonl, csv, parquet and hub share."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from data.errors import UsageError
from data.records import Skip
from data.sources.files import check_columns, name_in
from data.sources.found import NO_ID, NO_ROWS, Found, key_of
from data.sources.several import Several, cell_texts
from data.storage import AnyPath

Record = tuple[str, Mapping[str, object]]
"""Where a record stands in its file, and its columns."""

ROW_ID: Final = "(row)"
"""The name of the column that `with_row_ids` adds."""


NAME_COLUMNS: Final = (
    "; name others: --set data.source.caption_columns=[NAME], --set data.source.image_column=NAME"
)
"""The end of a message of a column that is missing."""


class Columns(NamedTuple):
    """The columns of a table. A cell of `captions` may hold one text or a list of them.

    Without an `image` column every record is an image of its own, its key `{split}/{number}`.
    Without an `id` column ids are made of the image and the caption's ordinal. `several` says how
    a text that holds several captions is told apart.
    """

    captions: tuple[str, ...]
    image: str | None
    id: str | None
    several: Several = "auto"

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
    for number, record in _numbered(records):
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
        several = len(texts) > 1
        for ordinal, text in enumerate(texts):
            yield Found(image, text, where, f"{stated}:{ordinal}" if stated and several else stated)


def records_of(
    root: AnyPath, paths: Iterable[AnyPath], read: Callable[[AnyPath, str], Iterator[Record | Skip]]
) -> Iterator[Record | Skip]:
    """Yield what `read` gives of each file and its name; of a file without rows, a Skip."""
    for path in paths:
        name = name_in(root, path)
        is_empty = True
        for record in read(path, name):
            is_empty = False
            yield record
        if is_empty:
            yield Skip(NO_ROWS, name)


def parquet_records(
    root: AnyPath, paths: Iterable[AnyPath], columns: tuple[str, ...]
) -> Iterator[Record | Skip]:
    """Yield the records of parquet files, as `records_of` does."""
    from data.parquet import read_records  # noqa: PLC0415  (pyarrow's door: `sources` stays fast)

    return records_of(
        root,
        paths,
        lambda path, name: read_records(path, columns=columns, name=name, advice=NAME_COLUMNS),
    )


def cells_by_name(names: Sequence[str], cells: Sequence[object]) -> dict[str, object]:
    """Return a row's cells by their columns; those of columns with the same name are a list."""
    found: dict[str, list[object]] = {}
    for name, cell in zip(names, cells, strict=True):
        found.setdefault(name, []).append(cell)
    return {name: each if len(each) > 1 else each[0] for name, each in found.items()}


def with_row_ids(records: Iterable[Record | Skip], prefix: str) -> Iterator[Record | Skip]:
    """Yield the records with an id column `{prefix}:{number}`; rows that are Skips count too.

    For files so large that nothing can be kept of each image: every record is then an image of
    its own, and its id is unique without a look at the others.
    """
    for number, record in _numbered(records):
        if isinstance(record, Skip):
            yield record
        else:
            where, cells = record
            yield where, {**cells, ROW_ID: f"{prefix}:{number}"}


def _numbered(records: Iterable[Record | Skip]) -> Iterator[tuple[int, Record | Skip]]:
    """Yield the records with their numbers from 0: rows count, whether they can be used or not."""
    number = 0
    for record in records:
        yield number, record
        number += not (isinstance(record, Skip) and record.reason == NO_ROWS)
