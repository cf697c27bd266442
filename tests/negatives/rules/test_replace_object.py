import pytest

from negatives.rules.replace_object import ReplaceObject
from negatives.words.lexicon import load
from tests.negatives.rules.replace_cases import LEXICON, assert_reversible, negatives_of
from tests.parses import parse_of

RULE = ReplaceObject(lexicon=LEXICON)
SHIPPED = ReplaceObject(lexicon=load())

CHANGES = {
    "[a/DET/DT/det>1 dog/NOUN/NN/nsubj>2] runs/VERB/VBZ": [
        ["a bear runs", "a cat runs", "a polar bear runs", "a sheep runs"]
    ],
    "two/NUM/CD/nummod>1 dogs/NOUN/NNS/ROOT": [["two bears", "two cats", "two polar bears"]],
    "men/NOUN/NNS/poss>2 _'s/PART/POS/case>0 dog/NOUN/NN/ROOT": [
        ["men's bear", "men's cat", "men's polar bear", "men's sheep"]
    ],
    "two/NUM/CD fire/NOUN/NN/compound>2 hydrants/NOUN/NNS/ROOT": [["two parking meters"]],
    "her/PRON/PRP$ tennis/NOUN/NN/compound>2 racket/NOUN/NN/ROOT": [
        ["her baseball bat", "her kite", "her umbrella"]
    ],
    "a/DET metal/NOUN/NN/compound>2 fence/NOUN/NN/ROOT": [["a metal gate"]],
    "a/DET hot/ADJ/JJ/amod>2 dog/NOUN/NN/ROOT": [["a pizza", "a sandwich"]],
    "a/DET hot/ADJ/JJ/amod>2 cat/NOUN/NN/ROOT": [["a hot bear", "a hot polar bear", "a hot sheep"]],
    "a/DET polar/ADJ/JJ/amod>2 bear/NOUN/NN/ROOT": [["a bear", "a cat", "a dog", "a sheep"]],
    "a/DET dog/NOUN/NN/ROOT with/ADP/IN/prep>1 a/DET cat/NOUN/NN/pobj>2": [
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
    "the/DET man/NOUN/NN/ROOT _'s/PART/POS/case>1": [["the woman's"]],
    "an/DET arm/NOUN/NN/ROOT": [["an leg"]],  # "hand" is left, so it is not offered either
}

NOOPS = [
    "",
    "stuff/NOUN/NN/ROOT",
    "Dog/PROPN/NNP/ROOT",  # a name
    "it/PRON/PRP/ROOT",
    "the/DET dog/NOUN/NN/compound>2 show/NOUN/NN/ROOT",  # a modifier alone
    "a/DET traffic/NOUN/NN/compound>2 fence/NOUN/NN/ROOT",  # half of a compound
    "on/ADP/IN/prep>0 top/NOUN/NN/pobj>0 of/ADP/IN/prep>1 it/PRON/PRP/pobj>2",
    "the/DET top/NOUN/NN/ROOT",  # a light noun
    "on/ADP the/DET other/ADJ hand/NOUN/NN/pobj>0",
    "a/DET red/ADJ/JJ/amod>2 pepper/NOUN/NN/ROOT",
    "two/NUM/CD dog/NOUN/NNS/ROOT",  # the caption's own number is wrong
    "two/NUM/CD sheep/NOUN/NNS/ROOT",  # the plural does not show
    "men/NOUN/NNS/poss>2 _'s/PART/POS/case>0 hat/NOUN/NN/ROOT",  # "dogs'" is written otherwise
    "a/DET dog/NOUN/NN/nmod>3 _-/PUNCT/HYPH _shaped/ADJ/JJ kite/PROPN/NNP",
    "a/DET man/NOUN/NN/nsubj>2 brushes/VERB/VBZ his/PRON/PRP$ hair/NOUN/NN/dobj>2",  # his
    "a/DET dog/NOUN/NN/nsubj>2 chases/VERB/VBZ another/DET dog/NOUN/NN/dobj>2",  # anaphora
    "a/DET man/NOUN/NN/ROOT and/CCONJ a/DET woman/NOUN/NN/conj>1",  # two women are no such pair
    "go/VERB/VB by/ADP/IN/prep>0 horse/NOUN/NN/pobj>1",  # a fixed phrase
    "the/DET kite/NOUN/NN/npadvmod>2 tall/ADJ/JJ",
]


SHIPPED_CHANGES = {  # with the words that the package ships
    (
        "a/DET/DT/det>2 pony/NOUN/NN/compound>2 standing/NOUN/NN/ROOT>2 on/ADP/IN/prep>2 "
        "a/DET/DT/det>5 hill/NOUN/NN/pobj>3"
    ): [["a pony standing on a ramp"]],
    "a/DET/DT/det>2 white/ADJ/JJ/amod>2 pancake/NOUN/NN/ROOT>2": [
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
    "a/DET/DT/det>2 tall/ADJ/JJ/amod>2 kid/NOUN/NN/ROOT>2": [["a tall grownup"]],
    "her/PRON/PRP$/poss>1 hips/NOUN/NNS/ROOT>1": [
        ["her ankles", "her elbows", "her knees", "her shoulders", "her wrists"]
    ],
    "blue/ADJ/JJ/amod>1 jeans/NOUN/NNS/ROOT>1": [["blue leggings", "blue shorts"]],
    "a/DET/DT/det>1 boy/NOUN/NN/nsubj>2 runs/VERB/VBZ/ROOT>2": [["a girl runs"]],
    "eating/VERB/VBG/ROOT>0 soup/NOUN/NN/dobj>0": [
        ["eating curry", "eating pasta", "eating stew", "eating sushi"]
    ],
}

SHIPPED_NOOPS = [
    "wood/NOUN/NN/compound>1 chairs/NOUN/NNS/ROOT>1",
    "a/DET/DT/det>2 white/ADJ/JJ/amod>2 soup/NOUN/NN/ROOT>2",
    "a/DET/DT/det>1 steam/NOUN/NN/ROOT>1",
    "the/DET/DT/det>1 glass/NOUN/NN/ROOT>1",
    "looking/VERB/VBG/ROOT>0 at/ADP/IN/prep>0 the/DET/DT/det>3 camera/NOUN/NN/pobj>1",
    "a/DET/DT/det>2 little/ADJ/JJ/amod>2 kid/NOUN/NN/ROOT>2",
    "a/DET bathroom/NOUN/NN/nsubj>2 sink/VERB/VBP/ROOT",
    "lamps/NOUN/NNS/nmod>3 and/CCONJ soap/NOUN/NN/conj>0 dispensers/NOUN/NNS/ROOT",
    "whites/NOUN/NNS/ROOT",
]


@pytest.mark.parametrize(("tagged", "expected"), CHANGES.items())
def test_changes(tagged: str, expected: list[list[str]]) -> None:
    assert negatives_of(RULE, parse_of(tagged)) == expected


@pytest.mark.parametrize("tagged", NOOPS)
def test_noop(tagged: str) -> None:
    assert negatives_of(RULE, parse_of(tagged)) == []


@pytest.mark.parametrize("tagged", CHANGES)
def test_reversible(tagged: str) -> None:
    assert_reversible(RULE, parse_of(tagged))


def test_names_its_slots() -> None:
    (slot,) = RULE(parse_of("a/DET dog/NOUN/NN/ROOT"))
    assert (slot.rule, slot.type, slot.subtype, slot.reversible) == (
        "replace_object",
        "replace",
        "obj",
        True,
    )


@pytest.mark.parametrize(("tagged", "expected"), SHIPPED_CHANGES.items())
def test_changes_of_shipped_words(tagged: str, expected: list[list[str]]) -> None:
    assert negatives_of(SHIPPED, parse_of(tagged)) == expected
    assert_reversible(SHIPPED, parse_of(tagged))


@pytest.mark.parametrize("tagged", SHIPPED_NOOPS)
def test_noop_of_shipped_words(tagged: str) -> None:
    assert negatives_of(SHIPPED, parse_of(tagged)) == []
