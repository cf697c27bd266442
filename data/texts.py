"""What holds of texts: when two are the same, whether one can be written, what a message says."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_NOT_WORD = re.compile(r"[\W_]+")
_MOST_NAMES = 20
_CONTROLS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x1f\x7f]+")  # a terminal's colours too
_MOST_LETTERS = 600


def normalise(text: str) -> str:
    """Return the text with case, punctuation and spacing taken out of play."""
    return _NOT_WORD.sub(" ", text.casefold()).strip()


def is_unicode(text: str) -> bool:
    """Tell whether a text can be written as UTF-8: JSON can spell half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def one_line(error: BaseException) -> str:
    """Return what an error says, on one line: the whole message, up to the end of a sentence.

    Libraries break their messages into lines anywhere, and the first one is often half a sentence.
    What is longer than a few lines is cut after a sentence, or after a word, and ends in "...". An
    error without words is called by its type.
    """
    message = " ".join(_CONTROLS.sub(" ", str(error)).split()).rstrip(".")
    if len(message) <= _MOST_LETTERS:
        return message or type(error).__name__
    start = message[:_MOST_LETTERS]
    sentence = start.rfind(". ")
    end = sentence if sentence >= _MOST_LETTERS // 2 else start.rfind(" ")
    return f"{start[:end] if end > 0 else start} ..."


def nearest(wanted: str, names: Iterable[str]) -> str:
    """Return what there is instead, the most similar name first: for the end of a message."""
    found = sorted(names)
    similar = get_close_matches(wanted, found, n=1, cutoff=0.5)
    listed = ", ".join(found[:_MOST_NAMES]) + ", ..." * (len(found) > _MOST_NAMES)
    meant = f"did you mean {similar[0]!r}? " if similar else ""
    return f"{meant}there is: {listed or 'nothing'}"
