import pytest

from negatives.rules.replace_attribute import ReplaceAttribute
from negatives.words.lexicon import load
from tests.negatives.rules.replace_cases import LEXICON, assert_reversible, negatives_of
from tests.parses import parse_of

RULE = ReplaceAttribute(lexicon=LEXICON)
SHIPPED = ReplaceAttribute(lexicon=load())

CHANGES = {
    "a/DET young/ADJ/JJ/amod>2 man/NOUN/NN/ROOT": [["a old man"]],
    "a/DET taller/ADJ/JJR/amod>2 tree/NOUN/NN/ROOT": [["a shorter tree"]],
    "the/DET tree/NOUN/NN/nsubj>2 is/AUX/VBZ/ROOT tall/ADJ/JJ/acomp>2": [["the tree is short"]],
    "a/DET metal/NOUN/NN/compound>2 fence/NOUN/NN/ROOT": [["a brick fence", "a wooden fence"]],
    "a/DET parked/VERB/VBN/amod>2 car/NOUN/NN/ROOT": [["a moving car"]],
    "a/DET white/ADJ/JJ/amod>4 and/CCONJ brown/ADJ/JJ/conj>1 cat/NOUN/NN/ROOT": [
        ["a black and brown cat", "a blue and brown cat", "a orange and brown cat",
         "a red and brown cat"],
        ["a white and black cat", "a white and blue cat", "a white and orange cat",
         "a white and red cat"],
    ],
    "a/DET cold/ADJ/JJ/amod>2 pizza/NOUN/NN/ROOT": [["a hot pizza"]],
    "a/DET red/ADJ/JJ/amod>3 brick/NOUN/NN/compound>3 wall/NOUN/NN/ROOT": [
        ["a black brick wall", "a blue brick wall", "a brown brick wall", "a orange brick wall",
         "a white brick wall"],
        ["a red metal wall", "a red wooden wall"],
    ],
}  # fmt: skip

NOOPS = [
    "",
    "several/ADJ/JJ/amod>1 dogs/NOUN/NNS/ROOT",  # a quantifier
    "a/DET hot/ADJ/JJ/amod>2 dog/NOUN/NN/ROOT",  # one word
    "a/DET cold/ADJ/JJ/amod>2 dog/NOUN/NN/ROOT",  # would become one
    "a/DET red/ADJ/JJ/amod>2 pepper/NOUN/NN/ROOT",  # one word by the table
    "orange/ADJ/JJ/amod>1 juice/NOUN/NN/ROOT",
    "red/ADJ/JJ/amod>2 _-/PUNCT/HYPH _haired/ADJ/JJ",
    "a/DET black/ADJ/JJ/amod>4 and/CCONJ white/ADJ/JJ/conj>1 photo/NOUN/NN/ROOT",
    "a/DET black/ADJ/JJ/amod>2 man/NOUN/NN/ROOT",  # no colour of anything in the picture
    "a/DET young/ADJ/JJ/amod>2 boy/NOUN/NN/ROOT",
    "five/NUM/CD years/NOUN/NNS/npadvmod>2 old/ADJ/JJ/amod>2",
    "a/DET red/ADJ/JJ/amod>4 and/CCONJ red/ADJ/JJ/conj>1 cat/NOUN/NN/ROOT",
    "the/DET car/NOUN/NN is/AUX/VBZ parked/VERB/VBN/ROOT",  # a verb: replace_action
    "tall/NOUN/NN/compound>1 trees/NOUN/NNS/ROOT",  # a noun, by its tag, that is no quality
]


