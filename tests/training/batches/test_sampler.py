from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import UsageError
from training.batches.sampler import Composites, Place, Position, Sampler, mix_of, position_of


def sampler(start: Position | None = None, *, size: int = 103, epochs: int = 3,
            batch_size: int = 12, rank: int = 0, num_ranks: int = 1) -> Sampler:  # fmt: skip
    return Sampler(
        size=size, batch_size=batch_size, epochs=epochs, start=start or Position(),
        rank=rank, num_ranks=num_ranks,
    )  # fmt: skip


def global_batches(start: Position, *, num_ranks: int, epochs: int = 3) -> list[list[Place]]:
    ranks = [list(sampler(start, rank=r, num_ranks=num_ranks, epochs=epochs))
             for r in range(num_ranks)]  # fmt: skip
    return [list(chain(*parts)) for parts in zip(*ranks, strict=True)]


@pytest.mark.parametrize("num_ranks", [1, 2, 3, 4, 6, 12])
def test_ranks_share_the_same_batches(num_ranks: int) -> None:
    assert global_batches(Position(), num_ranks=num_ranks) == list(sampler())


@given(st.integers(0, 24), st.sampled_from([1, 2, 4]), st.sampled_from([1, 3, 6]))
@settings(max_examples=40)
def test_a_run_goes_on_from_any_step_on_any_ranks(step: int, before: int, after: int) -> None:
    whole = list(sampler())
    position = Position()
    for _ in range(step):
        position = sampler().after(position)
    done = global_batches(Position(), num_ranks=before)[:step]
    assert done + global_batches(position, num_ranks=after) == whole
    assert len(sampler(position)) == len(whole) - step


def test_an_epoch_reads_no_row_twice_and_leaves_less_than_a_batch() -> None:
    for epoch in range(3):
        numbers = [p.number for batch in sampler() for p in batch if p.epoch == epoch]
        assert len(numbers) == len(set(numbers)) == 96
    left = [set(range(103)) - {p.number for b in sampler() for p in b if p.epoch == e}
            for e in range(3)]  # fmt: skip
    assert left[0] != left[1] != left[2]


def test_another_batch_size_goes_on_where_the_old_one_stopped() -> None:
    position = sampler(batch_size=12).after(Position())
    first = [p.number for p in next(iter(sampler(batch_size=12)))]
    rest = [p.number for b in sampler(position, batch_size=7, epochs=1) for p in b]
    assert len(rest) == 91
    assert not set(first) & set(rest)


@pytest.mark.parametrize("seen", [100, 103, 500])
def test_less_than_a_batch_left_is_the_next_epoch(seen: int) -> None:
    there = list(sampler(Position(seen=seen)))
    assert there == list(sampler(Position(epoch=1)))
    assert len(sampler(Position(seen=seen))) == len(there)


def test_nothing_is_left_at_the_end() -> None:
    assert list(sampler(Position(epoch=3))) == []
    assert len(sampler(Position(epoch=3))) == 0
    assert len(sampler(Position(epoch=9))) == 0


@pytest.mark.parametrize(
    ("batch_size", "num_ranks", "message"),
    [(104, 1, "1 to 103"), (0, 1, "1 to 103"), (10, 3, "multiple of the 3 ranks")],
)
def test_batches_that_cannot_be(batch_size: int, num_ranks: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        sampler(batch_size=batch_size, num_ranks=num_ranks)


def test_a_position_comes_back_from_a_checkpoint() -> None:
    position = Position(epoch=2, seen=48, seed=7, rows="abc")
    assert position_of(position.content(), rows="abc", seed=7) == position


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": "other"}, "different rows"),
        ({"seed": 8}, "seed 8"),
        ({"seen": None}, "expected a position"),
        ({"seen": -12}, "expected a position"),
        ({"epoch": "1"}, "expected a position"),
    ],
)
def test_a_position_of_something_else_is_refused(change: dict[str, object], message: str) -> None:
    content = {**Position(epoch=2, seen=48, seed=7, rows="abc").content(), **change}
    with pytest.raises(UsageError, match=message):
        position_of(content, rows="abc", seed=7)


