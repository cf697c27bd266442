"""Intervals hold the truth as often as they say, also where pairs of an image go together."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from data.measures.intervals import mean_interval, share_interval
from data.streams import Stream


def draw_shares(
    share: float, *, num_groups: int, size: int, together: bool, seed: int
) -> NDArray[np.float64]:
    """Return values of 0 and 1, `size` a group: one draw a group, or one a value."""
    stream = Stream(seed, "intervals", str(share), num_groups)
    if together:
        return np.repeat([float(stream.chance(share)) for _ in range(num_groups)], size)
    return np.array([float(stream.chance(share)) for _ in range(num_groups * size)])


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize(
    ("share", "num_groups", "size"), [(0.5, 60, 4), (0.9, 60, 3), (0.98, 80, 1)]
)
def test_the_interval_of_a_share_covers(
    share: float, num_groups: int, size: int, *, together: bool
) -> None:
    groups = np.repeat(np.arange(num_groups), size)
    num_tries = 400
    num_inside = 0
    for seed in range(num_tries):
        values = draw_shares(share, num_groups=num_groups, size=size, together=together, seed=seed)
        found = share_interval(values, groups)
        num_inside += found.low <= share <= found.high
    assert 0.92 * num_tries <= num_inside <= 0.99 * num_tries


def test_pairs_that_go_together_are_no_more_than_one() -> None:
    values = np.array([0.0, 1.0] * 50)
    single = share_interval(values, np.arange(100))
    fourfold = share_interval(np.repeat(values, 4), np.repeat(np.arange(100), 4))
    assert fourfold.high - fourfold.low == pytest.approx(single.high - single.low)
    apart = share_interval(np.repeat(values, 4), np.arange(400))
    assert apart.high - apart.low < 0.6 * (single.high - single.low)


def test_the_ends() -> None:
    ones = share_interval(np.ones(100), np.arange(100))
    assert ones.value == ones.high == 1
    assert 0.95 < ones.low < 0.97  # Wilson's for 100 of 100: 0.963
    assert share_interval(np.ones(5), np.zeros(5, np.int64)) == (1, 0, 1)
    assert mean_interval(np.array([1.0, 3.0] * 50), np.arange(100)).value == 2
    alone = mean_interval(np.array([1.0, 3.0]), np.zeros(2, np.int64))
    assert alone == (2, -math.inf, math.inf), "one image says nothing of how images differ"
    with pytest.raises(ValueError, match="no values"):
        share_interval(np.zeros(0), np.zeros(0, np.int64))
