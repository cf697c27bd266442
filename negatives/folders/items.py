"""What published files say, unchecked: captions, each with its negatives and positives."""

from collections.abc import Iterator
from typing import NamedTuple

from data.records import Skip
from data.sources.files import check_columns
from data.sources.table_files import Record, json_records
from data.storage import AnyPath

Kind = tuple[str | None, str | None]
"""A type and a subtype, None where a file does not tell."""


class PublishedNegative(NamedTuple):
    """What a file says of one negative or positive; None where it says nothing."""

    text: object
    type: object = None
    subtype: object = None
    rule: object = None


class PublishedCaption(NamedTuple):
    """What a file says of one caption; `negatives` is None where they cannot be read.

    `positives`: other texts that are true; none where the file says nothing of them. `images` and
    `layout`: of a composite.
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
    """Yield the objects of a file of JSON lines, or of one list; the first one has these names.

    Raises:
        UsageError: it has not, or the file has something else.
    """
    expected = f"with {', '.join(names)}" if names else "with a caption and its negatives"
    for number, (where, cells) in enumerate(json_records(path, path.name, expected=expected)):
        if number == 0:
            check_columns(names, cells.keys(), where=where)
        yield where, cells
