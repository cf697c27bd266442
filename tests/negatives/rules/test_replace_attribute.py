import pytest

from negatives.rules.replace_attribute import ReplaceAttribute
from tests.negatives.rules.replace_cases import LEXICON, assert_reversible, negatives_of
from tests.parses import parse_of

RULE = ReplaceAttribute(lexicon=LEXICON)

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
