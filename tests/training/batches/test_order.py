from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.batches.order import Order

seeds = st.integers(0, 2**31)


@given(st.integers(1, 3000), seeds, st.integers(0, 50))
@settings(max_examples=60)
def test_every_row_is_read_once_an_epoch(size: int, seed: int, epoch: int) -> None:
    order = Order(size=size, seed=seed, epoch=epoch)
    assert sorted(order.at(np.arange(size)).tolist()) == list(range(size))


@given(st.integers(1, 10**12), seeds, st.data())
@settings(max_examples=60)
def test_a_place_is_asked_alone_and_apart(size: int, seed: int, data: st.DataObject) -> None:
    order = Order(size=size, seed=seed, epoch=0)
    places = np.array(data.draw(st.lists(st.integers(0, size - 1), unique=True, max_size=20)), int)
    found = order.at(places).tolist()
    assert found == [order.at(np.array([place])).item() for place in places]
    assert len(set(found)) == len(found)
    assert all(0 <= number < size for number in found)


@pytest.mark.parametrize("place", [-1, 10])
def test_places_outside_are_refused(place: int) -> None:
    with pytest.raises(ValueError, match="positions: expected 0 to 9"):
        Order(size=10, seed=0, epoch=0).at(np.array([place]))


def test_another_seed_and_another_epoch_is_another_order() -> None:
    def order(seed: int, epoch: int) -> tuple[int, ...]:
        return tuple(Order(size=50, seed=seed, epoch=epoch).at(np.arange(50)).tolist())

    assert len({order(seed, epoch) for seed in range(20) for epoch in range(20)}) == 400


def test_orders_of_few_rows_are_about_equally_likely() -> None:
    counts = Counter(
        tuple(Order(size=4, seed=seed, epoch=0).at(np.arange(4)).tolist()) for seed in range(4800)
    )
    assert set(counts) == set(permutations(range(4)))
    # chi-square with 23 degrees of freedom: above 49.7 once in a thousand
    assert sum((count - 200) ** 2 / 200 for count in counts.values()) < 49.7


def test_neighbours_are_torn_apart() -> None:
    size, trials = 1000, 40
    numbers = [Order(size=size, seed=seed, epoch=0).at(np.arange(size)) for seed in range(trials)]
    places = np.concatenate([np.corrcoef(np.arange(size), row)[0, 1:] for row in numbers])
    assert abs(places.mean()) < 4 / np.sqrt(size * trials)
    steps = Counter(np.concatenate([np.diff(row) for row in numbers]).tolist())
    assert steps[1] < 3 * trials  # chance: about one a permutation
