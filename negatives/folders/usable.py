"""Which published texts can become our negatives or positives."""

from typing import Final

from data.errors import UsageError
from data.texts import is_unicode, normalise
from negatives.folders.items import PublishedNegative

MAX_CHARACTERS: Final = 10_000
LONG: Final = f"longer than {MAX_CHARACTERS} characters"


def type_of(caption: str, text: str) -> str:
    """Return the type of a positive, inferred from its words, if the file has none."""
    here, there = normalise(caption).split(), normalise(text).split()
    if sorted(here) == sorted(there):
        return "reorder"
    return "replace" if len(here) == len(there) else "rewrite"


def fault_of(
    published: PublishedNegative, caption: str, seen: set[str], *, what: str = "negative"
) -> str | None:
    """Return why a negative or positive is unusable; None, and remember its text, if it is not."""
    text = published.text.strip() if isinstance(published.text, str) else published.text
    if not isinstance(text, str):
        return f"{what} is missing" if text is None else f"{what} is not text"
    key = normalise(text)
    faults = (
        (not text, f"{what} is empty"),
        (not is_unicode(text), f"{what} is not valid Unicode"),
        (len(text) > MAX_CHARACTERS, f"{what} is {LONG}"),
        (text == caption, f"{what} equals its caption"),
        (key == normalise(caption), f"{what} equals its caption but for case and punctuation"),
        (key in seen, f"{what} is there twice"),
    )
    fault = next((reason for failed, reason in faults if failed), None)
    if fault is None:
        seen.add(key)
    return fault


def word_in(value: object, default: str, allowed: tuple[str, ...], where: str) -> str:
    """Return a file's value if it is allowed, or the default if there is none.

    Raises:
        UsageError: the value is not allowed.
    """
    if value is None or value == "":
        return default
    if value not in allowed:
        raise UsageError(
            f"{where}: expected one of {', '.join(allowed)}; found {value!r}; rename it in the file"
        )
    return str(value)
