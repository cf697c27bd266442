import pytest

from negatives.rules.replace_action import ReplaceAction
from negatives.words.lexicon import load
from tests.negatives.rules.replace_cases import LEXICON, assert_reversible, negatives_of
from tests.parses import parse_of

RULE = ReplaceAction(lexicon=LEXICON)
SHIPPED = ReplaceAction(lexicon=load())

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


SHIPPED_CHANGES = {  # with the words that the package ships
    (
        "a/DET/DT/det>1 girl/NOUN/NN/ROOT>1 that/PRON/WDT/nsubj>4 is/AUX/VBZ/aux>4 "
        "riding/VERB/VBG/relcl>1 a/DET/DT/det>6 pony/NOUN/NN/dobj>4"
    ): [
        [
            "a girl that is carrying a pony",
            "a girl that is pulling a pony",
            "a girl that is pushing a pony",
        ]
    ],
    (
        "workers/NOUN/NNS/ROOT>0 sitting/VERB/VBG/acl>0 on/ADP/IN/prep>1 a/DET/DT/det>4 "
        "wall/NOUN/NN/pobj>2"
    ): [["workers kneeling on a wall", "workers lying on a wall", "workers standing on a wall"]],
    "a/DET/DT/det>1 boy/NOUN/NN/ROOT>1 playing/VERB/VBG/acl>1 chess/NOUN/NN/dobj>2": [
        ["a boy watching chess"]
    ],
    (
        "a/DET/DT/det>1 puppy/NOUN/NN/ROOT>1 running/VERB/VBG/acl>1 on/ADP/IN/prep>2 "
        "a/DET/DT/det>5 lawn/NOUN/NN/pobj>3"
    ): [["a puppy crawling on a lawn", "a puppy walking on a lawn"]],
    (
        "a/DET/DT/det>1 man/NOUN/NN/ROOT>1 in/ADP/IN/prep>1 a/DET/DT/det>5 red/ADJ/JJ/amod>5 "
        "jacket/NOUN/NN/pobj>2 standing/VERB/VBG/acl>5 on/ADP/IN/prep>6 a/DET/DT/det>9 "
        "rock/NOUN/NN/pobj>7"
    ): [
        [
            "a man in a red jacket kneeling on a rock",
            "a man in a red jacket lying on a rock",
            "a man in a red jacket sitting on a rock",
        ]
    ],
}

