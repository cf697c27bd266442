"""Which of a row's stored negatives a step uses.

A draw is given as counts by type, `{swap: 1, replace: 1, shuffle: 1}`, or `{any: 3}`; mixed ones
take what is typed first. Its K places keep their types from row to row. A type that a row lacks
leaves its place empty: it is never filled with another one. No negative is used twice in a step.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from data.errors import UsageError
from data.streams import Stream
from data.texts import nearest

ANY: Final = "any"

Draw = tuple[str, ...]
"""The type of each of the K places, or ANY."""


def draw_of(counts: Mapping[str, int], *, available: Collection[str]) -> Draw:
    """Return the places of a draw; `available` are the types that the manifest has.

    Raises:
        UsageError: it has no negative of a type, or a count is negative.
    """
    for name, count in counts.items():
        if name != ANY and count and not available:
            raise UsageError("the shards have no negatives to draw; `negatives stats` says why")
        if name != ANY and name not in available:
            raise UsageError(
                f"draw: the shards have no negative of type {name!r}; {nearest(name, available)}; "
                f"choose among these, or {ANY!r}"
            )
        if count < 0:
            raise UsageError(f"draw: expected a count of 0 or more for {name!r}, found {count}")
    return tuple(name for name, count in counts.items() for _ in range(count))


def drawn(types: Sequence[str], draw: Draw, *, stream: Stream) -> tuple[int | None, ...]:
    """Return for each place the index of a negative, None where the row has none left.

    `types` are the types of the row's negatives, in their stored order.
    """
    left = stream.shuffled(range(len(types)))
    chosen: list[int | None] = [None] * len(draw)
    for typed in (True, False):
        for place, wanted in enumerate(draw):
            if (wanted != ANY) is typed:
                chosen[place] = next((i for i in left if not typed or types[i] == wanted), None)
                left = [index for index in left if index != chosen[place]]
    return tuple(chosen)
