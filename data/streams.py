"""A stream of random numbers that depends only on its key.

Counter-based (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), with BLAKE2b
as the keyed function: there is no shared state, so the same key gives the same numbers in any
process, in any order, on any machine.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from struct import Struct
from typing import TypeVar

T = TypeVar("T")

_WORDS = Struct("<8Q")


class Stream:
    """Draws from the stream of a key, for example of (seed, caption id, rule).

    1 and "1" are different keys, and so are ("a", "b") and ("ab",).
    """

    __slots__ = ("_words",)

    def __init__(self, *key: int | str) -> None:
        self._words = _words_of(repr(key).encode(errors="surrogatepass"))

    def below(self, size: int) -> int:
        """Return an integer from 0 to `size` - 1; the bias is under `size` / 2**64.

        Raises:
            ValueError: `size` is not positive.
        """
        if size < 1:
            raise ValueError(f"nothing to draw from: size is {size}")
        return (next(self._words) * size) >> 64

    def unit(self) -> float:
        """Return a number in [0, 1) with 53 random bits."""
        return (next(self._words) >> 11) / (1 << 53)

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.unit() < probability

    def choice(self, items: Sequence[T]) -> T:
        """Return one of the items.

        Raises:
            ValueError: there are none.
        """
        return items[self.below(len(items))]

    def weighted_index(self, weights: Sequence[float]) -> int:
        """Return an index, drawn with probabilities proportional to the weights.

        Raises:
            ValueError: no weight is positive.
        """
        total = sum(weights)
        if total <= 0:
            raise ValueError(f"nothing to draw from: weights are {weights}")
        target = self.unit() * total
        drawn = 0
        for index, weight in enumerate(weights):
            if weight <= 0:
                continue
            drawn = index
            target -= weight
            if target < 0:
                break
        return drawn

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order (Fisher-Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order


def _words_of(key: bytes) -> Iterator[int]:
    """Yield 64-bit words endlessly, eight from each hash."""
    counter = 0
    while True:
        yield from _WORDS.unpack(blake2b(key, salt=counter.to_bytes(16, "little")).digest())
        counter += 1
