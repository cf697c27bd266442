"""What holds of texts: when two are the same, whether one can be written, which name is meant."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_NOT_WORD = re.compile(r"[\W_]+")
_MOST_NAMES = 20


def normalised(text: str) -> str:
    """Return the text with case, punctuation and spacing taken out of play."""
    return _NOT_WORD.sub(" ", text.casefold()).strip()


def is_unicode(text: str) -> bool:
    """Tell whether a text can be written as UTF-8: JSON can spell half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def nearest(wanted: str, names: Iterable[str]) -> str:
    """Return what there is instead, the most similar name first: for the end of a message."""
    found = sorted(names)
    similar = get_close_matches(wanted, found, n=1, cutoff=0.5)
    listed = ", ".join(found[:_MOST_NAMES]) + ", ..." * (len(found) > _MOST_NAMES)
    meant = f"did you mean {similar[0]!r}? " if similar else ""
    return f"{meant}there is: {listed or 'nothing'}"
