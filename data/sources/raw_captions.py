"""Raw rows -> captions: the checks that every source shares, and ids."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from data.records import Caption, Skip
from data.texts import is_unicode, normalise

MISSING: Final = "caption is missing"
NOT_TEXT: Final = "caption is not text"
EMPTY: Final = "caption is empty"
NOT_UNICODE: Final = "caption, image or id is not valid Unicode"
JUNK: Final = "junk caption"
NO_IMAGE: Final = "no image"
NO_ID: Final = "no id"
NOT_A_ROW: Final = "row does not fit the columns"
NOT_JSON: Final = "json in the tar is broken"
SAME_KEY: Final = "key recurs in the tar"
CUT_OFF: Final = "tar ends early"
NO_ROWS: Final = "file has no rows"
TWO_FILES: Final = "image id has several files"
REASONS: Final = (
    MISSING, NOT_TEXT, EMPTY, NOT_UNICODE, JUNK, NO_IMAGE, NO_ID, NOT_A_ROW, NOT_JSON, SAME_KEY,
    CUT_OFF, NO_ROWS, TWO_FILES,
)  # fmt: skip

# What annotators and exporters write in place of a caption; COCO has a few dozen.
# Matched against the whole normalised text: "there is no picture on the wall" is a caption.
_JUNK = re.compile(
    r"(?:sorry )?(?:there (?:is|was) )?no (?:image|picture|photo|caption)"
    r"(?: (?:here|above|below|available|shown|displayed|provided|loaded|found|present|visible))*"
    r"(?: (?:to|for) (?:describe|caption|see|view|provide|write|display|this|the question).*)?"
    r"|(?:sorry )?i (?:a?m unable to|a?m not able to|can not|cannot|can t|could not|couldn t|do not"
    r"|don t) (?:see|view|load|open) (?:the|this|an|any) (?:image|picture|photo)\b.*"
    r"|(?:the|this) (?:image|picture|photo) (?:is not|isn t|was not|did not|didn t|does not"
    r"|doesn t|will not|won t|cannot|can t|failed to) (?:be )?(?:available|load\w*|display\w*"
    r"|show\w*|visible|seen|viewed|found)"
    r"|n a|nan|null|none|undefined"
)


_EXACT: Final = 1 << 53  # larger floats cannot represent every integer


class RawCaption(NamedTuple):
    """One caption as read, unchecked; `where` is its place, for a Skip.

    `id` is None if the file has no id: it is then made from the source, the image and the caption's
    ordinal within the image.
    """

    image: object
    text: object
    where: str
    id: str | None = None


def key_of(value: object) -> str | None:
    """Return an image key or an id as text; None if it is missing.

    Integers become text, including those that pandas turned into floats (`139.0`) because of
    missing values; bytes are decoded as UTF-8; an image as `datasets` stores it (`{"bytes",
    "path"}`) gives its path.
    """
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return str(int(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, bytes):
        return key_of(_text_of(value))
    return key_of(value.get("path")) if isinstance(value, Mapping) else None


def _text_of(content: bytes) -> str:
    """Decode bytes as UTF-8; invalid bytes give invalid Unicode."""
    return content.decode(errors="surrogateescape")


def captions_of(rows: Iterable[RawCaption | Skip], *, source: str) -> Iterator[Caption | Skip]:
    """Yield a caption or a Skip for each row; ids are `{source}:{image}:{ordinal}`.

    Rows of one image are adjacent. The ordinal counts its rows from 0, including unusable ones, so
    that a caption keeps its id when another one is fixed. Only white space at the ends of a text is
    removed: entities, quotes and accents stay as they are.
    """
    previous, ordinal = None, 0
    for row in rows:
        if isinstance(row, Skip):
            yield row
            continue
        image = key_of(row.image)
        if image is not None:
            ordinal = ordinal + 1 if image == previous else 0
            previous = image
        yield _caption_of(row, image=image, made_id=f"{source}:{image}:{ordinal}")


def _caption_of(row: RawCaption, *, image: str | None, made_id: str) -> Caption | Skip:
    text = _text_of(row.text) if isinstance(row.text, bytes) else row.text
    if text is None:
        return Skip(MISSING, row.where)
    if not isinstance(text, str):
        return Skip(NOT_TEXT, row.where)
    text = text.strip()
    if image is None:
        return Skip(NO_IMAGE, row.where)
    caption = Caption(row.id or made_id, image, text)
    reason = _fault(caption)
    return Skip(reason, row.where) if reason else caption


def _fault(caption: Caption) -> str | None:
    if not caption.text:
        return EMPTY
    if not is_unicode("".join(caption)):
        return NOT_UNICODE
    return JUNK if is_junk(caption.text) else None


def is_junk(text: str) -> bool:
    """Tell whether a text is a placeholder for a missing caption."""
    return len(text) < 120 and _JUNK.fullmatch(normalise(text)) is not None
