"""Which captions a block takes for English."""

import pytest

from negatives.building.parsing import language_fault
from negatives.words import lexicon


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("12", "no words"),
        ("2 \N{DOG FACE}", "no words"),
        ("!!!", "no words"),
        ("", "no words"),
        ("A man waterskies .", None),
        ("A red car.", None),
        ("Nothing here.", None),
        ("man qwrtzx", "not English"),
        ("qwrtzx", "not English"),
        ("a qwrtzx zzyxq", "not English"),
        ("Un homme avec un chapeau rouge est assis sur un banc.", "not English"),
    ],
)
def test_language_fault(text: str, fault: str | None) -> None:
    assert language_fault(text, lexicon.load()) == fault
