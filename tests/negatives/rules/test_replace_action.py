import pytest

from negatives.rules.replace_action import ReplaceAction
from negatives.words.lexicon import load
from tests.negatives.rules.replace_cases import LEXICON, assert_reversible, negatives_of
from tests.parses import parsed

RULE = ReplaceAction(lexicon=LEXICON)
SHIPPED = ReplaceAction(lexicon=load())

CHANGES = {
    "a man sits": [["a man lies", "a man stands"]],
    "a dog lying on grass": [["a dog sitting on grass", "a dog standing on grass"]],
    "holding a bat": [["hitting a bat", "throwing a bat"]],
    "a ball held by him": [["a ball thrown by him"]],
    "he has swum": [["he has run", "he has walked"]],
    "walking down a road": [
        ["running down a road"]  # nobody swims down a road
    ],
    "playing soccer": [["watching soccer"]],
}

NOOPS = [
    "",
    "a man is",
    "sitting down",  # a particle of its own
    "holding up a sign",
    "holding it up",
    "playing with dogs",  # "watching with"
    "a vase sits",  # it stands there too
    "walking a dog",  # "swimming a dog"
    "running water",
    "he stands laughing",
    "swimming pool",
    "a man sit",  # the caption's own form is wrong
    "run- down",
]


SHIPPED_CHANGES = {  # with the words that the package ships
    ("a girl that is riding a pony"): [
        [
            "a girl that is carrying a pony",
            "a girl that is pulling a pony",
            "a girl that is pushing a pony",
        ]
    ],
    ("workers sitting on a wall"): [
        ["workers kneeling on a wall", "workers lying on a wall", "workers standing on a wall"]
    ],
    "a boy playing chess": [["a boy watching chess"]],
    ("a puppy running on a lawn"): [["a puppy crawling on a lawn", "a puppy walking on a lawn"]],
    ("a man in a red jacket standing on a rock"): [
        [
            "a man in a red jacket kneeling on a rock",
            "a man in a red jacket lying on a rock",
            "a man in a red jacket sitting on a rock",
        ]
    ],
}

SHIPPED_NOOPS = [
    ("a radio that is sitting on a shelf"),
    ("a poster that reads welcome"),
    ("a puppy jumping to reach a toy and eating bread"),
    "Puppy eating bread",
    ("a computer sitting in a hallway"),
    ("a hot dog sitting on a napkin"),
    ("a group of umbrellas sitting on a lawn"),
    "a boy playing a clip",
    ("a cat is holding a toy in its mouth"),
    "two boys hold hands",
    "a man riding a wave",
    ("a woman brushing her hair"),
    ("a goat being fed grass"),
    "snow covered cars",
    "a horse drawn wagon",
    "wall mounted shelves",
    ("a creek running by a farm"),
    ("a van parked along a road"),
    ("a kite sliding in the air"),
    "a man wearing a hat",
    "he rock climbing",
    ("she holds a ball in her arms"),
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


def test_leaves_out_what_the_caption_says_elsewhere() -> None:
    parse = parsed("he sits by him standing")
    assert negatives_of(RULE, parse) == [["he lies by him standing"], ["he sits by him lying"]]


def test_names_its_slots() -> None:
    (slot,) = RULE(parsed("he sits"))
    assert (slot.rule, slot.type, slot.subtype) == ("replace_action", "replace", "act")


@pytest.mark.parametrize(("caption", "expected"), SHIPPED_CHANGES.items())
def test_changes_of_shipped_words(caption: str, expected: list[list[str]]) -> None:
    assert negatives_of(SHIPPED, parsed(caption)) == expected
    assert_reversible(SHIPPED, parsed(caption))


@pytest.mark.parametrize("caption", SHIPPED_NOOPS)
def test_noop_of_shipped_words(caption: str) -> None:
    assert negatives_of(SHIPPED, parsed(caption)) == []
