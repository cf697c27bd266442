"""What is asked of a published text before it becomes a negative or a positive of ours."""

from typing import Final

from data.errors import UsageError
from data.texts import is_unicode, normalise
from negatives.folders.items import PublishedNegative

MAX_CHARACTERS: Final = 10_000
LONG: Final = f"longer than {MAX_CHARACTERS} characters"


def type_of(caption: str, text: str) -> str:
    """Return the type of a positive of which a file does not say it: by its words."""
    here, there = normalise(caption).split(), normalise(text).split()
    if sorted(here) == sorted(there):
        return "reorder"
    return "replace" if len(here) == len(there) else "rewrite"


def fault_of(
    published: PublishedNegative, caption: str, seen: set[str], *, what: str = "negative"
) -> str | None:
    """Return why a negative or positive cannot be used, if so; remember its text if it can."""
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
    """Return what a file says if that is allowed, the default where it says nothing.

    Raises:
        UsageError: it says something else.
    """
    if value is None or value == "":
        return default
    if value not in allowed:
        raise UsageError(
            f"{where}: expected one of {', '.join(allowed)}; found {value!r}; rename it in the file"
        )
    return str(value)
