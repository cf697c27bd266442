"""Rows to look at, each with its picture: the caption, all of its negatives and its positives.

A composite's two images are shown in one picture, as training joins them. Pictures are embedded in
the page; a page without a store of images shows only the texts.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from data.decoding import BrokenImageError
from data.errors import RetryableError, UsageError
from data.image_names import match_keys
from data.images import ImageColumns, Store, open_images
from data.manifest import Manifest
from data.pictures import as_data_url, picture_of
from data.records import Negative, Positive, Row
from data.shards import read_rows
from data.storage import AnyPath
from data.streams import Stream
from negatives.auditing.marks import Piece, pieces
from negatives.composing.exchange import RULES

CARDS: Final = 12
_SIZE: Final = 256
_SHARDS_READ: Final = 3


class Said(NamedTuple):
    """A negative or positive in pieces, with the edited ones marked."""

    text: Sequence[Piece]
    kind: str
    rule: str


class Card(NamedTuple):
    """A row as a page shows it.

    `picture`: a data URL, or "" and then `why` is the reason. `images`: the keys, and the layout of
    a composite.
    """

    id: str
    picture: str
    why: str
    images: str
    caption: str
    negatives: Sequence[Said]
    positives: Sequence[Said]


def draw_rows(folder: AnyPath, manifest: Manifest, *, num: int = CARDS, seed: int = 0) -> list[Row]:
    """Return rows to look at, half of them composites where the folder has enough of both.

    Rows with a negative come first, and among these the ones with a positive. Only a few shards,
    drawn by the seed, are read.
    """
    stream = Stream(seed, "cards")
    shards = stream.shuffled(manifest.shards)
    rows: list[Row] = []
    for number, shard in enumerate(shards):
        rows += read_rows(folder / shard.file)
        if number + 1 >= _SHARDS_READ and len(rows) >= num and _are_both(rows, manifest):
            break
    drawn = sorted(stream.shuffled(rows), key=lambda row: (not row.negatives, not row.positives))
    composites = [row for row in drawn if row.layout != "single"]
    others = [row for row in drawn if row.layout == "single"]
    num_composites = min(len(composites), max(num // 2, num - len(others)))
    return [*composites[:num_composites], *others[: num - num_composites]]


def _are_both(rows: Sequence[Row], manifest: Manifest) -> bool:
    """Tell whether rows of both kinds were read, or the folder has only one kind."""
    kinds = {row.layout == "single" for row in rows}
    return not has_composites(manifest) or kinds == {True, False}


def has_composites(manifest: Manifest) -> bool:
    """Tell whether a folder has rows of two images."""
    return any(producer.get("rule") in RULES for producer in manifest.producers)


def cards_of(rows: Sequence[Row], images: Store | None) -> list[Card]:
    """Return the cards of rows, in order; `images`: their store, None if it is unknown."""
    keys = list(dict.fromkeys(key for row in rows for key in row.images))
    store = images
    if images is not None and keys and len(images.absent(keys)) == len(keys):
        store = match_keys(images, keys)
    return [_card(row, store) for row in rows]


def images_for(
    manifest: Manifest, location: AnyPath | None, columns: ImageColumns | None = None
) -> Store | None:
    """Return the images of a folder: those at a location, or drawn scenes; None without either.

    Raises:
        UsageError: there is nothing at the location.
    """
    try:
        return open_images(location, manifest=manifest, columns=columns)
    except UsageError:
        if location is not None:
            raise
        return None  # the source is not scenes


def cards_in(
    folder: AnyPath, manifest: Manifest, images: Store | None, *, num: int = CARDS
) -> list[Card]:
    """Return the cards of some rows of a folder; none if its images are unknown."""
    return [] if images is None else cards_of(draw_rows(folder, manifest, num=num), images)


def _card(row: Row, images: Store | None) -> Card:
    picture, why = _picture(row, images)
    layout = "" if row.layout == "single" else f" ({row.layout})"
    return Card(
        id=row.id,
        picture=picture,
        why=why,
        images=f"{row.image}{layout}",
        caption=row.caption,
        negatives=[_said(each) for each in row.negatives],
        positives=[_said(each) for each in row.positives],
    )


def _picture(row: Row, images: Store | None) -> tuple[str, str]:
    """Return the picture of a row as a data URL, or "" and the reason."""
    if not row.images or images is None:
        return "", "the image is unknown"
    try:
        contents = [images.read(key) for key in row.images]
        picture = picture_of(contents, row.layout, size=_SIZE)
    except (UsageError, RetryableError, ValueError, BrokenImageError):
        return "", "the image is missing or broken"
    return as_data_url(picture, kind="jpeg"), ""


def _said(edited: Negative | Positive) -> Said:
    return Said(
        text=pieces(edited.text, edited.edit.spans_after()),
        kind=f"{edited.type}/{edited.subtype}",
        rule=edited.rule,
    )