SHIPPED_CHANGES = {  # with the words that the package ships
    "an/DET/DT/det>2 empty/ADJ/JJ/amod>2 basket/NOUN/NN/ROOT>2": [["an full basket"]],
    "a/DET/DT/det>3 clear/ADJ/JJ/amod>3 blue/ADJ/JJ/amod>3 sky/NOUN/NN/ROOT>3": [
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
    "a/DET/DT/det>2 clear/ADJ/JJ/amod>2 sky/NOUN/NN/ROOT>2": [["a cloudy sky"]],
    "a/DET/DT/det>2 little/ADJ/JJ/amod>2 truck/NOUN/NN/ROOT>2": [["a big truck"]],
    "a/DET/DT/det>2 grassy/PROPN/NNP/compound>2 hill/PROPN/NNP/ROOT>2": [],
    "a/DET/DT/det>2 crowded/ADJ/JJ/amod>2 street/NOUN/NN/ROOT>2": [
        ["a busy street", "a deserted street"]
    ],
    "a/DET/DT/det>2 long/ADJ/JJ/amod>2 train/NOUN/NN/ROOT>2": [["a short train", "a tall train"]],
}

SHIPPED_NOOPS = [
    "a/DET/DT/det>2 muddy/ADJ/JJ/amod>2 cat/NOUN/NN/nsubj>3 sits/VERB/VBZ/ROOT>3",
    (
        "a/DET/DT/det>1 basket/NOUN/NN/ROOT>1 full/ADJ/JJ/amod>1 of/ADP/IN/prep>2 "
        "lemons/NOUN/NNS/pobj>3"
    ),
    (
        "the/DET/DT/det>1 boy/NOUN/NN/nsubj>3 has/AUX/VBZ/aux>3 fallen/VERB/VBN/ROOT>3 "
        "asleep/ADJ/JJ/acomp>3 in/ADP/IN/prep>3 a/DET/DT/det>7 car/NOUN/NN/pobj>5"
    ),
    "a/DET/DT/det>3 dimly/ADV/RB/advmod>2 lit/VERB/VBN/amod>3 kitchen/NOUN/NN/ROOT>3",
    (
        "a/DET/DT/det>1 girl/NOUN/NN/ROOT>1 in/ADP/IN/prep>1 a/DET/DT/det>6 pale/ADJ/JJ/amod>6 "
        "blue/ADJ/JJ/amod>6 dress/NOUN/NN/pobj>2"
    ),
    "a/DET/DT/det>3 navy/PROPN/NNP/nmod>3 blue/ADJ/JJ/amod>3 coat/NOUN/NN/ROOT>3",
    "a/DET/DT/det>3 lime/NOUN/NN/npadvmod>2 green/ADJ/JJ/amod>3 truck/NOUN/NN/ROOT>3",
    (
        "a/DET/DT/det>2 public/ADJ/JJ/amod>2 house/NOUN/NN/ROOT>2 on/ADP/IN/prep>2 a/DET/DT/det>5 "
        "corner/NOUN/NN/pobj>3"
    ),
    "two/NUM/CD/nummod>2 yellow/ADJ/JJ/amod>2 labs/NOUN/NNS/ROOT>2",
    (
        "an/DET/DT/det>2 angry/ADJ/JJ/amod>2 bird/NOUN/NN/ROOT>2 on/ADP/IN/prep>2 a/DET/DT/det>5 "
        "mug/NOUN/NN/pobj>3"
    ),
    (
        "a/DET/DT/det>1 girl/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 a/DET/DT/det>5 back/ADJ/JJ/amod>5 "
        "pack/NOUN/NN/pobj>2"
    ),
    (
        "the/DET/DT/det>2 bottom/ADJ/JJ/amod>2 half/NOUN/NN/ROOT>2 of/ADP/IN/prep>2 a/DET/DT/det>5 "
        "boy/NOUN/NN/pobj>3"
    ),
    "a/DET/DT/det>2 black/ADJ/JJ/amod>2 sheep/NOUN/NN/ROOT>2",
    (
        "with/ADP/IN/ROOT>0 very/ADV/RB/advmod>2 little/ADJ/JJ/amod>3 hair/NOUN/NN/pobj>0 "
        "on/ADP/IN/prep>3 top/NOUN/NN/pobj>4"
    ),
    "it/PRON is/AUX lit/ADJ/JJ/acomp>1 up/ADP/RP/prt>2",
]


@pytest.mark.parametrize(("tagged", "expected"), CHANGES.items())
def test_changes(tagged: str, expected: list[list[str]]) -> None:
    assert negatives_of(RULE, parse_of(tagged))[: len(expected)] == expected


@pytest.mark.parametrize("tagged", NOOPS)
def test_noop(tagged: str) -> None:
    assert negatives_of(RULE, parse_of(tagged)) == []


@pytest.mark.parametrize("tagged", CHANGES)
def test_reversible(tagged: str) -> None:
    assert_reversible(RULE, parse_of(tagged))


def test_names_its_slots() -> None:
    (slot,) = RULE(parse_of("tall/ADJ/JJ/amod>1 trees/NOUN/NNS/ROOT"))
    assert (slot.rule, slot.type, slot.subtype) == ("replace_attribute", "replace", "att")


@pytest.mark.parametrize(("tagged", "expected"), SHIPPED_CHANGES.items())
def test_changes_of_shipped_words(tagged: str, expected: list[list[str]]) -> None:
    assert negatives_of(SHIPPED, parse_of(tagged)) == expected
    assert_reversible(SHIPPED, parse_of(tagged))


@pytest.mark.parametrize("tagged", SHIPPED_NOOPS)
def test_noop_of_shipped_words(tagged: str) -> None:
    assert negatives_of(SHIPPED, parse_of(tagged)) == []
