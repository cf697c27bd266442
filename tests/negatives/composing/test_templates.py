"""Texts of composites: forms, clauses, and edits moved into them."""

import re

import pytest

from data.edits import Edit, Replacement
from negatives.composing.templates import (
    FIRST_PLACES,
    FORMS,
    NO_PLACES,
    Composite,
    Form,
    clause_of,
    composite_of,
    exchanged_places,
    moved_into,
    reordered,
    says_places,
)
from negatives.parse import Parse, Token

RED, BLUE = "A red car on a road.", "Two dogs on a blue mat."
PLACED = [form for form in FORMS if form.places != NO_PLACES]
(PLAIN,) = [form for form in FORMS if form.places == NO_PLACES]


def parse_of(text: str) -> Parse:
    """Return words and marks, of which only Paris is a name."""
    return Parse(text, tuple(
        Token(word.start(), word.end(), word[0], "PROPN" if word[0] == "Paris" else "X", "", "", 0)
        for word in re.finditer(r"\w+|[^\w\s]", text)
    ), ())  # fmt: skip


def composite(form: Form, one: str = RED, other: str = BLUE) -> Composite:
    first, second = clause_of(parse_of(one)), clause_of(parse_of(other))
    assert first is not None
    assert second is not None
    return composite_of(form, (one, other), (first, second))


def test_forms_come_in_mirrored_pairs() -> None:
    for form in PLACED:
        mirror = [f for f in PLACED if f.places == form.places[::-1] and f.layout == form.layout]
        assert len(mirror) == 2
        assert len(FIRST_PLACES & set(form.places)) == 1


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (
            FORMS[0],
            "On the left, a red car on a road, and on the right, two dogs on a blue mat.",
        ),
        (FORMS[3], "On the right: a red car on a road; on the left: two dogs on a blue mat."),
        (
            FORMS[4],
            "At the top, a red car on a road, and at the bottom, two dogs on a blue mat.",
        ),
        (PLAIN, "A red car on a road. Two dogs on a blue mat."),
    ],
)
def test_texts(form: Form, text: str) -> None:
    assert composite(form).text == text


@pytest.mark.parametrize("form", PLACED)
def test_places_are_exchanged_and_order_is_turned_round(form: Form) -> None:
    one, other = form.places
    made = composite(form)
    mirror = next(f for f in PLACED if f.places == (other, one) and f.before[-2] == form.before[-2])
    false, true = exchanged_places(made), reordered(made)
    assert false is not None
    assert true is not None
    assert false.apply(made.text) == composite(mirror).text
    assert true.apply(made.text) == composite(mirror, BLUE, RED).text
    assert exchanged_places(composite(PLAIN)) is None
    assert reordered(composite(PLAIN)) is None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("which", [0, 1])
def test_an_edit_of_a_caption_does_the_same_in_a_composite(form: Form, which: int) -> None:
    edits = (Edit((Replacement(0, 1, "The"), Replacement(2, 5, "green"))),
             Edit((Replacement(0, 3, "Three"), Replacement(14, 18, "red"))))  # fmt: skip
    texts = [RED, BLUE]
    made = composite(form)
    replacements = moved_into(made, which, edits[which])
    texts[which] = edits[which].apply(texts[which])
    assert replacements is not None
    assert Edit(replacements).apply(made.text).lower() == composite(form, *texts).text.lower()
    assert moved_into(made, 0, Edit((Replacement(len(RED) - 1, len(RED), "!"),))) is None


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (RED, True),
        ("A red car.  ", True),
        ("A dog. It barks.", False),
        ("A dog; a cat.", False),
        (".", False),
    ],
)
def test_only_a_sentence_is_a_clause(text: str, *, fits: bool) -> None:
    assert (clause_of(parse_of(text)) is not None) is fits


def test_a_name_keeps_its_capital() -> None:
    assert composite(FORMS[0], "Paris at night.").text.startswith("On the left, Paris at night,")


@pytest.mark.parametrize(
    ("text", "says"), [(RED, False), ("A car on the left of a house.", True), ("A photo.", True)]
)
def test_captions_about_places_are_known(text: str, *, says: bool) -> None:
    assert says_places(parse_of(text)) is says
