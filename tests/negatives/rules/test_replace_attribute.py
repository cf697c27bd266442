import pytest

from negatives.rules.replace_attribute import ReplaceAttribute
from negatives.words.lexicon import load
from tests.negatives.rules.replace_cases import LEXICON, assert_reversible, negatives_of
from tests.parses import parsed

RULE = ReplaceAttribute(lexicon=LEXICON)
SHIPPED = ReplaceAttribute(lexicon=load())

CHANGES = {
    "a young man": [["a old man"]],
    "a taller tree": [["a shorter tree"]],
    "the tree is tall": [["the tree is short"]],
    "a metal fence": [["a brick fence", "a wooden fence"]],
    "a parked car": [["a moving car"]],
    "a white and brown cat": [
        ["a black and brown cat", "a blue and brown cat", "a orange and brown cat",
         "a red and brown cat"],
        ["a white and black cat", "a white and blue cat", "a white and orange cat",
         "a white and red cat"],
    ],
    "a cold pizza": [["a hot pizza"]],
    "a red brick wall": [
        ["a black brick wall", "a blue brick wall", "a brown brick wall", "a orange brick wall",
         "a white brick wall"],
        ["a red metal wall", "a red wooden wall"],
    ],
}  # fmt: skip

NOOPS = [
    "",
    "several dogs",  # a quantifier
    "a hot dog",  # one word
    "a cold dog",  # would become one
    "a red pepper",  # one word by the table
    "orange juice",
    "red-haired",
    "a black and white photo",
    "a black man",  # no colour of anything in the picture
    "a young boy",
    "five years old",
    "a red and red cat",
    "the car is parked",  # a verb: replace_action
    "tall trees #2",  # a noun, by its tag, that is no quality
]


SHIPPED_CHANGES = {  # with the words that the package ships
    "an empty basket": [["an full basket"]],
    "a clear blue sky": [
        [
            "a clear black sky",
            "a clear brown sky",
            "a clear gray sky",
            "a clear green sky",
            "a clear orange sky",
            "a clear pink sky",
            "a clear purple sky",
            "a clear red sky",
            "a clear white sky",
            "a clear yellow sky",
        ]
    ],
    "a clear sky": [["a cloudy sky"]],
    "a little truck": [["a big truck"]],
    "a grassy hill": [],
    "a crowded street": [["a busy street", "a deserted street"]],
    "a long train": [["a short train", "a tall train"]],
}

SHIPPED_NOOPS = [
    "a muddy cat sits",
    ("a basket full of lemons"),
    ("the boy has fallen asleep in a car"),
    "a dimly lit kitchen",
    ("a girl in a pale blue dress"),
    "a navy blue coat",
    "a lime green truck",
    ("a public house on a corner"),
    "two yellow labs",
    ("an angry bird on a mug"),
    ("a girl with a back pack"),
    ("the bottom half of a boy"),
    "a black sheep",
    ("with very little hair on top"),
    "it is lit up",
]


@pytest.mark.parametrize(("caption", "expected"), CHANGES.items())
def test_changes(caption: str, expected: list[list[str]]) -> None:
    assert negatives_of(RULE, parsed(caption))[: len(expected)] == expected


@pytest.mark.parametrize("caption", NOOPS)
def test_noop(caption: str) -> None:
    assert negatives_of(RULE, parsed(caption)) == []


@pytest.mark.parametrize("caption", CHANGES)
def test_reversible(caption: str) -> None:
    assert_reversible(RULE, parsed(caption))


def test_names_its_slots() -> None:
    (slot,) = RULE(parsed("tall trees"))
    assert (slot.rule, slot.type, slot.subtype) == ("replace_attribute", "replace", "att")


@pytest.mark.parametrize(("caption", "expected"), SHIPPED_CHANGES.items())
def test_changes_of_shipped_words(caption: str, expected: list[list[str]]) -> None:
    assert negatives_of(SHIPPED, parsed(caption)) == expected
    assert_reversible(SHIPPED, parsed(caption))


@pytest.mark.parametrize("caption", SHIPPED_NOOPS)
def test_noop_of_shipped_words(caption: str) -> None:
    assert negatives_of(SHIPPED, parsed(caption)) == []
