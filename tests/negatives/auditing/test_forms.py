"""The form of texts: what is counted, what is not."""

import pytest

from negatives.auditing.forms import Form, differences, form_of, numbers_of
from negatives.words import lexicon

SOUND = lexicon.load().vowel_sound


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("A dog.", "first", "capital"),
        ("a dog.", "first", "small"),
        ("2 dogs.", "first", "other"),
        ("  A dog.", "first", "capital"),
        ("", "first", "other"),
        ("A dog", "mark", ""),
        ("A dog.", "mark", "."),
        ("A dog .", "mark", " ."),
        ("A dog. ", "mark", "."),
        ("A dog!?", "mark", "!?"),
        ("A  dog  runs.", "double_spaces", 2),
        ("A\tdog runs.", "double_spaces", 1),
        ("A dog runs. ", "double_spaces", 0),
        ("A dog , a cat .", "spaced_marks", 2),
        ("A dog, a cat.", "spaced_marks", 0),
        (" A dog. ", "outer_spaces", 2),
        ("A apple and an dog.", "article_errors", 2),
        ("An hour, a uniform, a one-way street, an X-ray.", "article_errors", 0),
        ("A uniform and a hour.", "article_errors", 1),
        ("A dog in New York.", "capitals_inside", 2),
        ("A dog in town.", "capitals_inside", 0),
        ("A dog's well-worn toy.", "num_words", 4),
        ("A dog.", "num_characters", 6),
    ],
)
def test_form(text: str, field: str, value: object) -> None:
    assert getattr(form_of(text, SOUND), field) == value


@pytest.mark.parametrize("text", ["", ".", "\t", "🙂", "e\u0301", "שלום", "a " * 2000, "&quot;"])
def test_any_text_has_a_form(text: str) -> None:
    form = form_of(text, SOUND)
    assert len(numbers_of(form)) == len(numbers_of(form_of("A dog.", SOUND)))
    assert differences(form, form) == []


def test_words_alone_make_no_difference() -> None:
    one, other = (form_of(f"A {colour} car.", SOUND) for colour in ("red", "tan"))
    assert one == other
    assert differences(one, form_of("a red car .", SOUND)) == [
        "first letter's case",
        "final mark",
        "spaces before marks",
    ]
    assert isinstance(one, Form)
