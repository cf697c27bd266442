from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UsageError
from data.streams import Stream
from training.batches.draw import ANY, describe, draw_of, drawn

TYPES = ("swap", "replace", "shuffle")
FSC = ("swap", "replace", "shuffle")


@pytest.mark.parametrize(
    ("counts", "draw"),
    [
        ({"swap": 1, "replace": 1, "shuffle": 1}, FSC),
        ({"any": 3}, ("any", "any", "any")),
        ({"swap": 2, "any": 1}, ("swap", "swap", "any")),
        ({"any": 2, "balance": "type"}, ("any", "any")),
        ({"any": 1, "positives": 2, "siblings": True}, ("any",)),
        ({"pairs": 2}, ("any", "any")),
        ({"swap": 0}, ()),
        ({}, ()),
    ],
)
def test_a_draw_has_a_place_for_each(counts: dict[str, int | str], draw: tuple[str, ...]) -> None:
    assert draw_of(counts, available=TYPES) == draw


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"negate": 1}, "no negative of type 'negate'.*replace, shuffle, swap"),
        ({"swop": 1}, "did you mean 'swap'"),
        ({"swap": -1}, "0 or more for 'swap', found -1"),
        ({"any": 1, "balance": "rule"}, "expected balance: type, found balance: rule"),
        ({"swap": 1, "balance": "type"}, "balance: type needs places for 'any'"),
        ({"any": True}, "expected a number for 'any', found True"),
        ({"any": "type"}, "expected a number for 'any', found 'type'"),
        ({"positives": -1}, "expected 0 or more positives, found -1"),
        ({"positives": True}, "expected 0 or more positives, found True"),
        ({"positives": 1, "siblings": "yes"}, "siblings: true or false, found 'yes'"),
        ({"pairs": -1}, "expected 0 or more pairs, found -1"),
        ({"pairs": True}, "expected 0 or more pairs, found True"),
        ({"pairs": 2, "any": 1, "balance": "type"}, r"pairs alone, found any, balance beside it"),
        ({"positives": 1, "reordered": 2}, "reordered: true or false, found 2"),
        ({"any": 1, "reordered": True}, "reordered: true needs places, such as {positives: 1}"),
        ({"any": 1, "siblings": True}, "siblings: true needs places, such as {positives: 1}"),
    ],
)
def test_a_draw_of_what_is_not_there_is_refused(counts: dict[str, int | str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        draw_of(counts, available=TYPES)


@pytest.mark.parametrize(
    ("types", "draw", "expected"),
    [
        (["shuffle", "swap", "replace"], FSC, (1, 2, 0)),
        (["shuffle", "replace"], FSC, (None, 1, 0)),  # never filled with another type
        ([], FSC, (None, None, None)),
        (["swap"], ("swap", "swap"), (0, None)),  # never twice
        (["swap"], (ANY, "swap"), (None, 0)),  # what is typed comes first
    ],
)
def test_places_keep_their_types(
    types: list[str], draw: tuple[str, ...], expected: tuple[int | None, ...]
) -> None:
    assert drawn(types, draw, stream=Stream("any key")) == expected


names = st.sampled_from([*TYPES, "negate"])


@given(st.lists(names, max_size=12), st.lists(names | st.just(ANY), max_size=6), st.integers())
def test_a_draw_is_without_replacement_and_as_full_as_it_can_be(
    types: list[str], draw: list[str], key: int
) -> None:
    chosen = drawn(types, tuple(draw), stream=Stream(key))
    used = [index for index in chosen if index is not None]
    assert len(set(used)) == len(used)
    for wanted, index in zip(draw, chosen, strict=True):
        assert index is None or wanted in {ANY, types[index]}
    for name in set(types):
        wanted = draw.count(name)
        full = sum(i is not None for w, i in zip(draw, chosen, strict=True) if w == name)
        assert full == min(wanted, types.count(name))
    assert len(used) <= len(types)
    if ANY in draw and None in [i for w, i in zip(draw, chosen, strict=True) if w == ANY]:
        assert len(used) == len(types)


def test_a_draw_is_described() -> None:
    assert describe({"swap": 2, "any": 1}) == "2 swap, 1 any"
    assert describe({"any": 3, "balance": "type"}) == "3 any, rare types first"
    assert describe({"pairs": 2}) == "2 with the positives of the same place"
    assert describe({}) == ""


def test_rare_types_are_preferred_as_they_are_rare() -> None:
    """One swap among 1,000 in the shards beside four replacements among 9,000."""
    types, num_of_type = ["replace"] * 4 + ["swap"], {"swap": 1000, "replace": 9000}
    firsts = Counter(
        types[drawn(types, (ANY,), stream=Stream(key), num_of_type=num_of_type)[0] or 0]
        for key in range(4000)
    )
    assert firsts["swap"] / 4000 == pytest.approx(1 / (1 + 4 / 9), abs=0.03)
    whole = drawn(types, (ANY,) * 6, stream=Stream(1), num_of_type=num_of_type)
    assert sorted(index for index in whole if index is not None) == [0, 1, 2, 3, 4]


def test_all_are_equally_likely() -> None:
    draws = [drawn(["swap"] * 5, ("swap",), stream=Stream(key)) for key in range(5000)]
    counts = Counter(draws)
    # chi-square with 4 degrees of freedom: above 18.5 once in a thousand
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 18.5
