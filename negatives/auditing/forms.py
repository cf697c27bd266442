"""The form of a text: how it is written, not what it says. Pure."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

VowelSound = Callable[[str], bool]
"""Tells whether a word begins with a vowel sound (`words.lexicon.Lexicon.vowel_sound`)."""

_WORD: Final = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_MARK: Final = re.compile(r"\s*[^\w\s]*\s*\Z")
_DOUBLE: Final = re.compile(r"\S\s{2,}(?=\S)|[^\S ]")
_BEFORE_MARK: Final = re.compile(r"\s[.,;:!?]")
_ARTICLE: Final = re.compile(r"\b(an?)\s+([^\W_][\w'-]*)", re.IGNORECASE)
_ALIKE_MARKS: Final = ("", ".", " .")  # of more than three quarters of all texts


class Form(NamedTuple):
    """How a text is written.

    `first`: "capital", "small" or "other", by its first character. `mark`: the marks at its end,
    with the space before them. `double_spaces`: white space inside that is not a single space.
    `spaced_marks`: marks after a space. `outer_spaces`: white space at its ends. `article_errors`:
    "a" for "an" or vice versa. `capitals_inside`: words with a capital, other than the first.
    """

    first: str
    mark: str
    double_spaces: int
    spaced_marks: int
    outer_spaces: int
    article_errors: int
    capitals_inside: int
    num_characters: int
    num_words: int


def form_of(text: str, vowel_sound: VowelSound) -> Form:
    """Return the form of a text."""
    bare = text.strip()
    letter = next(iter(bare), "")
    words = _WORD.findall(bare)
    end = _MARK.search(bare)
    return Form(
        first="capital" if letter.isupper() else "small" if letter.islower() else "other",
        mark=end[0] if end else "",
        double_spaces=len(_DOUBLE.findall(bare)),
        spaced_marks=len(_BEFORE_MARK.findall(bare)),
        outer_spaces=len(text) - len(bare),
        article_errors=sum(
            (article.lower() == "an") != vowel_sound(word)
            for article, word in _ARTICLE.findall(bare)
        ),
        capitals_inside=sum(word != word.lower() for word in words[1:]),
        num_characters=len(text),
        num_words=len(words),
    )


def numbers_of(form: Form) -> tuple[float, ...]:
    """Return a form as numbers for a linear reader: choices as 0 and 1, and squared lengths."""
    return (
        float(form.first == "capital"),
        float(form.first == "small"),
        *(float(form.mark == mark) for mark in _ALIKE_MARKS),
        float(min(form.double_spaces, 3)),
        float(min(form.spaced_marks, 3)),
        float(min(form.outer_spaces, 3)),
        float(min(form.article_errors, 3)),
        float(min(form.capitals_inside, 5)),
        float(form.num_characters),
        float(form.num_characters) ** 2,
        float(form.num_words),
        float(form.num_words) ** 2,
    )


def differences(before: Form, after: Form) -> list[str]:
    """Return the names of what differs between the forms of a caption and its negative."""
    names = {
        "first": "first letter's case",
        "mark": "final mark",
        "double_spaces": "double spaces",
        "spaced_marks": "spaces before marks",
        "outer_spaces": "spaces at the ends",
        "article_errors": "a/an errors",
        "capitals_inside": "capitals inside",
        "num_words": "number of words",
    }
    return [
        name for field, name in names.items() if getattr(before, field) != getattr(after, field)
    ]
