import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatives.parse import Parse
from negatives.rules.count import Count
from negatives.words.lexicon import load
from tests.parses import parse_of, parsed

RULE = Count(lexicon=load())
WITH_ARTICLES = Count(articles=True, lexicon=load())
UP_TO_SIX = ["one", "two", "three", "four", "five", "six"]


def offers_of(parse: Parse, rule: Count = RULE) -> list[list[str]]:
    return [[edit.apply(parse.text) for edit in slot.alternatives] for slot in rule(parse)]


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        (
            "two dogs are running",
            [
                "one dog is running",
                "three dogs are running",
                "four dogs are running",
                "five dogs are running",
                "six dogs are running",
            ],
        ),
        (
            "1 person sits",
            ["2 people sit", "3 people sit", "4 people sit", "5 people sit", "6 people sit"],
        ),
        (
            "the two cats",
            ["the three cats", "the four cats", "the five cats", "the six cats"],
        ),
        (
            "Two sheep",
            ["three sheep", "four sheep", "five sheep", "six sheep"],
        ),
        (
            "two men wearing hats",
            [f"{n} men wearing hats" for n in UP_TO_SIX[2:]],
        ),
        (
            ("two dogs in their bed"),
            [f"{n} dogs in their bed" for n in UP_TO_SIX[2:]],
        ),
        (
            "on one hand",
            ["on two hands"],
        ),
        (
            ("a man and two dogs play"),
            ["a man and one dog play", *(f"a man and {n} dogs play" for n in UP_TO_SIX[2:])],
        ),
        (
            ("there is one dog that sleeps"),
            [f"there are {n} dogs that sleep" for n in UP_TO_SIX[1:]],
        ),
        (
            ("two dogs run and play"),
            ["one dog runs and plays", *(f"{n} dogs run and play" for n in UP_TO_SIX[2:])],
        ),
        (
            "9 geese",
            ["7 geese", "8 geese", "10 geese", "11 geese", "12 geese"],
        ),
    ],
)
def test_changes(caption: str, expected: list[str]) -> None:
    assert offers_of(parsed(caption)) == [expected]


@pytest.mark.parametrize(
    "caption",
    [
        "bus number 7",
        "at 2:30",
        "the 2008 games",
        "two years old",
        ("a two- story house"),
        "two story houses",
        "one of the dogs",
        "no one",
        "facing one another",
        ("one bird chasing the other dog"),
        ("two dogs, both brown"),
        ("two dogs, one brown"),
        "#3 cars",
        "the second dog",
        "a couple of dogs",
        "half a pizza",
        "$5 bills",
        "5 dollars",
        "about two dogs",
        "two or three dogs",
        "a 3 game",
        "his one dog",
        "one grass",
        "thirteen dogs",
        "two Beatles",
        "a dog",
        "dogs",
        "",
    ],
)
def test_noop(caption: str) -> None:
    assert offers_of(parsed(caption)) == []


@pytest.mark.parametrize(
    "caption",
    [  # the tagger's own errors, and numbers that others rely on: one never turns into several
        "two dogs run #2",
        ("two boys wearing shirts pose"),
        "between two trees",
        ("a group of two dogs"),
        "two men're running",
        "these are two dogs",
        "two men are clowns",
        "two matching beds",
        ("two girls in riding boots"),
        ("two girls in size order"),
        ("corner of two streets"),
    ],
)
def test_several_stay_several(caption: str) -> None:
    parse = parsed(caption)
    (texts,) = offers_of(parse)
    assert texts == [parse.text.replace("two", n) for n in UP_TO_SIX[2:]]


def test_articles_lead_one_way() -> None:
    parse = parsed("a dog runs")
    (slot,) = WITH_ARTICLES(parse)
    assert not slot.reversible
    assert [edit.apply(parse.text) for edit in slot.alternatives] == [
        f"{n} dogs run" for n in UP_TO_SIX[1:]
    ]


NOUNS = [("dog", "dogs"), ("child", "children"), ("sheep", "sheep"), ("person", "people")]
FRAMES = [
    "{n}/NUM/CD/nummod>1 {noun}/nsubj>3 {are}/aux>3 running/VERB/VBG/ROOT>3",
    "{n}/NUM/CD/nummod>1 {noun}/nsubj>2 {sit}/ROOT>2 on/ADP/IN/prep>2 grass/NOUN/NN/pobj>3",
    "{n}/NUM/CD/nummod>1 {noun}/ROOT>1 near/ADP/IN/prep>1 it/PRON/PRP/pobj>2",
    "my/PRON/PRP$/poss>2 {n}/NUM/CD/nummod>2 {noun}/ROOT>2",
    "a/DET/DT/det>1 cat/NOUN/NN/nsubj>2 sees/VERB/VBZ/ROOT>2 {n}/NUM/CD/nummod>4 {noun}/dobj>2",
]
NUMBERS = [*UP_TO_SIX, "seven", "twelve", "1", "2", "6", "8", "twenty", "90"]


def parse_in_frame(number: str, nouns: tuple[str, str], frame: str) -> Parse:
    several = number not in {"one", "1"}
    noun = f"{nouns[several]}/NOUN/{'NNS' if several else 'NN'}"
    are = "are/AUX/VBP" if several else "is/AUX/VBZ"
    sit = "sit/VERB/VBP" if several else "sits/VERB/VBZ"
    return parse_of(frame.format(n=number, noun=noun, are=are, sit=sit))


@given(st.sampled_from(NUMBERS), st.sampled_from(NOUNS), st.sampled_from(FRAMES))
def test_a_slot_is_a_class(number: str, nouns: tuple[str, str], frame: str) -> None:
    parse = parse_in_frame(number, nouns, frame)
    others = {
        parse_in_frame(n, nouns, frame).text: parse_in_frame(n, nouns, frame)
        for n in _every_number()
    }
    for slot in RULE(parse):
        assert slot.reversible
        texts = {edit.apply(parse.text) for edit in slot.alternatives}
        assert parse.text not in texts
        for text in texts:
            (back,) = RULE(others[text])
            assert {e.apply(text) for e in back.alternatives} | {text} == texts | {parse.text}


def _every_number() -> list[str]:
    words = "seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty"
    digits = [str(n) for n in (*range(1, 13), *range(20, 100, 10))]
    return [*UP_TO_SIX, *words.split(), "ninety", *digits]
