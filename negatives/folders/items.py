"""The unchecked content of published files: captions with their negatives and positives."""

from collections.abc import Iterator
from typing import NamedTuple

from data.records import Skip
from data.sources.files import check_columns
from data.sources.table_files import Record, json_records
from data.storage import AnyPath

Kind = tuple[str | None, str | None]
"""A type and a subtype, None where a file does not tell."""


class PublishedNegative(NamedTuple):
    """A negative or positive as a file states it; None for what the file leaves out."""

    text: object
    type: object = None
    subtype: object = None
    rule: object = None


class PublishedCaption(NamedTuple):
    """A caption as a file states it; `negatives` is None if they cannot be read.

    `positives`: other true texts, if the file has any. `images` and `layout`: of a composite.
    """

    where: str
    id: object
    image: object
    caption: object
    negatives: tuple[PublishedNegative, ...] | None
    positives: tuple[PublishedNegative, ...] = ()
    images: tuple[object, ...] = ()
    layout: object = None


Items = Iterator[PublishedCaption | Skip]


def objects_in(path: AnyPath, names: tuple[str, ...] = ()) -> Iterator[Record]:
    """Yield the objects of JSON lines or of one list; the first must have these names.

    Raises:
        UsageError: it has not, or the file has another form.
    """
    expected = f"with {', '.join(names)}" if names else "with a caption and its negatives"
    for number, (where, cells) in enumerate(json_records(path, path.name, expected=expected)):
        if number == 0:
            check_columns(names, cells.keys(), where=where)
        yield where, cells
