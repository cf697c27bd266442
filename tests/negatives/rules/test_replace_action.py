import pytest

from negatives.rules.replace_action import ReplaceAction
from tests.negatives.rules.replace_cases import LEXICON, assert_reversible, negatives_of
from tests.parses import parse_of

RULE = ReplaceAction(lexicon=LEXICON)

CHANGES = {
    "a/DET man/NOUN/NN/nsubj>2 sits/VERB/VBZ/ROOT": [["a man lies", "a man stands"]],
    "a/DET dog/NOUN/NN/ROOT lying/VERB/VBG/acl>1 on/ADP/IN/prep>2 grass/NOUN/NN/pobj>3": [
        ["a dog sitting on grass", "a dog standing on grass"]
    ],
    "holding/VERB/VBG/ROOT a/DET bat/NOUN/NN/dobj>0": [["hitting a bat", "throwing a bat"]],
    "a/DET ball/NOUN/NN held/VERB/VBN/acl>1 by/ADP/IN/agent>2 him/PRON/PRP/pobj>3": [
        ["a ball thrown by him"]
    ],
    "he/PRON/PRP/nsubj>2 has/AUX/VBZ/aux>2 swum/VERB/VBN/ROOT": [["he has run", "he has walked"]],
    "walking/VERB/VBG/ROOT down/ADP/RP/prt>0 a/DET road/NOUN/NN/dobj>0": [
        ["running down a road"]  # nobody swims down a road
    ],
    "playing/VERB/VBG/ROOT soccer/NOUN/NN/dobj>0": [["watching soccer"]],
}

NOOPS = [
    "",
    "a/DET man/NOUN/NN is/AUX/VBZ/ROOT",
    "sitting/VERB/VBG/ROOT down/ADP/RP/prt>0",  # a particle of its own
    "holding/VERB/VBG/ROOT up/ADP/RP/prt>0 a/DET sign/NOUN/NN/dobj>0",
    "holding/VERB/VBG/ROOT it/PRON/PRP/dobj>0 up/ADP/RP/prt>0",
    "playing/VERB/VBG/ROOT with/ADP/IN/prep>0 dogs/NOUN/NNS/pobj>1",  # "watching with"
    "a/DET vase/NOUN/NN/nsubj>2 sits/VERB/VBZ/ROOT",  # it stands there too
    "walking/VERB/VBG/ROOT a/DET dog/NOUN/NN/dobj>0",  # "swimming a dog"
    "running/VERB/VBG/amod>1 water/NOUN/NN/ROOT",
    "he/PRON stands/VERB/VBZ/ROOT laughing/VERB/VBG/acomp>1",
    "swimming/NOUN/NN/compound>1 pool/NOUN/NN/ROOT",
    "a/DET man/NOUN/NN/nsubj>2 sit/VERB/VBZ/ROOT",  # the caption's own form is wrong
    "run/VERB/VB/ROOT _-/PUNCT/HYPH down/ADP/IN",
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


def test_leaves_out_what_the_caption_says_elsewhere() -> None:
    parse = parse_of(
        "he/PRON/PRP/nsubj>1 sits/VERB/VBZ/ROOT by/ADP/IN/prep>1 him/PRON/PRP/pobj>2 "
        "standing/VERB/VBG/acl>3"
    )
    assert negatives_of(RULE, parse) == [["he lies by him standing"], ["he sits by him lying"]]


def test_names_its_slots() -> None:
    (slot,) = RULE(parse_of("he/PRON/PRP/nsubj>1 sits/VERB/VBZ/ROOT"))
    assert (slot.rule, slot.type, slot.subtype) == ("replace_action", "replace", "act")
