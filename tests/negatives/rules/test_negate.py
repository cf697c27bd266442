import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatives.lexicon import load
from negatives.parse import Parse
from negatives.rules.negate import Negate
from tests.parses import parse_of

RULE = Negate(lexicon=load())

A_MAN = "a/DET/DT/det>1 man/NOUN/NN"
# An assertion and its denial: each is the only alternative of a reversible slot of the other.
PAIRS = [
    (
        (
            "the/DET/DT/det>1 dog/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 a/DET/DT/det>4"
            " collar/NOUN/NN/pobj>2"
        ),
        (
            "the/DET/DT/det>1 dog/NOUN/NN/ROOT>1 without/ADP/IN/prep>1 a/DET/DT/det>4"
            " collar/NOUN/NN/pobj>2"
        ),
    ),
    (
        "the/DET/DT/det>1 dog/NOUN/NN/nsubj>3 is/AUX/VBZ/aux>3 running/VERB/VBG/ROOT>3",
        (
            "the/DET/DT/det>1 dog/NOUN/NN/nsubj>4 is/AUX/VBZ/aux>4 not/PART/RB/neg>4"
            " running/VERB/VBG/ROOT>4"
        ),
    ),
    (
        "the/DET/DT/det>1 dog/NOUN/NN/nsubj>2 runs/VERB/VBZ/ROOT>2",
        (
            "the/DET/DT/det>1 dog/NOUN/NN/nsubj>4 does/AUX/VBZ/aux>4 not/PART/RB/neg>4"
            " run/VERB/VB/ROOT>4"
        ),
    ),
    (
        "the/DET/DT/det>1 dogs/NOUN/NNS/nsubj>2 ran/VERB/VBD/ROOT>2",
        (
            "the/DET/DT/det>1 dogs/NOUN/NNS/nsubj>4 did/AUX/VBD/aux>4 not/PART/RB/neg>4"
            " run/VERB/VB/ROOT>4"
        ),
    ),
    (
        "the/DET/DT/det>1 cat/NOUN/NN/nsubj>2 is/AUX/VBZ/ROOT>2 black/ADJ/JJ/acomp>2",
        (
            "the/DET/DT/det>1 cat/NOUN/NN/nsubj>2 is/AUX/VBZ/ROOT>2 not/PART/RB/neg>2"
            " black/ADJ/JJ/acomp>2"
        ),
    ),
    (
        (
            "the/DET/DT/det>1 boy/NOUN/NN/nsubjpass>4 can/AUX/MD/aux>4 be/AUX/VB/auxpass>4"
            " seen/VERB/VBN/ROOT>4"
        ),
        (
            "the/DET/DT/det>1 boy/NOUN/NN/nsubjpass>5 can/AUX/MD/aux>5 _not/PART/RB/neg>5"
            " be/AUX/VB/auxpass>5 seen/VERB/VBN/ROOT>5"
        ),
    ),
    (
        (
            "the/DET/DT/det>1 man/NOUN/NN/ROOT>1 wearing/VERB/VBG/acl>1 a/DET/DT/det>4"
            " hat/NOUN/NN/dobj>2"
        ),
        (
            "the/DET/DT/det>1 man/NOUN/NN/ROOT>1 not/PART/RB/neg>3 wearing/VERB/VBG/acl>1"
            " a/DET/DT/det>5 hat/NOUN/NN/dobj>3"
        ),
    ),
    (
        "there/PRON/EX/expl>1 is/VERB/VBZ/ROOT>1 an/DET/DT/det>3 owl/NOUN/NN/attr>1",
        "there/PRON/EX/expl>1 is/VERB/VBZ/ROOT>1 no/DET/DT/det>3 owl/NOUN/NN/attr>1",
    ),
    (
        "there/PRON/EX/expl>1 are/VERB/VBP/ROOT>1 big/ADJ/JJ/amod>3 dogs/NOUN/NNS/attr>1",
        (
            "there/PRON/EX/expl>1 are/VERB/VBP/ROOT>1 no/DET/DT/det>4 big/ADJ/JJ/amod>4"
            " dogs/NOUN/NNS/attr>1"
        ),
    ),
    (
        "there/PRON/EX/expl>1 is/VERB/VBZ/ROOT>1 grass/NOUN/NN/attr>1",
        "there/PRON/EX/expl>1 is/VERB/VBZ/ROOT>1 no/DET/DT/det>3 grass/NOUN/NN/attr>1",
    ),
    (
        "an/DET/DT/det>2 old/ADJ/JJ/amod>2 car/NOUN/NN/ROOT>2",
        "no/DET/DT/det>2 old/ADJ/JJ/amod>2 car/NOUN/NN/ROOT>2",
    ),
    (
        (
            "the/DET/DT/det>1 dog/NOUN/NN/ROOT>1 that/PRON/WDT/nsubj>4 is/AUX/VBZ/aux>4"
            " sleeping/VERB/VBG/relcl>1"
        ),
        (
            "the/DET/DT/det>1 dog/NOUN/NN/ROOT>1 that/PRON/WDT/nsubj>5 is/AUX/VBZ/aux>5"
            " not/PART/RB/neg>5 sleeping/VERB/VBG/relcl>1"
        ),
    ),
]


