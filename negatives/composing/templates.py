"""Texts of composites: the forms that join two captions, and where each of these stands. Pure.

A form may say where its two captions are shown ("on the left"). Each form that does has a mirror
image, which is as likely, so that the order of the places reveals nothing.
"""

from typing import Final, NamedTuple

from data.edits import Edit, Replacement, text_at
from data.texts import normalise
from negatives.parse import Parse

NO_PLACES: Final = ("", "")
_ENDS: Final = " .,!"
_INSIDE: Final = frozenset((".", "!", "?", ";", ":", "...", "\u2026"))


class Form(NamedTuple):
    """How two captions are joined: what stands before the first, and between them.

    `layout`: the one of `data.records.LAYOUTS` that the form suits; "" for any. `places`: the words
    for the first and the second caption's place, which are part of `before` and `between`.
    """

    layout: str
    before: str
    between: str
    places: tuple[str, str] = NO_PLACES


def _mirrored(layout: str, before: str, between: str, places: tuple[str, str]) -> tuple[Form, Form]:
    one, other = places
    return (
        Form(layout, before.format(one), between.format(other), (one, other)),
        Form(layout, before.format(other), between.format(one), (other, one)),
    )


FORMS: Final[tuple[Form, ...]] = (
    *_mirrored("left-right", "on the {}, ", ", and on the {}, ", ("left", "right")),
    *_mirrored("left-right", "on the {}: ", "; on the {}: ", ("left", "right")),
    *_mirrored("top-bottom", "at the {}, ", ", and at the {}, ", ("top", "bottom")),
    *_mirrored("top-bottom", "at the {}: ", "; at the {}: ", ("top", "bottom")),
    Form("", "", ". "),
)
FIRST_PLACES: Final = frozenset({"left", "top"})
"""Places of the first image of a layout."""


class Clause(NamedTuple):
    """A caption as part of a sentence: the characters `start` to `end` of it.

    `is_lowered`: whether its first letter becomes a small one.
    """

    start: int
    end: int
    is_lowered: bool


class Composite(NamedTuple):
    """The text of two captions, and where each stands in it.

    `offsets`: where the clauses of the first and the second caption begin.
    """

    form: Form
    text: str
    clauses: tuple[Clause, Clause]
    offsets: tuple[int, int]


def clause_of(parse: Parse) -> Clause | None:
    """Return a caption as part of a sentence; None if it is more than one sentence."""
    text = parse.text
    end = len(text.rstrip(_ENDS))
    start = len(text) - len(text.lstrip())
    inside = text_at(text, start, end)
    if not inside or any(token.text in _INSIDE for token in parse.tokens if token.end <= end):
        return None
    first = next(token for token in parse.tokens if token.start >= start)
    is_lowered = (
        text_at(first.text, 0, 1).isupper()
        and not text_at(first.text, 1, 2).isupper()
        and first.pos != "PROPN"
        and first.text != "I"
    )
    return Clause(start, end, is_lowered)


def composite_of(
    form: Form, captions: tuple[str, str], clauses: tuple[Clause, Clause]
) -> Composite:
    """Return the text of two captions, in the form's order.

    It begins and ends like the first caption: with or without a capital, with or without a stop.
    """
    first = captions[0]
    has_stop = first.rstrip().endswith(".")
    keeps_case = form.places == NO_PLACES
    texts = [_clause_text(text, each, keep=keeps_case)
             for text, each in zip(captions, clauses, strict=True)]  # fmt: skip
    before = form.before
    if text_at(captions[0], clauses[0].start, clauses[0].start + 1).isupper() and before:
        before = before[0].upper() + before[1:]
    text = before + texts[0] + form.between + texts[1] + ("." if has_stop else "")
    offsets = (len(before), len(before) + len(texts[0]) + len(form.between))
    return Composite(form, text, clauses, offsets)


def _clause_text(text: str, clause: Clause, *, keep: bool) -> str:
    inside = text_at(text, clause.start, clause.end)
    return _lowered(inside) if clause.is_lowered and not keep else inside


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]


def moved_into(composite: Composite, which: int, edit: Edit) -> tuple[Replacement, ...] | None:
    """Return an edit of one of the captions as replacements of the composite's text.

    `which`: 0 for the first caption, 1 for the second. None if it changes something that
    the composite leaves out.
    """
    clause, offset = composite.clauses[which], composite.offsets[which]
    lowers = clause.is_lowered and composite.form.places != NO_PLACES
    moved: list[Replacement] = []
    for start, end, text in edit.replacements:
        if start < clause.start or end > clause.end:
            return None
        new = _lowered(text) if lowers and start == clause.start else text
        moved.append(Replacement(start - clause.start + offset, end - clause.start + offset, new))
    return tuple(moved)


def exchanged_places(composite: Composite) -> Edit | None:
    """Return the edit that shows each caption in the other's place; None if none is named."""
    one, other = composite.form.places
    if not one:
        return None
    first = composite.text.lower().index(one)
    second = composite.text.index(other, composite.offsets[1] - len(composite.form.between))
    return Edit(
        (
            Replacement(first, first + len(one), other),
            Replacement(second, second + len(other), one),
        )
    )


def reordered(composite: Composite) -> Edit | None:
    """Return the edit that says the same in reverse order; None if no place is named."""
    places = exchanged_places(composite)
    if places is None:
        return None
    (first, second) = places.replacements
    here, there = composite.offsets
    end_of_first = there - len(composite.form.between)
    end_of_second = len(composite.text) - composite.text.endswith(".")
    one = text_at(composite.text, here, end_of_first)
    other = text_at(composite.text, there, end_of_second)
    return Edit(
        (
            first,
            Replacement(here, end_of_first, other),
            second,
            Replacement(there, end_of_second, one),
        )
    )


def says_places(parse: Parse) -> bool:
    """Tell whether a caption itself mentions left and right, top and bottom, or pictures."""
    return not _PLACE_WORDS.isdisjoint(normalise(parse.text).split())


_PLACE_WORDS: Final = frozenset(
    {"left", "right", "top", "bottom", "above", "below", "upper", "lower", "collage"}
    | {"image", "images", "picture", "pictures", "photo", "photos", "photograph", "photographs"}
)
