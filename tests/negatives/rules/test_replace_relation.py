import pytest

from negatives.rules.replace_relation import ReplaceRelation, relations, relations_of
from tests.negatives.rules.replace_cases import assert_reversible, negatives_of
from tests.parses import parse_of

RULE = ReplaceRelation()

CHANGES = {
    "a/DET cat/NOUN/NN on/ADP/IN/prep>1 the/DET table/NOUN/NN/pobj>2": [["a cat under the table"]],
    "he/PRON next/ADV/RB/advmod>0 to/ADP/IN/prep>1 a/DET plate/NOUN/NN/pobj>2": [["he on a plate"]],
    "he/PRON on/ADP/IN/prep>0 top/NOUN/NN/pobj>1 of/ADP/IN/prep>2 a/DET desk/NOUN/NN/pobj>3": [
        ["he underneath a desk"]
    ],
    "in/ADP/IN/prep>0 front/NOUN/NN/pobj>0 of/ADP/IN/prep>1 trees/NOUN/NNS/pobj>2": [
        ["behind trees", "in trees"]
    ],
    "a/DET cow/NOUN/NN in/ADP/IN/prep>1 a/DET field/NOUN/NN/pobj>2": [["a cow next to a field"]],
    "a/DET sink/NOUN/NN in/ADP/IN/prep>1 a/DET kitchen/NOUN/NN/pobj>2": [
        ["a sink outside a kitchen"]
    ],
    "walks/VERB/VBZ up/ADP/IN/prep>0 the/DET hill/NOUN/NN/pobj>1": [["walks down the hill"]],
    "stands/VERB/VBZ behind/ADP/IN/prep>0 a/DET man/NOUN/NN/pobj>1": [["stands in front of a man"]],
    (
        "a/DET/DT/det>1 girl/NOUN/NN/nsubj>2 runs/VERB/VBZ/ROOT>2 towards/ADP/IN/prep>2 "
        "the/DET/DT/det>5 shore/NOUN/NN/pobj>3"
    ): [["a girl runs away from the shore"]],
    "a/DET/DT/det>1 duck/NOUN/NN/ROOT>1 under/ADP/IN/prep>1 a/DET/DT/det>4 bench/NOUN/NN/pobj>2": [
        ["a duck on a bench"]
    ],
    (
        "a/DET/DT/det>2 fox/NOUN/NN/compound>2 runs/VERB/VBZ/ROOT>2 through/ADP/IN/prep>2 "
        "a/DET/DT/det>5 park/NOUN/NN/pobj>3"
    ): [["a fox runs past a park"]],
    "a/DET/DT/det>1 truck/NOUN/NN/ROOT>1 on/ADP/IN/prep>1 a/DET/DT/det>4 road/NOUN/NN/pobj>2": [
        ["a truck beside a road"]
    ],
    "a/DET/DT/det>1 jar/NOUN/NN/ROOT>1 inside/ADP/IN/prep>1 a/DET/DT/det>4 drawer/NOUN/NN/pobj>2": [
        ["a jar outside a drawer"]
    ],
    (
        "a/DET/DT/det>1 fountain/NOUN/NN/ROOT>1 in/ADP/IN/prep>1 the/DET/DT/det>4 "
        "middle/NOUN/NN/pobj>2 of/ADP/IN/prep>4 a/DET/DT/det>7 park/NOUN/NN/pobj>5"
    ): [["a fountain on the side of a park"]],
    (
        "a/DET/DT/det>1 lamp/NOUN/NN/ROOT>1 next/ADV/RB/advmod>1 to/ADP/IN/prep>2 a/DET/DT/det>5 "
        "plate/NOUN/NN/pobj>3"
    ): [["a lamp on a plate"]],
}