def offered(parse: Parse) -> list[tuple[str, bool]]:
    slots = list(RULE(parse))
    assert all(len(slot.alternatives) == 1 for slot in slots)
    assert all((slot.type, slot.subtype) == ("negate", "existence") for slot in slots)
    return [(slot.alternatives[0].apply(parse.text), slot.reversible) for slot in slots]


@pytest.mark.parametrize(("asserted", "denied"), PAIRS)
def test_assertion_and_denial_lead_to_each_other(asserted: str, denied: str) -> None:
    left, right = parse_of(asserted), parse_of(denied)
    assert offered(left) == [(right.text, True)]
    assert offered(right) == [(left.text, True)]


@given(st.sampled_from(PAIRS), st.sampled_from(PAIRS))
def test_only_what_leads_back_is_called_reversible(
    pair: tuple[str, str], other: tuple[str, str]
) -> None:
    parses = {parse_of(t).text: parse_of(t) for t in (*pair, *other)}
    for parse in parses.values():
        for text, reversible in offered(parse):
            assert not reversible or (parse.text, True) in offered(parses[text])


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        (
            "a/DET/DT/det>1 dog/NOUN/NN/nsubj>3 is/AUX/VBZ/aux>3 running/VERB/VBG/ROOT>3",
            [("no dog is running", True), ("a dog is not running", True)],
        ),
        (
            f"{A_MAN}/ROOT>1 without/ADP/IN/prep>1 a/DET/DT/det>4 shirt/NOUN/NN/pobj>2",
            [("a man with a shirt", True)],
        ),
        (
            f"{A_MAN}/ROOT>1 with/ADP/IN/prep>1 no/DET/DT/det>4 shirt/NOUN/NN/pobj>2",
            [("a man with a shirt", False)],
        ),
        (
            f"{A_MAN}/ROOT>1 wearing/VERB/VBG/acl>1 no/DET/DT/det>4 shoes/NOUN/NNS/dobj>2",
            [("a man wearing shoes", False)],
        ),
        (
            (
                "the/DET/DT/det>1 boy/NOUN/NN/nsubj>4 is/AUX/VBZ/aux>4 _n't/PART/RB/neg>4"
                " running/VERB/VBG/ROOT>4"
            ),
            [("the boy is running", False)],
        ),
        (
            "no/DET/DT/det>1 people/NOUN/NNS/ROOT>1 on/ADP/IN/prep>1 it/PRON/PRP/pobj>2",
            [("people on it", False)],
        ),
        (
            "two/NUM/CD/nummod>1 dogs/NOUN/NNS/nsubj>2 playing/VERB/VBG/ROOT>2",
            [("two dogs not playing", True)],
        ),
    ],
)
def test_changes(tagged: str, expected: list[tuple[str, bool]]) -> None:
    assert offered(parse_of(tagged)) == expected


