"""Choose which of a row's stored negatives a step uses.

A draw is given as counts by type, `{swap: 1, replace: 1, shuffle: 1}`, or `{any: 3}`; if both are
mixed, the typed ones are drawn first. The K places have the same types in every row. A type that a
row lacks leaves its place empty; no other type fills it. A step uses each negative once at most.

`{any: 3, positives: 1}` also draws a positive, another true text about the image. With `siblings:
true` the image's other captions count as positives. With `reordered: true` the first place is for a
positive that has the caption's words in another order, if the row has one.

`{any: 3, balance: type}` prefers rare types: a negative's weight is one over the number of
negatives of its type in the shards, so that types are drawn evenly as far as rows have them.

`{pairs: 2}` draws two positives, each with the negative that is stored in the same place of the
row: parts of a caption with their foils. It cannot be combined with other draws.
"""

from collections.abc import Collection, Mapping, Sequence
from math import log
from typing import Final

from data.errors import UsageError
from data.streams import Stream
from data.texts import nearest

ANY: Final = "any"
BALANCE: Final = "balance"
POSITIVES: Final = "positives"
SIBLINGS: Final = "siblings"
REORDERED: Final = "reordered"
PAIRS: Final = "pairs"
_NO_TYPES: Final = {BALANCE, POSITIVES, SIBLINGS, REORDERED, PAIRS}

Draw = tuple[str, ...]
"""The type of each of the K places, or ANY."""


def draw_of(wanted: Mapping[str, int | str], *, available: Collection[str]) -> Draw:
    """Return the places of a draw; `available` are the types in the manifest.

    Raises:
        UsageError: the shards have no negative of a type, a count is negative, `balance` is not
            "type", `siblings` is not a boolean, or `pairs` is combined with other places.
    """
    positives_of(wanted)
    if num_pairs := pairs_of(wanted):
        return (ANY,) * num_pairs
    if wanted.get(BALANCE, "type") != "type":
        raise UsageError(f"draw: expected balance: type, found balance: {wanted[BALANCE]}")
    if BALANCE in wanted and not wanted.get(ANY):
        raise UsageError(f"draw: balance: type needs places for {ANY!r}, such as {{{ANY}: 3}}")
    counts = {name: count for name, count in wanted.items() if name not in _NO_TYPES}
    for name, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool):
            raise UsageError(f"draw: expected a number for {name!r}, found {count!r}")
        if name != ANY and count and not available:
            raise UsageError("the shards have no negatives to draw; `negatives stats` says why")
        if name != ANY and name not in available:
            raise UsageError(
                f"draw: the shards have no negative of type {name!r}; {nearest(name, available)}; "
                f"choose among these, or {ANY!r}"
            )
        if count < 0:
            raise UsageError(f"draw: expected a count of 0 or more for {name!r}, found {count}")
    return tuple(name for name, count in counts.items() for _ in range(int(count)))


def positives_of(wanted: Mapping[str, int | str]) -> tuple[int, bool]:
    """Return the number of places for positives, and whether siblings count as positives.

    Raises:
        UsageError: one of the two, or `reordered`, has a wrong type.
    """
    if num_pairs := pairs_of(wanted):
        return num_pairs, False
    count, siblings = wanted.get(POSITIVES, 0), wanted.get(SIBLINGS, False)
    if type(count) is not int or count < 0:
        raise UsageError(f"draw: expected 0 or more {POSITIVES}, found {count!r}")
    for name in (SIBLINGS, REORDERED):
        value = wanted.get(name, False)
        if value not in {True, False}:
            raise UsageError(f"draw: expected {name}: true or false, found {value!r}")
        if value and not count:
            raise UsageError(f"draw: {name}: true needs places, such as {{{POSITIVES}: 1}}")
    return count, bool(siblings)


def pairs_of(wanted: Mapping[str, int | str]) -> int:
    """Return how many pairs of a positive and its negative are drawn; 0: no pairs.

    Raises:
        UsageError: it is no such number, or is combined with other places.
    """
    count = wanted.get(PAIRS, 0)
    if type(count) is not int or count < 0:
        raise UsageError(f"draw: expected 0 or more {PAIRS}, found {count!r}")
    others = [name for name, value in wanted.items() if name != PAIRS and value]
    if count and others:
        raise UsageError(
            f"draw: expected {PAIRS} alone, found {', '.join(others)} beside it; "
            f"write {{{PAIRS}: {count}}}"
        )
    return count


def describe(wanted: Mapping[str, int | str]) -> str:
    """Return a draw in words: "2 swap, 1 any, rare types first"."""
    if num_pairs := pairs_of(wanted):
        return f"{num_pairs} with the positive{'s' * (num_pairs > 1)} of the same place"
    counts = [f"{count} {name}" for name, count in wanted.items() if name not in _NO_TYPES]
    if BALANCE in wanted:
        counts.append("rare types first")
    count, siblings = positives_of(wanted)
    if count:
        among = ", the image's other captions among them" if siblings else ""
        first = ", a reordered one first" if wanted.get(REORDERED) else ""
        counts.append(f"{count} positive{'s' * (count > 1)}{among}{first}")
    return ", ".join(counts)


def drawn(
    types: Sequence[str],
    draw: Draw,
    *,
    stream: Stream,
    num_of_type: Mapping[str, int] | None = None,
) -> tuple[int | None, ...]:
    """Return the index of a negative for each place, None where the row has none left.

    `types` are the types of the row's negatives, in their stored order. `num_of_type`: counts of
    all negatives, to prefer rare types; None: all negatives have the same weight.
    """
    left = (
        stream.shuffled(range(len(types)))
        if num_of_type is None
        else _rare_first(types, num_of_type, stream)
    )
    chosen: list[int | None] = [None] * len(draw)
    for typed in (True, False):
        for place, wanted in enumerate(draw):
            if (wanted != ANY) is typed:
                chosen[place] = next((i for i in left if not typed or types[i] == wanted), None)
                left = [index for index in left if index != chosen[place]]
    return tuple(chosen)


def paired(num_stored: int, num_pairs: int, *, stream: Stream) -> tuple[int | None, ...]:
    """Return the index of a pair for each place, None where the row has none left.

    `num_stored`: the number of places at which a row has both a negative and a positive.
    """
    chosen = stream.shuffled(range(num_stored))[:num_pairs]
    return (*chosen, *[None] * (num_pairs - len(chosen)))


def _rare_first(types: Sequence[str], num_of_type: Mapping[str, int], stream: Stream) -> list[int]:
    """Return indices drawn without replacement, with weights of 1 / number of the type.

    They are sorted by exponential times at the rate of their weights (Efraimidis and Spirakis,
    2006).
    """
    waits = [-log(1.0 - stream.unit()) * num_of_type[name] for name in types]
    return sorted(range(len(types)), key=waits.__getitem__)
