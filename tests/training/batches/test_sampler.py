from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import UsageError
from training.batches.sampler import Place, Position, Sampler, position_of


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
        ({"rows": "other"}, "other rows"),
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