@pytest.mark.parametrize(
    "tagged",
    [
        # two negations, or one whose scope is not plain: never negated again
        (
            "no/DET/DT/det>1 dog/NOUN/NN/nsubj>4 is/AUX/VBZ/aux>4 not/PART/RB/neg>4"
            " running/VERB/VBG/ROOT>4"
        ),
        "no/DET/DT/det>1 one/NOUN/NN/nsubj>3 is/AUX/VBZ/aux>3 running/VERB/VBG/ROOT>3",
        "the/DET/DT/det>1 dog/NOUN/NN/nsubj>3 never/ADV/RB/neg>3 runs/VERB/VBZ/ROOT>3",
        (
            "the/DET/DT/det>1 dog/NOUN/NN/nsubj>4 is/AUX/VBZ/aux>4 not/PART/RB/neg>4"
            " only/ADV/RB/advmod>5 running/VERB/VBG/ROOT>5"
        ),
        "a/DET/DT/det>3 no/DET/DT/det>3 parking/NOUN/NN/compound>3 sign/NOUN/NN/ROOT>3",
        (
            "the/DET/DT/det>1 pet/NOUN/NN/ROOT>1 with/ADP/IN/cc>1 and/CCONJ/CC/cc>1"
            " without/ADP/IN/conj>1 food/NOUN/NN/pobj>4"
        ),
        # "with" that belongs to a verb, or whose noun has a quantifier
        (
            "the/DET/DT/det>1 cup/NOUN/NN/ROOT>1 filled/VERB/VBN/amod>1 with/ADP/IN/prep>2"
            " milk/NOUN/NN/pobj>3"
        ),
        (
            "the/DET/DT/det>1 room/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 some/DET/DT/det>4"
            " chairs/NOUN/NNS/pobj>2"
        ),
        (
            "the/DET/DT/det>1 room/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 two/NUM/CD/nummod>4"
            " chairs/NOUN/NNS/pobj>2"
        ),
        "the/DET/DT/det>1 room/NOUN/NN/ROOT>1 with/ADP/IN/prep>1 it/PRON/PRP/pobj>2",
        # what quantifiers leave true
        "some/DET/DT/det>1 dogs/NOUN/NNS/nsubj>3 are/AUX/VBP/aux>3 running/VERB/VBG/ROOT>3",
        "everyone/PRON/NN/nsubj>1 smiles/VERB/VBZ/ROOT>1",
        # English that would break
        (
            "the/DET/DT/det>1 dog/NOUN/NN/nsubj>2 sits/VERB/VBZ/ROOT>2 and/CCONJ/CC/cc>2"
            " barks/VERB/VBZ/conj>2"
        ),
        "the/DET/DT/det>1 dog/NOUN/NN/nsubj>3 just/ADV/RB/advmod>3 sat/VERB/VBD/ROOT>3",
        "sit/VERB/VB/ROOT>0 here/ADV/RB/advmod>0",
        "a/DET/DT/det>1 group/NOUN/NN/ROOT>1 of/ADP/IN/prep>1 people/NOUN/NNS/pobj>2",
        "a/DET/DT/det>1 dog/NOUN/NN/ROOT>1 and/CCONJ/CC/cc>1 a/DET/DT/det>4 cat/NOUN/NN/conj>1",
        "a/DET/DT/det>1 owl/NOUN/NN/ROOT>1",  # its article would not come back
        "a/DET/DT/det>1 dog/NOUN/NN/ROOT>1 beside/ADP/IN/prep>1 him/PRON/PRP/pobj>2",
        # deleting a modifier is never a negative
        "the/DET/DT/det>2 big/ADJ/JJ/amod>2 dog/NOUN/NN/ROOT>2",
        "",
    ],
)
def test_noop(tagged: str) -> None:
    assert offered(parse_of(tagged)) == []
