from collections import Counter

import pytest

from data.streams import Stream


def test_a_stream_is_named_by_its_key() -> None:
    def draws(*key: str | int) -> list[int]:
        stream = Stream(*key)
        return [stream.below(2**60) for _ in range(20)]

    assert draws(0, "a", "b") == draws(0, "a", "b")
    others = [(0, "a", "c"), (0, "ab", ""), (0, "", "ab"), (1, "a", "b"), ("0", "a", "b")]
    assert all(draws(*key) != draws(0, "a", "b") for key in others)
    assert len(set(draws(0, "a"))) == 20


@pytest.mark.parametrize("size", [1, 2, 7, 10**6, 2**40])
def test_below_stays_below(size: int) -> None:
    stream = Stream("below", size)
    assert all(0 <= stream.below(size) < size for _ in range(200))


def test_draws_are_uniform() -> None:
    stream = Stream("uniform")
    counts = Counter(stream.below(8) for _ in range(80_000))
    # chi-square with 7 degrees of freedom: above 24.3 once in a thousand streams
    assert sum((count - 10_000) ** 2 / 10_000 for count in counts.values()) < 24.3


def test_weighted_follows_the_weights() -> None:
    stream = Stream("weighted")
    counts = Counter(stream.weighted_index([0, 1, 3, 0]) for _ in range(40_000))
    assert set(counts) == {1, 2}
    assert abs(counts[2] / 40_000 - 0.75) < 0.01


def test_shuffled_is_a_permutation_and_reaches_them_all() -> None:
    stream = Stream("shuffled")
    counts = Counter(tuple(stream.shuffled("abc")) for _ in range(6_000))
    assert len(counts) == 6
    assert all(850 < count < 1150 for count in counts.values())
