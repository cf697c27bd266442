import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatives.parse import Parse
from negatives.rules.count import Count
from negatives.words.lexicon import load
from tests.parses import parse_of

RULE = Count(lexicon=load())
WITH_ARTICLES = Count(articles=True, lexicon=load())
UP_TO_SIX = ["one", "two", "three", "four", "five", "six"]


def offered(parse: Parse, rule: Count = RULE) -> list[list[str]]:
    return [[edit.apply(parse.text) for edit in slot.alternatives] for slot in rule(parse)]


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        (
            "two/NUM/CD/nummod>1 dogs/NOUN/NNS/nsubj>3 are/AUX/VBP/aux>3 running/VERB/VBG/ROOT>3",
            [
                "one dog is running",
                "three dogs are running",
                "four dogs are running",
                "five dogs are running",
                "six dogs are running",
            ],
        ),
        (
            "1/NUM/CD/nummod>1 person/NOUN/NN/nsubj>2 sits/VERB/VBZ/ROOT>2",
            ["2 people sit", "3 people sit", "4 people sit", "5 people sit", "6 people sit"],
        ),
        (
            "the/DET/DT/det>2 two/NUM/CD/nummod>2 cats/NOUN/NNS/ROOT>2",
            ["the three cats", "the four cats", "the five cats", "the six cats"],
        ),
        (
            "Two/NUM/CD/nummod>1 sheep/NOUN/NNS/ROOT>1",
            ["three sheep", "four sheep", "five sheep", "six sheep"],
        ),
        (
            "two/NUM/CD/nummod>1 men/NOUN/NNS/ROOT>1 wearing/VERB/VBG/acl>1 hats/NOUN/NNS/dobj>2",
            [f"{n} men wearing hats" for n in UP_TO_SIX[2:]],
        ),
        (
            (
                "two/NUM/CD/nummod>1 dogs/NOUN/NNS/ROOT>1 in/ADP/IN/prep>1 their/PRON/PRP$/poss>4"
                " bed/NOUN/NN/pobj>2"
            ),
            [f"{n} dogs in their bed" for n in UP_TO_SIX[2:]],
        ),
        (
            "on/ADP/IN/prep>0 one/NUM/CD/nummod>2 hand/NOUN/NN/pobj>0",
            ["on two hands"],
        ),
        (
            (
                "a/DET/DT/det>1 man/NOUN/NN/nsubj>5 and/CCONJ/CC/cc>1 two/NUM/CD/nummod>4"
                " dogs/NOUN/NNS/conj>1 play/VERB/VBP/ROOT>5"
            ),
            ["a man and one dog play", *(f"a man and {n} dogs play" for n in UP_TO_SIX[2:])],
        ),
        (
            (
                "there/PRON/EX/expl>1 is/VERB/VBZ/ROOT>1 one/NUM/CD/nummod>3 dog/NOUN/NN/attr>1"
                " that/PRON/WDT/nsubj>5 sleeps/VERB/VBZ/relcl>3"
            ),
            [f"there are {n} dogs that sleep" for n in UP_TO_SIX[1:]],
        ),
        (
            (
                "two/NUM/CD/nummod>1 dogs/NOUN/NNS/nsubj>2 run/VERB/VBP/ROOT>2 and/CCONJ/CC/cc>2"
                " play/VERB/VB/conj>2"
            ),
            ["one dog runs and plays", *(f"{n} dogs run and play" for n in UP_TO_SIX[2:])],
        ),
        (
            "9/NUM/CD/nummod>1 geese/NOUN/NNS/ROOT>1",
            ["7 geese", "8 geese", "10 geese", "11 geese", "12 geese"],
        ),
    ],
)
def test_changes(tagged: str, expected: list[str]) -> None:
    assert offered(parse_of(tagged)) == [expected]


