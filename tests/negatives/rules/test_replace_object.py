import pytest

from negatives.rules.replace_object import ReplaceObject
from negatives.words.lexicon import Table, load
from tests.negatives.rules.replace_cases import LEXICON, assert_reversible, negatives_of
from tests.parses import parsed

RULE = ReplaceObject(lexicon=LEXICON)
SHIPPED = ReplaceObject(lexicon=load())

CHANGES = {
    "a dog runs": [["a bear runs", "a cat runs", "a polar bear runs", "a sheep runs"]],
    "two dogs": [["two bears", "two cats", "two polar bears"]],
    "men's dog": [["men's bear", "men's cat", "men's polar bear", "men's sheep"]],
    "two fire hydrants": [["two parking meters"]],
    "her tennis racket": [["her baseball bat", "her kite", "her umbrella"]],
    "a metal fence": [["a metal gate"]],
    "a hot dog": [["a pizza", "a sandwich"]],
    "a hot cat": [["a hot bear", "a hot polar bear", "a hot sheep"]],
    "a polar bear": [["a bear", "a cat", "a dog", "a sheep"]],
    "a dog with a cat": [
        [
            "a bear with a cat",
            "a polar bear with a cat",
            "a sheep with a cat",
        ],
        [
            "a dog with a bear",
            "a dog with a polar bear",
            "a dog with a sheep",
        ],
    ],
    "the man's": [["the woman's"]],
    "an arm": [["an leg"]],  # "hand" is left, so it is not offered either
}

NOOPS = [
    "",
    "stuff",
    "Dog",  # a name
    "it",
    "the dog show",  # a modifier alone
    "a traffic fence",  # half of a compound
    "on top of it",
    "the top",  # a light noun
    "on the other hand",
    "a red pepper",
    "two dog",  # the caption's own number is wrong
    "two sheep",  # the plural does not show
    "men's hat",  # "dogs'" is written otherwise
    "a dog-shaped kite",
    "a man brushes her hair",  # another person's
    "His hat falls on a man.",  # a capital
    "a man and his wife",  # two nouns have a gender
    "two men and his hat",
    "a man takes hers",  # "his" would not lead back to "hers"
    "a dog chases another dog",  # anaphora
    "a man and a woman",  # two women are no such pair
    "go by horse",  # a fixed phrase
    "the kite tall",
]

WITH_PRONOUNS = (  # of each pair, one is the only negative of the other
    ("a man brushes his hair", "a woman brushes her hair"),
    ("a man pats the dog next to him", "a woman pats the dog next to her"),
    ("a man smiles as he hits himself", "a woman smiles as she hits herself"),
)

SHIPPED_CHANGES = {  # with the words that the package ships
    ("a pony standing on a hill"): [["a pony standing on a ramp"]],
    "a white pancake": [
        [
            "a white burrito",
            "a white omelet",
            "a white pizza",
            "a white salad",
            "a white sandwich",
            "a white taco",
            "a white waffle",
        ]
    ],
    "a tall kid": [["a tall grownup"]],
    "her hips": [["her ankles", "her elbows", "her knees", "her shoulders", "her wrists"]],
    "blue jeans": [["blue leggings", "blue shorts"]],
    "a boy runs": [["a girl runs"]],
    "eating soup": [["eating curry", "eating pasta", "eating stew", "eating sushi"]],
}

SHIPPED_NOOPS = [
    "wood chairs",
    "a white soup",
    "a steam",
    "the glass",
    "looking at the camera",
    "a little kid",
    "a bathroom sink",
    "lamps and soap dispensers",
    "whites",
]


@pytest.mark.parametrize(("caption", "expected"), CHANGES.items())
def test_changes(caption: str, expected: list[list[str]]) -> None:
    assert negatives_of(RULE, parsed(caption)) == expected


@pytest.mark.parametrize("caption", NOOPS)
def test_noop(caption: str) -> None:
    assert negatives_of(RULE, parsed(caption)) == []


@pytest.mark.parametrize("caption", CHANGES)
def test_reversible(caption: str) -> None:
    assert_reversible(RULE, parsed(caption))


@pytest.mark.parametrize("pair", WITH_PRONOUNS)
def test_changes_pronouns_with_their_noun(pair: tuple[str, str]) -> None:
    men = ReplaceObject(lexicon=Table(classes={("NOUN", "gender"): ("man", "woman")}))
    for caption, negative in (pair, pair[::-1]):
        assert negatives_of(men, parsed(caption)) == [[negative]]


def test_names_its_slots() -> None:
    (slot,) = RULE(parsed("a dog"))
    assert (slot.rule, slot.type, slot.subtype, slot.reversible) == (
        "replace_object",
        "replace",
        "obj",
        True,
    )


@pytest.mark.parametrize(("caption", "expected"), SHIPPED_CHANGES.items())
def test_changes_of_shipped_words(caption: str, expected: list[list[str]]) -> None:
    assert negatives_of(SHIPPED, parsed(caption)) == expected
    assert_reversible(SHIPPED, parsed(caption))


@pytest.mark.parametrize("caption", SHIPPED_NOOPS)
def test_noop_of_shipped_words(caption: str) -> None:
    assert negatives_of(SHIPPED, parsed(caption)) == []
