"""One stream for one key, the same for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.streams import Stream

PINNED = [712, 895, 377, 52, 248, 470, 315, 582, 578, 587]


def test_numbers_are_those_of_the_key_for_ever() -> None:
    stream = Stream("pinned", 1)
    assert [stream.below(1000) for _ in range(10)] == PINNED


@pytest.mark.parametrize(
    ("left", "right"),
    [((1,), ("1",)), (("a", "b"), ("ab",)), ((1, 23), (12, 3)), ((), ("",)), (("a", 1), (1, "a"))],
)
def test_keys_differ(left: tuple[int | str, ...], right: tuple[int | str, ...]) -> None:
    assert Stream(*left).unit() != Stream(*right).unit()


@given(st.text(), st.integers(1, 50))
def test_below_stays_below_and_every_text_is_a_key(key: str, size: int) -> None:
    stream = Stream(key)
    assert all(0 <= stream.below(size) < size for _ in range(20))
    assert 0 <= stream.unit() < 1


def test_nothing_to_draw_from() -> None:
    with pytest.raises(ValueError, match="size is 0"):
        Stream(0).below(0)
    with pytest.raises(ValueError, match="size is 0"):
        Stream(0).choice(())
    with pytest.raises(ValueError, match="weights are"):
        Stream(0).weighted_index((0, 0))