@pytest.mark.parametrize(
    "tagged",
    [
        "bus/NOUN/NN/ROOT>0 number/NOUN/NN/appos>0 7/NUM/CD/nummod>1",
        "at/ADP/IN/prep>0 2:30/NUM/CD/pobj>0",
        "the/DET/DT/det>2 2008/NUM/CD/nummod>2 games/NOUN/NNS/ROOT>2",
        "two/NUM/CD/nummod>1 years/NOUN/NNS/npadvmod>2 old/ADJ/JJ/ROOT>2",
        (
            "a/DET/DT/det>3 two/NUM/CD/nummod>3 _-/PUNCT/HYPH/punct>3 story/NOUN/NN/compound>4"
            " house/NOUN/NN/ROOT>4"
        ),
        "two/NUM/CD/nummod>2 story/NOUN/NN/compound>2 houses/NOUN/NNS/ROOT>2",
        "one/NUM/CD/ROOT>0 of/ADP/IN/prep>0 the/DET/DT/det>3 dogs/NOUN/NNS/pobj>1",
        "no/DET/DT/det>1 one/NOUN/NN/ROOT>1",
        "facing/VERB/VBG/ROOT>0 one/NUM/CD/nummod>2 another/DET/DT/dobj>0",
        (
            "one/NUM/CD/nummod>1 bird/NOUN/NN/ROOT>1 chasing/VERB/VBG/acl>1 the/DET/DT/det>5"
            " other/ADJ/JJ/amod>5 dog/NOUN/NN/dobj>2"
        ),
        (
            "two/NUM/CD/nummod>1 dogs/NOUN/NNS/ROOT>1 ,/PUNCT/,/punct>1 both/DET/DT/appos>1"
            " brown/ADJ/JJ/amod>3"
        ),
        (
            "two/NUM/CD/nummod>1 dogs/NOUN/NNS/ROOT>1 ,/PUNCT/,/punct>1 one/NUM/CD/appos>1"
            " brown/ADJ/JJ/amod>3"
        ),
        "#/SYM/$/nmod>2 _3/NUM/CD/nummod>2 cars/NOUN/NNS/ROOT>2",
        "the/DET/DT/det>2 second/ADJ/JJ/amod>2 dog/NOUN/NN/ROOT>2",
        "a/DET/DT/det>1 couple/NOUN/NN/ROOT>1 of/ADP/IN/prep>1 dogs/NOUN/NNS/pobj>2",
        "half/NOUN/NN/ROOT>0 a/DET/DT/det>2 pizza/NOUN/NN/dobj>0",
        "$/SYM/$/nmod>1 _5/NUM/CD/nummod>2 bills/NOUN/NNS/ROOT>2",
        "5/NUM/CD/nummod>1 dollars/NOUN/NNS/ROOT>1",
        "about/ADV/RB/advmod>1 two/NUM/CD/nummod>2 dogs/NOUN/NNS/ROOT>2",
        "two/NUM/CD/nummod>3 or/CCONJ/CC/cc>0 three/NUM/CD/conj>0 dogs/NOUN/NNS/ROOT>3",
        "a/DET/DT/det>2 3/NUM/CD/nummod>2 game/NOUN/NN/ROOT>2",
        "his/PRON/PRP$/poss>2 one/NUM/CD/nummod>2 dog/NOUN/NN/ROOT>2",
        "one/NUM/CD/nummod>1 grass/PROPN/NNP/ROOT>1",
        "thirteen/NUM/CD/nummod>1 dogs/NOUN/NNS/ROOT>1",
        "two/NUM/CD/nummod>1 Beatles/PROPN/NNPS/ROOT>1",
        "a/DET/DT/det>1 dog/NOUN/NN/ROOT>1",
        "dogs/NOUN/NNS/ROOT>0",
        "",
    ],
)
def test_noop(tagged: str) -> None:
    assert offered(parse_of(tagged)) == []


@pytest.mark.parametrize(
    "tagged",
    [  # the tagger's own errors, and numbers that others rely on: one never turns into several
        "two/NUM/CD/nummod>1 dogs/NOUN/NNS/nsubj>2 run/VERB/VBN/ROOT>2",
        (
            "two/NUM/CD/nummod>1 boys/NOUN/NNS/ROOT>1 wearing/VERB/VBG/acl>1 shirts/NOUN/NNS/dobj>2"
            " pose/NOUN/NN/dobj>2"
        ),
        "between/ADP/IN/prep>0 two/NUM/CD/nummod>2 trees/NOUN/NNS/pobj>0",
        (
            "a/DET/DT/det>1 group/NOUN/NN/ROOT>1 of/ADP/IN/prep>1 two/NUM/CD/nummod>4"
            " dogs/NOUN/NNS/pobj>2"
        ),
        "two/NUM/CD/nummod>1 men/NOUN/NNS/nsubj>2 _'re/AUX/VBP/aux>3 running/VERB/VBG/ROOT>3",
        "these/PRON/DT/nsubj>1 are/AUX/VBP/ROOT>1 two/NUM/CD/nummod>3 dogs/NOUN/NNS/attr>1",
        "two/NUM/CD/nummod>1 men/NOUN/NNS/nsubj>2 are/AUX/VBP/ROOT>2 clowns/NOUN/NNS/attr>2",
        "two/NUM/CD/nummod>2 matching/ADJ/JJ/amod>2 beds/NOUN/NNS/ROOT>2",
        (
            "two/NUM/CD/nummod>1 girls/NOUN/NNS/ROOT>1 in/ADP/IN/prep>1 riding/VERB/VBG/pcomp>2"
            " boots/NOUN/NNS/dobj>3"
        ),
        (
            "two/NUM/CD/nummod>1 girls/NOUN/NNS/ROOT>1 in/ADP/IN/prep>1 size/NOUN/NN/compound>4"
            " order/NOUN/NN/pobj>2"
        ),
        ("corner/NOUN/NN/ROOT of/ADP/IN/prep>0 two/NUM/CD/nummod>3 streets/NOUN/NNS/pobj>1"),
    ],
)
def test_several_stay_several(tagged: str) -> None:
    parse = parse_of(tagged)
    (texts,) = offered(parse)
    assert texts == [parse.text.replace("two", n) for n in UP_TO_SIX[2:]]


def test_articles_lead_one_way() -> None:
    parse = parse_of("a/DET/DT/det>1 dog/NOUN/NN/nsubj>2 runs/VERB/VBZ/ROOT>2")
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


def framed(number: str, nouns: tuple[str, str], frame: str) -> Parse:
    several = number not in {"one", "1"}
    noun = f"{nouns[several]}/NOUN/{'NNS' if several else 'NN'}"
    are = "are/AUX/VBP" if several else "is/AUX/VBZ"
    sit = "sit/VERB/VBP" if several else "sits/VERB/VBZ"
    return parse_of(frame.format(n=number, noun=noun, are=are, sit=sit))


@given(st.sampled_from(NUMBERS), st.sampled_from(NOUNS), st.sampled_from(FRAMES))
def test_a_slot_is_a_class(number: str, nouns: tuple[str, str], frame: str) -> None:
    parse = framed(number, nouns, frame)
    others = {framed(n, nouns, frame).text: framed(n, nouns, frame) for n in _every_number()}
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
