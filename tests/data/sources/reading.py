"""What the tests of sources share: read everything, and look at captions, skips or the error."""

import pytest

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources import Source


def everything(source: Source) -> list[Caption | Skip]:
    return [item for split in source.splits() for item in source.read(split)]


def captions(source: Source) -> list[Caption]:
    return [item for item in everything(source) if isinstance(item, Caption)]


def skips(source: Source) -> list[tuple[str, str]]:
    return [tuple(item) for item in everything(source) if isinstance(item, Skip)]


def complaint(source: Source) -> str:
    """Return the one line with which the source refuses its files."""
    with pytest.raises(UsageError) as caught:
        everything(source)
    message = str(caught.value)
    assert "\n" not in message
    return message
