"""Evening out: of a block's captions as many change one way as the other. Pure.

"next to" gives way to "beside" and back. Were the one drawn more often than the other, a reader
would know positives by "beside". So all edits of a block that undo one another in kind share a
number b: an edit with log-ratio r is accepted with min(1, e^(r + b)), one that leads the other way
with min(1, e^(r - b)), and b makes both as many as expected. What has no way back in its block is
never drawn. A block is cut by the source alone, so workers and restarts change nothing.
"""

from collections.abc import Mapping, Sequence
from math import exp
from typing import NamedTuple

from data.edits import text_at
from negatives.slots import Slot

_REACH = 12.0  # of b, in nats
_HALVINGS = 40


class Direction(NamedTuple):
    """What edits that undo one another have in common, and which of the two ways this one goes."""

    name: tuple[str, ...]
    forth: bool


def direction_of(slot: Slot, text: str) -> Direction | None:
    """Return the direction of a slot's first edit; None for one that is not evened out.

    Phrases that change places have no direction of their own, and whole sentences that are turned
    around are all different.
    """
    if not slot.reversible:
        return None
    replacements = slot.alternatives[0].replacements
    old = tuple(text_at(text, start, end).lower() for start, end, _ in replacements)
    new = tuple(words.lower() for _, _, words in replacements)
    if slot.type == "reorder":
        if slot.subtype != "att" or old == new:
            return None
        return Direction((slot.rule, *sorted(old)), forth=old[0] < old[-1])
    if slot.type == "rewrite" and len(replacements) > 1:
        return None
    return Direction((slot.rule, *min(old, new), "/", *max(old, new)), forth=old < new)


def evened(directions: Sequence[Direction | None], ratios: Sequence[float]) -> list[float | None]:
    """Return log-ratios that make as many edits go forth as back, in the order given.

    None for an edit that may not be drawn: nothing in the block goes the other way.
    """
    ways: dict[tuple[str, ...], tuple[list[float], list[float]]] = {}
    for direction, ratio in zip(directions, ratios, strict=True):
        if direction is not None:
            ways.setdefault(direction.name, ([], []))[direction.forth].append(ratio)
    offsets: Mapping[tuple[str, ...], float | None] = {
        name: _offset(forth, back) for name, (back, forth) in ways.items()
    }
    found: list[float | None] = []
    for direction, ratio in zip(directions, ratios, strict=True):
        offset = 0.0 if direction is None else offsets[direction.name]
        if offset is None or direction is None:
            found.append(None if offset is None else ratio)
        else:
            found.append(ratio + offset if direction.forth else ratio - offset)
    return found


def _offset(forth: Sequence[float], back: Sequence[float]) -> float | None:
    """Return the number b that makes both ways as many as expected."""
    if not forth or not back:
        return None
    low, high = -_REACH, _REACH
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _number(forth, middle) < _number(back, -middle):
            low = middle
        else:
            high = middle
    return round((low + high) / 2, 6)


def _number(ratios: Sequence[float], offset: float) -> float:
    """Return how many edits are accepted, as expected."""
    return sum(exp(min(0.0, ratio + offset)) for ratio in ratios)
