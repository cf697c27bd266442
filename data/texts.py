"""What it means for two texts to be the same."""

import re

_NOT_WORD = re.compile(r"[\W_]+")


def normalised(text: str) -> str:
    """Return the text with case, punctuation and spacing taken out of play."""
    return _NOT_WORD.sub(" ", text.casefold()).strip()