NOOPS = [
    "",
    "a/DET man/NOUN/NN in/ADP/IN/prep>1 a/DET red/ADJ shirt/NOUN/NN/pobj>2",  # worn
    "in/ADP/IN/prep>0 red/ADJ/JJ/pobj>0",
    "standing/VERB at/ADP/IN/prep>0 night/NOUN/NN/pobj>1",
    "on/ADP/IN/prep>0 a/DET sunny/ADJ day/NOUN/NN/pobj>0",
    "a/DET group/NOUN/NN of/ADP/IN/prep>1 the/DET men/NOUN/NNS/pobj>2",
    "holding/VERB up/ADP/RP/prt>0 a/DET table/NOUN/NN/dobj>0",  # a particle
    "he/PRON looks/VERB/VBZ on/ADP/RP/prep>1 the/DET table/NOUN/NN/pobj>2",
    "looking/VERB in/ADP/IN/prep>0 a/DET box/NOUN/NN/pobj>1",  # the verb's own preposition
    "talking/VERB/VBG on/ADP/IN/prep>0 the/DET phone/NOUN/NN/pobj>1",
    "by/ADP/IN/prep>0 bus/NOUN/NN/pobj>0",
    "in/ADP/IN/prep>0 flight/NOUN/NN/pobj>0",
    "next/ADV/RB to/ADP/IN/prep>0 each/DET other/ADJ/JJ/pobj>1",
    "next/ADV/RB to/ADP/IN/prep>0 it/PRON/PRP/pobj>1",
    "walking/VERB up/ADP/IN/prep>0 the/DET street/NOUN/NN/pobj>1",  # down is the same way
    "from/ADP/IN/prep>0 behind/ADP/IN/prep>0 a/DET tree/NOUN/NN/pobj>1",
    "a/DET man/NOUN/NN with/ADP/IN/prep>1 a/DET hat/NOUN/NN/pobj>2",  # a negation
    "the/DET next/ADJ/JJ/amod>2 table/NOUN/NN",
    "on/ADP/IN/prep>0",
    "he/PRON on/ADP/IN/prep>0",
    "\u0130/X on/ADP/IN/prep>0 a/DET table/NOUN/NN/pobj>1",  # longer in lower case
    "a/DET/DT/det>1 girl/NOUN/NN/ROOT>1 on/ADP/IN/prep>1 a/DET/DT/det>4 beach/NOUN/NN/pobj>2",
    "a/DET/DT/det>1 tent/NOUN/NN/ROOT>1 beside/ADP/IN/prep>1 the/DET/DT/det>4 shore/NOUN/NN/pobj>2",
    "a/DET/DT/det>1 plane/NOUN/NN/ROOT>1 over/ADP/IN/prep>1 a/DET/DT/det>4 town/NOUN/NN/pobj>2",
    (
        "a/DET/DT/det>1 duck/NOUN/NN/ROOT>1 next/ADV/RB/advmod>1 to/ADP/IN/prep>2 a/DET/DT/det>5 "
        "bench/NOUN/NN/pobj>3"
    ),
    (
        "a/DET/DT/det>1 boy/NOUN/NN/ROOT>1 holding/VERB/VBG/acl>1 onto/ADP/IN/prep>2 "
        "a/DET/DT/det>5 rope/NOUN/NN/pobj>3"
    ),
    (
        "a/DET/DT/det>1 kite/NOUN/NN/nsubj>2 stuck/VERB/VBD/ROOT>2 in/ADP/IN/prep>2 a/DET/DT/det>5 "
        "bush/NOUN/NN/pobj>3"
    ),
    (
        "a/DET/DT/det>2 fox/NOUN/NN/compound>2 runs/VERB/VBZ/ROOT>2 through/ADP/IN/prep>2 "
        "the/DET/DT/det>5 snow/NOUN/NN/pobj>3"
    ),
    "a/DET/DT/det>1 sign/NOUN/NN/ROOT>1 on/ADP/IN/prep>1 a/DET/DT/det>4 road/NOUN/NN/pobj>2",
    "a/DET/DT/det>1 surfer/NOUN/NN/ROOT>1 on/ADP/IN/prep>1 a/DET/DT/det>4 wave/NOUN/NN/pobj>2",
    "a/DET/DT/det>1 girl/NOUN/NN/ROOT>1 inside/ADP/IN/prep>1 a/DET/DT/det>4 fence/NOUN/NN/pobj>2",
    (
        "a/DET/DT/det>1 fox/NOUN/NN/nsubj>2 walks/VERB/VBZ/ROOT>2 along/ADP/IN/prep>2 "
        "a/DET/DT/det>5 path/NOUN/NN/pobj>3"
    ),
    (
        "a/DET/DT/det>2 fox/NOUN/NN/compound>2 walks/NOUN/NNS/ROOT>2 across/ADP/IN/prep>2 "
        "a/DET/DT/det>5 yard/NOUN/NN/pobj>3"
    ),
    (
        "a/DET/DT/det>1 clock/NOUN/NN/ROOT>1 on/ADP/IN/prep>1 the/DET/DT/det>4 side/NOUN/NN/pobj>2 "
        "of/ADP/IN/prep>4 a/DET/DT/det>7 tower/NOUN/NN/pobj>5"
    ),
    "a/DET/DT/det>1 church/NOUN/NN/ROOT>1 near/ADP/IN/prep>1 a/DET/DT/det>4 forest/NOUN/NN/pobj>2",
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


def test_shipped_classes_are_partitions() -> None:
    others = relations().others
    for (kind, phrase), rest in others.items():
        for other in rest:
            assert {phrase, *rest} == {other, *others[kind, other]}


def test_an_object_is_of_a_kind_that_has_relations_or_of_none() -> None:
    table = relations()
    assert {kind for kind, _ in table.others} | {"none"} >= set(table.kinds.values())


def test_refuses_a_preposition_in_two_classes() -> None:
    with pytest.raises(ValueError, match="'on' is in two classes of 'thing'"):
        relations_of("[relations thing]\non | under\non | off\n")


def test_refuses_an_object_of_two_kinds() -> None:
    with pytest.raises(ValueError, match="'car' is of the kinds 'thing' and 'ride'"):
        relations_of("[objects thing]\ncar\n[objects ride]\ncar\n")


def test_refuses_a_line_outside_every_section() -> None:
    with pytest.raises(ValueError, match="no section"):
        relations_of("on | under\n")


def test_names_its_slots() -> None:
    (slot,) = RULE(parse_of("on/ADP/IN/prep>0 a/DET table/NOUN/NN/pobj>0"))
    assert (slot.rule, slot.type, slot.subtype) == ("replace_relation", "replace", "rel")
