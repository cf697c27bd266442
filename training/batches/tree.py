"""Texts as a prefix tree in rows: every distinct prefix of a row's texts has one slot.

Sorted texts visit their prefix tree depth first, so a text adds to its row only the tokens in
which it differs from the text before it, and a token's descendants follow it directly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

SLOT_MULTIPLE = 8  # attention kernels want a mask whose rows are aligned
MOST_SLOTS = 256  # unless one text is longer
ATTENTION_COST = 1 / 1024  # per slot and slot of its row, relative to the layers


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The prefix tree of some texts, depth first.

    Attributes:
        tokens: the token id in each slot.
        positions: each slot's position in its texts.
        ends: the first slot after the tokens that continue this one.
        paths: text number -> the slots of its tokens.
    """

    tokens: list[int]
    positions: list[int]
    ends: list[int]
    paths: dict[int, list[int]]


def plant(texts: Sequence[Sequence[int]]) -> tuple[list[Row], int]:
    """Lay texts out in rows of about equal length; return the rows and their common length."""
    order = sorted(range(len(texts)), key=lambda number: list(texts[number]))
    shared = [0] * len(texts)
    for before, number in pairwise(order):
        pairs = zip(texts[before], texts[number], strict=False)
        shared[number] = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    longest = _round_up(max(map(len, texts)))
    fills = [
        _fill(texts, order, shared, capacity=capacity)
        for capacity in range(longest, max(longest, MOST_SLOTS) + 1, SLOT_MULTIPLE)
    ]
    rows, most = min(fills, key=lambda fill: len(fill[0]) * _cost(fill[1]))
    return [_grow(texts, row, shared) for row in rows], _round_up(most)


def _cost(num_slots: int) -> float:
    padded = _round_up(num_slots)
    return padded * (1 + ATTENTION_COST * padded)


def _round_up(num_slots: int) -> int:
    return -(-num_slots // SLOT_MULTIPLE) * SLOT_MULTIPLE


def _fill(
    texts: Sequence[Sequence[int]], order: list[int], shared: list[int], *, capacity: int
) -> tuple[list[list[int]], int]:
    """Cut the sorted texts into rows of at most `capacity` slots; return them and the most used."""
    rows: list[list[int]] = []
    used, most = capacity, 0
    for number in order:
        fresh = len(texts[number]) - shared[number]
        if used + fresh > capacity:
            rows.append([])
            used, fresh = 0, len(texts[number])
        rows[-1].append(number)
        used += fresh
        most = max(most, used)
    return rows, most


def _grow(texts: Sequence[Sequence[int]], numbers: list[int], shared: list[int]) -> Row:
    """Write one row's texts into slots."""
    row = Row(tokens=[], positions=[], ends=[], paths={})
    path: list[int] = []
    for number in numbers:
        keep = shared[number] if path else 0
        _close(row, path[keep:])
        new = range(len(row.tokens), len(row.tokens) + len(texts[number]) - keep)
        row.tokens.extend(texts[number][keep:])
        row.positions.extend(range(keep, len(texts[number])))
        row.ends.extend(0 for _ in new)
        path = [*path[:keep], *new]
        row.paths[number] = path
    _close(row, path)
    return row


def _close(row: Row, slots: list[int]) -> None:
    for slot in slots:
        row.ends[slot] = len(row.tokens)
