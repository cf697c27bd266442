"""Evening out: as many edits go forth as back, whatever a model says of either."""

from math import exp

import pytest

from data.edits import Edit, Replacement
from negatives.positives.evening import Direction, direction_of, evened
from negatives.slots import Slot

BESIDE, NEXT_TO = (
    Direction(("beside", "next to"), forth=True),
    Direction(("beside", "next to"), forth=False),
)


def expected(weights: list[float | None]) -> float:
    return sum(exp(min(0.0, weight)) for weight in weights if weight is not None)


@pytest.mark.parametrize(
    ("forth", "back"), [([0.0] * 9, [0.0] * 3), ([-2.0, 1.0, 0.5], [2.0, -1.0]), ([3.0], [3.0])]
)
def test_as_many_go_forth_as_back(forth: list[float], back: list[float]) -> None:
    found = evened([BESIDE] * len(forth) + [NEXT_TO] * len(back), [*forth, *back])
    num = len(forth)
    assert expected(found[:num]) == pytest.approx(expected(found[num:]), abs=1e-4)
    assert expected(found) > 0


def test_what_has_no_way_back_is_not_drawn_and_what_has_no_direction_stays() -> None:
    assert evened([BESIDE, None, BESIDE], [0.0, -1.5, 2.0]) == [None, -1.5, None]


def slot(type_: str, subtype: str, *replacements: tuple[int, int, str]) -> Slot:
    edit = Edit(tuple(Replacement(*each) for each in replacements))
    return Slot("rule", type_, subtype, (edit,))


@pytest.mark.parametrize(
    ("there", "text", "back", "other"),
    [
        (
            slot("replace", "obj", (2, 5, "kid")), "a boy",
            slot("replace", "obj", (2, 5, "boy")), "a kid",
        ),
        (
            slot("rewrite", "act", (5, 5, " is")), "a boy runs",
            slot("rewrite", "act", (5, 8, "")), "a boy is runs",
        ),
        (
            slot("reorder", "att", (0, 3, "big"), (8, 11, "red")), "red and big",
            slot("reorder", "att", (0, 3, "red"), (8, 11, "big")), "big and red",
        ),
    ],
)  # fmt: skip
def test_an_edit_and_its_undoing_share_a_name_and_differ_in_direction(
    there: Slot, text: str, back: Slot, other: str
) -> None:
    forth, undone = direction_of(there, text), direction_of(back, other)
    assert forth is not None
    assert undone is not None
    assert forth.name == undone.name
    assert forth.forth != undone.forth


@pytest.mark.parametrize(
    "each",
    [
        slot("reorder", "np", (0, 3, "cat"), (8, 11, "dog")),
        slot("rewrite", "act", (0, 3, "cat"), (8, 11, "dog")),
    ],
)
def test_phrases_that_change_places_have_no_direction(each: Slot) -> None:
    assert direction_of(each, "dog and cat") is None