def mixed(*, share: float = 0.25, every: int = 1, at: int = 0, rank: int = 0, num_ranks: int = 1,
          start: Position | None = None) -> Sampler:  # fmt: skip
    is_composite = np.arange(103) % 4 == 3  # 25 of them, and 78 captions
    wanted = Composites(share=share, every=every, at=at)
    return Sampler(
        size=103, batch_size=12, epochs=4, start=start or Position(), rank=rank,
        num_ranks=num_ranks, mix=mix_of(is_composite, wanted=wanted, batch_size=12),
    )  # fmt: skip


def test_composites_have_their_share_of_every_batch() -> None:
    batches = list(mixed())
    assert len(batches) == len(mixed()) == 4 * (78 // 9)
    read = [place for batch in batches for place in batch if place.number % 4 == 3]
    for batch in batches:
        composites = [n for n, place in enumerate(batch) if place.number % 4 == 3]
        assert composites == [3, 7, 11]
    for epoch in range(4):
        numbers = [p.number for b in batches for p in b if p.epoch == epoch and p not in read]
        assert len(numbers) == len(set(numbers)) == 72
    rounds = [[p.number for p in read if p.epoch == number] for number in range(3)]
    assert [len(each) for each in rounds] == [25, 25, 25]
    assert set(rounds[0]) == set(rounds[1]) == set(rounds[2])
    assert rounds[0] != rounds[1]


@pytest.mark.parametrize("num_ranks", [1, 2, 4])
@pytest.mark.parametrize("mix", [{}, {"share": 1.0, "every": 2}, {"every": 3, "at": 1}])
def test_ranks_share_composites_and_go_on_anywhere(mix: dict[str, Any], num_ranks: int) -> None:
    whole = list(mixed(**mix))
    position = Position()
    for done in range(len(whole)):
        ranks = [mixed(**mix, rank=rank, num_ranks=num_ranks) for rank in range(num_ranks)]
        assert list(chain(*(each.places(position) for each in ranks))) == whole[done]
        assert len(mixed(**mix, start=position)) == len(whole) - done
        position = mixed(**mix).after(position)


@pytest.mark.parametrize(
    ("share", "every", "at", "in_batch"),
    [(1.0, 2, 0, [12, 0]), (1.0, 2, 1, [0, 12]), (0.5, 3, 1, [0, 6, 0]), (0.25, 1, 0, [3])],
)
def test_batches_take_turns_over_the_whole_run(
    share: float, every: int, at: int, in_batch: list[int]
) -> None:
    """By the step's number in the run, so that losses which take turns meet the same batches."""
    batches = list(mixed(share=share, every=every, at=at))
    found = [sum(place.number % 4 == 3 for place in batch) for batch in batches]
    assert found == in_batch * (len(batches) // every)
    a_round = 12 * every - sum(in_batch)
    assert len(batches) == 4 * (78 // a_round) * every
    read = [place for batch in batches for place in batch]
    for epoch in range(4):
        numbers = [p.number for p in read if p.epoch == epoch and p.number % 4 != 3]
        assert len(numbers) == len(set(numbers)) == 78 // a_round * a_round
    composites = [place.number for place in read if place.number % 4 == 3]
    rounds = [composites[first : first + 25] for first in range(0, len(composites) - 24, 25)]
    assert all(len(set(each)) == 25 for each in rounds)


@pytest.mark.parametrize(
    ("wanted", "is_composite", "message"),
    [
        ({}, [True, False] * 20, "expected a share from 0 to below 1, or 1 .*, found 1.0"),
        ({"share": 2, "every": 2}, [True, False] * 20, "expected a share .*, found 2"),
        ({"every": 17}, [True, False] * 20, "expected `every` of 1 to 16 .*, found 17 and 0"),
        ({"every": 2, "at": 2}, [True, False] * 20, "found 2 and 2"),
        ({"share": 0.5}, [False] * 40, "found no composites in the shards"),
        ({"share": 0.5}, [True] * 35 + [False] * 5, "at least 6 captions beside the 6 composites"),
        ({"share": 0.99}, [True, False] * 20, "expected at least 1 captions beside the 12"),
        ({"every": 2}, [True] * 35 + [False] * 5, "at least 12 captions .* 12 .* of 2 batches"),
    ],
)
def test_shares_that_cannot_be(
    wanted: dict[str, Any], is_composite: list[bool], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        mix_of(np.array(is_composite), wanted=Composites(**wanted), batch_size=12)


def test_no_share_is_a_share_of_captions_alone() -> None:
    assert {place.number % 4 == 3 for batch in mixed(share=0) for place in batch} == {False}
