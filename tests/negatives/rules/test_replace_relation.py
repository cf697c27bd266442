import pytest

from negatives.rules.replace_relation import ReplaceRelation, relations, relations_of
from tests.negatives.rules.replace_cases import assert_reversible, negatives_of
from tests.parses import parsed

RULE = ReplaceRelation()

CHANGES = {
    "a cat on the table": [["a cat under the table"]],
    "he next to a plate": [["he on a plate"]],
    "he on top of a desk": [["he underneath a desk"]],
    "a dog on a rock": [["a dog next to a rock"]],
    "a dog runs down the hill": [["a dog runs up the hill"]],
    "a cow in a field": [["a cow next to a field"]],
    "a sink in a kitchen": [["a sink outside a kitchen"]],
    "walks up the hill": [["walks down the hill"]],
    "stands behind a man": [["stands in front of a man"]],
    ("a girl runs towards the shore"): [["a girl runs away from the shore"]],
    "a duck under a bench": [["a duck on a bench"]],
    ("a fox runs through a park"): [["a fox runs past a park"]],
    "a truck on a road": [["a truck beside a road"]],
    "a jar inside a drawer": [["a jar outside a drawer"]],
    ("a fountain in the middle of a park"): [["a fountain on the side of a park"]],
    ("a lamp next to a plate"): [["a lamp on a plate"]],
}

NOOPS = [
    "",
    "in front of trees",  # depends on where one stands
    "a dog stands behind a fence",
    "a dog in the grass",  # there may be more of it
    "a girl walks next to a bike",  # nobody walks on one
    "people on the street walk past a shop",  # nor through a shop while in the street
    "a skier goes down the hill",
    "a boy dives into the pool",
    "a man in a red shirt",  # worn
    "in red",
    "standing at night",
    "on a sunny day",
    "a group of the men",
    "holding up a table",  # a particle
    "he looks on the table",
    "looking in a box",  # the verb's own preposition
    "talking on the phone",
    "by bus",
    "in flight",
    "next to each other",
    "next to it",
    "walking up the street",  # down is the same way
    "from behind a tree",
    "a man with a hat",  # a negation
    "the next table",
    "on",
    "he on",
    "İ on a table",  # longer in lower case
    "a girl on a beach",
    "a tent beside the shore",
    "a plane over a town",
    ("a duck next to a bench"),
    ("a boy holding onto a rope"),
    ("a kite stuck in a bush"),
    ("a fox runs through the snow"),
    "a sign on a road",
    "a surfer on a wave",
    "a girl inside a fence",
    ("a fox walks along a path"),
    ("a fox walks across a yard"),
    ("a clock on the side of a tower"),
    "a church near a forest",
]


@pytest.mark.parametrize(("caption", "expected"), CHANGES.items())
def test_changes(caption: str, expected: list[list[str]]) -> None:
    assert negatives_of(RULE, parsed(caption)) == expected


@pytest.mark.parametrize("caption", NOOPS)
def test_noop(caption: str) -> None:
    assert negatives_of(RULE, parsed(caption)) == []


@pytest.mark.parametrize("caption", CHANGES)
def test_reversible(caption: str) -> None:
    assert_reversible(RULE, parsed(caption))


def test_shipped_classes_are_partitions() -> None:
    others = relations().others
    for (kind, phrase), rest in others.items():
        for other in rest:
            assert {phrase, *rest} == {other, *others[kind, other]}


def test_words_exclude_whole_classes() -> None:
    table = relations()
    for (kind, phrase), words in table.unless.items():
        assert any(phrase == other and kind in ("*", of) for of, other in table.others)
        for of, other in table.others:
            if other == phrase and kind in ("*", of):
                for rest in table.others[of, other]:
                    assert words <= table.unless.get((kind, rest), frozenset()), (kind, rest)


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


def test_refuses_an_exception_without_its_parts() -> None:
    with pytest.raises(ValueError, match="expected KIND: PHRASES: WORDS, found 'road: on'"):
        relations_of("[unless]\nroad: on\n")


def test_names_its_slots() -> None:
    (slot,) = RULE(parsed("on a table"))
    assert (slot.rule, slot.type, slot.subtype) == ("replace_relation", "replace", "rel")
