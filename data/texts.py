"""Helpers for texts: comparison, encoding, one-line messages, counts."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_NOT_WORD = re.compile(r"[\W_]+")
_TO_SPACE = {code: " " for code in range(128) if not chr(code).isalnum()}
_MOST_NAMES = 20
_CONTROLS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x1f\x7f]+")  # also a terminal's colour codes
_MOST_LETTERS = 600


def normalise(text: str) -> str:
    """Return the text without case, punctuation and spacing, for comparison."""
    if text.isascii():  # the same, twice as fast
        return " ".join(text.lower().translate(_TO_SPACE).split())
    return _NOT_WORD.sub(" ", text.casefold()).strip()


def is_unicode(text: str) -> bool:
    """Tell whether a text can be encoded as UTF-8: JSON can contain half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def counted(number: int, noun: str) -> str:
    """Return a number and its noun, such as "1 shard" and "2,500 shards"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def one_line(error: BaseException) -> str:
    """Return an error's message on one line.

    Libraries break their messages anywhere, and the first line is often half a sentence. A message
    longer than a few lines is cut after a sentence or a word and ends in "...". An error without a
    message gives its type's name.
    """
    message = " ".join(_CONTROLS.sub(" ", str(error)).split()).rstrip(".")
    if len(message) <= _MOST_LETTERS:
        return message or type(error).__name__
    start = message[:_MOST_LETTERS]
    sentence = start.rfind(". ")
    end = sentence if sentence >= _MOST_LETTERS // 2 else start.rfind(" ")
    return f"{start[:end] if end > 0 else start} ..."


def nearest(wanted: str, names: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: the most similar name, then all names."""
    found = sorted(names)
    similar = get_close_matches(wanted, found, n=1, cutoff=0.5)
    listed = ", ".join(found[:_MOST_NAMES]) + ", ..." * (len(found) > _MOST_NAMES)
    meant = f"did you mean {similar[0]!r}? " if similar else ""
    return f"{meant}choose from: {listed or 'nothing'}"
