import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatives.parse import Parse
from negatives.rules.negate import Negate
from negatives.words.lexicon import load
from tests.parses import parsed

RULE = Negate(lexicon=load())

# An assertion and its denial: each is the only alternative of a reversible slot of the other.
PAIRS = [
    (
        ("the dog with a collar"),
        ("the dog without a collar"),
    ),
    (
        "the dog is running",
        ("the dog is not running"),
    ),
    (
        "the dog runs",
        ("the dog does not run"),
    ),
    (
        "the dogs ran",
        ("the dogs did not run"),
    ),
    (
        "the cat is black",
        ("the cat is not black"),
    ),
    (
        ("the boy can be seen"),
        ("the boy cannot be seen"),
    ),
    (
        ("the man wearing a hat"),
        ("the man not wearing a hat"),
    ),
    (
        "there is an owl",
        "there is no owl",
    ),
    (
        "there are big dogs",
        ("there are no big dogs"),
    ),
    (
        "there is grass",
        "there is no grass",
    ),
    (
        "an old car",
        "no old car",
    ),
    (
        ("the dog that is sleeping"),
        ("the dog that is not sleeping"),
    ),
]


def offers_of(parse: Parse) -> list[tuple[str, bool]]:
    slots = list(RULE(parse))
    assert all(len(slot.alternatives) == 1 for slot in slots)
    assert all(slot.type == "negate" for slot in slots)
    return [(slot.alternatives[0].apply(parse.text), slot.reversible) for slot in slots]


@pytest.mark.parametrize(("asserted", "denied"), PAIRS)
def test_assertion_and_denial_lead_to_each_other(asserted: str, denied: str) -> None:
    left, right = parsed(asserted), parsed(denied)
    assert offers_of(left) == [(right.text, True)]
    assert offers_of(right) == [(left.text, True)]


@pytest.mark.parametrize(("asserted", "denied"), PAIRS)
def test_a_denied_verb_is_an_act_and_a_missing_thing_is_existence(
    asserted: str, denied: str
) -> None:
    words = set(parsed(denied).text.replace("cannot", "can not").split())
    subtype = "act" if "not" in words else "existence"
    for caption in (asserted, denied):
        assert {slot.subtype for slot in RULE(parsed(caption))} == {subtype}


@given(st.sampled_from(PAIRS), st.sampled_from(PAIRS))
def test_only_what_leads_back_is_called_reversible(
    pair: tuple[str, str], other: tuple[str, str]
) -> None:
    parses = {parsed(t).text: parsed(t) for t in (*pair, *other)}
    for parse in parses.values():
        for text, reversible in offers_of(parse):
            assert not reversible or (parse.text, True) in offers_of(parses[text])


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        (
            "a dog is running",
            [("no dog is running", True), ("a dog is not running", True)],
        ),
        (
            "a man without a shirt",
            [("a man with a shirt", True)],
        ),
        (
            "a man with no shirt",
            [("a man with a shirt", False)],
        ),
        (
            "a man wearing no shoes",
            [("a man wearing shoes", False)],
        ),
        (
            ("the boy isn't running"),
            [("the boy is running", False)],
        ),
        (
            "no people on it",
            [("people on it", False)],
        ),
        (
            "two dogs playing",
            [("two dogs not playing", True)],
        ),
        (  # a past form that is a participle too does not come back
            ("the dog did not jump"),
            [("the dog jumped", False)],
        ),
        (  # "some" outside the scope
            ("the boy takes a nap while some cats watch"),
            [("the boy does not take a nap while some cats watch", True)],
        ),
        (
            ("a pair of men sleeping"),
            [("a pair of men not sleeping", True)],
        ),
        (
            ("the man and a dog running"),
            [("the man and a dog not running", True)],
        ),
        (
            ("the bus filled with men driving"),
            [("the bus not filled with men driving", True)],
        ),
        (  # a pronoun that means the owner
            ("the table with books on it"),
            [("the table without books on it", True)],
        ),
        (
            ("the boy with a bat near bat boxes"),
            [("the boy without a bat near bat boxes", True)],
        ),
        (
            ("the boy with a nose piercing"),
            [("the boy without a nose piercing", True)],
        ),
    ],
)
def test_changes(caption: str, expected: list[tuple[str, bool]]) -> None:
    assert offers_of(parsed(caption)) == expected


@pytest.mark.parametrize(
    "caption",
    [
        # two negations, or one whose scope is not plain: never negated again
        ("no dog is not running"),
        "no one is running",
        "the dog never runs",
        ("the dog is not only running"),
        "a no parking sign",
        ("the pet with and without food"),
        # "with" that belongs to a verb, or whose noun has a quantifier
        ("the cup filled with milk"),
        ("the room with some chairs"),
        ("the room with two chairs"),
        "the room with it",
        # what quantifiers leave true
        "some dogs are running",
        "everyone smiles",
        # English that would break
        ("the dog sits and barks"),
        "the dog just sat",
        "sit here",
        "a group of people",
        "a dog and a cat",
        "a owl",  # its article would not come back
        "a dog beside him",
        # a participle taken for a past form
        ("big shelf stocked full of books"),
        ("the row of wall mounted lamps"),
        # "some" in the scope
        ("the boys have some apples with them"),
        ("the boys do not have any apples"),
        "a cat carrying something",
        ("a girl is eating some cake"),
        # a participle that may be about another noun
        ("the man near a dog running"),
        # no participle: another part of speech, half of an adjective, half of a verb, doubled
        "the microwave oven",
        ("two girls in coats frown"),
        ("two cats run across roofs"),
        "a cream filled cake",
        "the tree covered hill",
        "the horse drawn wagn",
        "he was rock climbing",
        "bath room setting",
        "the girl eating eating",
        # nouns that gather, in the plural
        ("dozens of cats watching birds #2"),
        ("dozens of cats watching birds"),
        ("there are different kinds of fruit"),
        "photos of cats",
        # a noun or a slip of the pen taken for a finite verb
        "the bread triangles",
        "the man blays",
        # what is denied comes back
        ("the room with a lamp and bed by the beds"),
        ("the boy with a cat as it drinks"),
        ("there is a girl with red shoes and a girl with blue shoes"),
        # "with" that belongs to a verb and its object
        ("he shaking hands with a clown"),
        # "no" would stand before the first of two
        ("a baby and adult giraffe"),
        # "only" hides a negation
        ("a boat is the only thing"),
        # deleting a modifier is never a negative
        "the big dog",
        "",
    ],
)
def test_noop(caption: str) -> None:
    assert offers_of(parsed(caption)) == []
