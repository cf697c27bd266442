"""Negatives that are rewritten as their captions are, and those that are not, either way."""

import pytest

from data.edits import edit_between, text_at
from data.records import Negative, Positive, Row
from negatives.building.rewriting import rewritten, with_words
from negatives.negation.clauses import all_clauses_or_none, counterpart_of
from negatives.policy import PairPolicy
from negatives.positives.choosing import positive_chooser
from tests.parses import parsed

CHOOSER = positive_chooser(
    [{"rule": rule} for rule in ("existence", "clause", "voice")], PairPolicy(), 0, first_number=5
)
NUMBERS = {each.name: each.number for each in CHOOSER.producers}


def texts(caption: str, rule: str, negative: str) -> list[str]:
    """Return what becomes of a negative whose caption a rule rewrites."""
    edit = edit_between(caption, negative)
    assert edit is not None
    false = Negative(negative, "replace", "obj", "replace_object", "rule", edit, 0.5, 0)
    true = Positive("", "rewrite", "existence", rule, "rule", edit, None, NUMBERS[rule])
    found = rewritten(parsed(caption), [false], [true], CHOOSER)
    assert all(each.edit.apply(caption) == each.text for each in found)
    return [each.text for each in found]


@pytest.mark.parametrize(
    ("caption", "rule", "negative", "expected"),
    [
        ("A dog in a park.", "existence", "A cat in a park.", "There is a cat in a park."),
        ("A dog in a park.", "existence", "A dog in a house.", "There is a dog in a house."),
        ("Two dogs in the snow.", "clause", "Two cats in the snow.", "Two cats are in the snow."),
        ("A man riding a horse on a beach.", "voice", "A man riding a cow on a beach.",
         "A cow being ridden by a man on a beach."),
    ],
)  # fmt: skip
def test_a_negative_is_rewritten_as_its_caption(
    caption: str, rule: str, negative: str, expected: str
) -> None:
    assert texts(caption, rule, negative) == [expected]


@pytest.mark.parametrize(
    ("caption", "rule", "negative"),
    [
        # weighed by the word that follows, which differs
        ("A dog in a park.", "existence", "An elephant in a park."),
        # the rule would leave the other text alone
        ("A dog in a park.", "existence", "A picture in a park."),
        # not word for word
        ("A dog in a park.", "existence", "A fire hydrant in a park."),
        ("A dog in a park.", "existence", "A t-shirt in a park."),
    ],
)
def test_a_negative_that_the_rule_treats_otherwise_is_not(
    caption: str, rule: str, negative: str
) -> None:
    assert texts(caption, rule, negative) == []


def test_words_change_and_the_parse_stays() -> None:
    before, after = parsed("A dog in a park."), "A cat in a garden."
    edit = edit_between(before.text, after)
    assert edit is not None
    found = with_words(before, edit)
    assert found is not None
    assert found.text == after
    cut = [text_at(found.text, token.start, token.end) for token in found.tokens]
    assert cut == ["A", "cat", "in", "a", "garden", "."]
    assert [token[3:] for token in found.tokens] == [token[3:] for token in before.tokens]


def test_a_rewritten_negative_belongs_to_the_rewritten_caption() -> None:
    caption, true, false = "A dog in a park.", "There is a dog in a park.", "There is a cat in it."
    edits = [edit_between(caption, text) for text in (true, false)]
    assert edits[0] is not None
    assert edits[1] is not None
    kind = ("rewrite", "existence", "existence", "rule")
    row = Row(
        "1", ("1.jpg",), caption, (Negative(false, *kind, edits[1], None, 5),),
        (Positive(true, *kind, edits[0], None, 5),),
    )  # fmt: skip
    assert counterpart_of(row, row.negatives[0]) == true
    assert all_clauses_or_none(row, before=row) == row
    bare = row._replace(positives=())
    assert counterpart_of(bare, row.negatives[0]) == caption
    assert all_clauses_or_none(bare, before=row).negatives == ()
