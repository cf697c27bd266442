"""What published files say, unchecked: captions, each with its negatives and positives."""

from collections.abc import Iterator
from typing import NamedTuple

from data.records import Skip


class PublishedNegative(NamedTuple):
    """What a file says of one negative or positive; None where it says nothing."""

    text: object
    type: object = None
    subtype: object = None
    rule: object = None


class PublishedCaption(NamedTuple):
    """What a file says of one caption; `negatives` is None where they cannot be read.

    `positives`: other texts that are true; none where the file says nothing of them.
    """

    where: str
    id: object
    image: object
    caption: object
    negatives: tuple[PublishedNegative, ...] | None
    positives: tuple[PublishedNegative, ...] = ()


Items = Iterator[PublishedCaption | Skip]