SHIPPED_NOOPS = [
    (
        "a/DET/DT/det>1 radio/NOUN/NN/ROOT>1 that/PRON/WDT/nsubj>4 is/AUX/VBZ/aux>4 "
        "sitting/VERB/VBG/relcl>1 on/ADP/IN/prep>4 a/DET/DT/det>7 shelf/NOUN/NN/pobj>5"
    ),
    (
        "a/DET/DT/det>1 poster/NOUN/NN/nsubj>4 that/PRON/WDT/nsubj>3 reads/VERB/VBZ/relcl>1 "
        "welcome/VERB/VBP/ROOT>4"
    ),
    (
        "a/DET/DT/det>2 puppy/NOUN/NN/compound>2 jumping/VERB/VBG/ROOT>2 to/PART/TO/aux>4 "
        "reach/VERB/VB/advcl>2 a/DET/DT/det>6 toy/NOUN/NN/dobj>4 and/CCONJ/CC/cc>4 "
        "eating/VERB/VBG/conj>4 bread/NOUN/NN/dobj>8"
    ),
    "Puppy/PROPN/NNP/ROOT>0 eating/VERB/VBG/acl>0 bread/NOUN/NN/dobj>1",
    (
        "a/DET/DT/det>1 computer/NOUN/NN/ROOT>1 sitting/VERB/VBG/acl>1 in/ADP/IN/prep>2 "
        "a/DET/DT/det>5 hallway/NOUN/NN/pobj>3"
    ),
    (
        "a/DET/DT/det>2 hot/ADJ/JJ/amod>2 dog/NOUN/NN/ROOT>2 sitting/VERB/VBG/acl>2 "
        "on/ADP/IN/prep>3 a/DET/DT/det>6 napkin/NOUN/NN/pobj>4"
    ),
    (
        "a/DET/DT/det>1 group/NOUN/NN/ROOT>1 of/ADP/IN/prep>1 umbrellas/NOUN/NNS/pobj>2 "
        "sitting/VERB/VBG/acl>1 on/ADP/IN/prep>4 a/DET/DT/det>7 lawn/NOUN/NN/pobj>5"
    ),
    "a/DET/DT/det>1 boy/NOUN/NN/ROOT>1 playing/VERB/VBG/acl>1 a/DET/DT/det>4 clip/NOUN/NN/dobj>2",
    (
        "a/DET/DT/det>1 cat/NOUN/NN/nsubj>3 is/AUX/VBZ/aux>3 holding/VERB/VBG/ROOT>3 "
        "a/DET/DT/det>5 toy/NOUN/NN/dobj>3 in/ADP/IN/prep>3 its/PRON/PRP$/poss>8 "
        "mouth/NOUN/NN/pobj>6"
    ),
    "two/NUM/CD/nummod>1 boys/NOUN/NNS/nsubj>2 hold/VERB/VBP/ROOT>2 hands/NOUN/NNS/dobj>2",
    "a/DET/DT/det>1 man/NOUN/NN/ROOT>1 riding/VERB/VBG/acl>1 a/DET/DT/det>4 wave/NOUN/NN/dobj>2",
    (
        "a/DET/DT/det>1 woman/NOUN/NN/ROOT>1 brushing/VERB/VBG/acl>1 her/PRON/PRP$/poss>4 "
        "hair/NOUN/NN/dobj>2"
    ),
    (
        "a/DET/DT/det>1 goat/NOUN/NN/nsubjpass>3 being/AUX/VBG/auxpass>3 fed/VERB/VBN/amod>4 "
        "grass/NOUN/NN/ROOT>4"
    ),
    "snow/NOUN/NN/npadvmod>1 covered/VERB/VBD/ROOT>1 cars/NOUN/NNS/dobj>1",
    "a/DET/DT/det>1 horse/NOUN/NN/nmod>3 drawn/VERB/VBN/acl>1 wagon/NOUN/NN/ROOT>3",
    "wall/PROPN/NNP/nsubj>1 mounted/VERB/VBD/ROOT>1 shelves/NOUN/NNS/dobj>1",
    (
        "a/DET/DT/det>1 creek/NOUN/NN/ROOT>1 running/VERB/VBG/acl>1 by/ADP/IN/agent>2 "
        "a/DET/DT/det>5 farm/NOUN/NN/pobj>3"
    ),
    (
        "a/DET/DT/det>1 van/PROPN/NNP/ROOT>1 parked/VERB/VBN/acl>1 along/ADP/IN/prep>2 "
        "a/DET/DT/det>5 road/NOUN/NN/pobj>3"
    ),
    (
        "a/DET/DT/det>1 kite/NOUN/NN/ROOT>1 sliding/VERB/VBG/acl>1 in/ADP/IN/prep>2 "
        "the/DET/DT/det>5 air/NOUN/NN/pobj>3"
    ),
    "a/DET/DT/det>1 man/NOUN/NN/ROOT>1 wearing/VERB/VBG/acl>1 a/DET/DT/det>4 hat/NOUN/NN/dobj>2",
    "he/PRON/PRP/nsubj>2 rock/NOUN/NN/nsubj>2 climbing/VERB/VBG/ROOT>2",
    (
        "she/PRON/PRP/nsubj>1 holds/VERB/VBZ/ROOT a/DET ball/NOUN/NN/dobj>1 in/ADP/IN/prep>1 "
        "her/PRON arms/NOUN/NNS/pobj>4"
    ),
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


@pytest.mark.parametrize(("tagged", "expected"), SHIPPED_CHANGES.items())
def test_changes_of_shipped_words(tagged: str, expected: list[list[str]]) -> None:
    assert negatives_of(SHIPPED, parse_of(tagged)) == expected
    assert_reversible(SHIPPED, parse_of(tagged))


@pytest.mark.parametrize("tagged", SHIPPED_NOOPS)
def test_noop_of_shipped_words(tagged: str) -> None:
    assert negatives_of(SHIPPED, parse_of(tagged)) == []
