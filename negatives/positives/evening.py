"""Evening out: as many captions of a block change one way as the other. Pure.

"next to" becomes "beside" and the reverse. If one were drawn more often than the other, a reader
would recognise positives by "beside". So all edits of a block that undo each other in kind share an
offset b: an edit with log-ratio r is accepted with probability min(1, e^(r + b)), one in the other
direction with min(1, e^(r - b)), and b makes the expected numbers equal. An edit without a
counterpart in its block is never drawn. "little boy" and "small dog" are usual, "small boy" and
"little dog" are not; so edits before the same word have an offset of their own if there are enough
of them. The source alone decides on blocks, so workers and restarts change nothing.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import exp
from typing import NamedTuple

from data.edits import text_at
from negatives.slots import Slot

_REACH = 12.0  # of b, in nats
_HALVINGS = 40
_ENOUGH = 3  # edits each way before one word
_NEXT_WORD = re.compile(r"\W*(\w+)")

_Group = tuple[tuple[str, ...], str]


class Direction(NamedTuple):
    """What edits that undo each other have in common, and the direction of this one.

    `before`: the word that follows.
    """

    name: tuple[str, ...]
    forth: bool
    before: str = ""


def direction_of(slot: Slot, text: str) -> Direction | None:
    """Return the direction of a slot's first edit; None for one that is not evened out.

    Phrases that change places have no direction, and sentences that are turned around all differ.
    """
    if not slot.reversible:
        return None
    replacements = slot.alternatives[0].replacements
    following = _NEXT_WORD.match(text, replacements[-1].end)
    before = following.group(1).lower() if following else ""
    old = tuple(text_at(text, start, end).lower() for start, end, _ in replacements)
    new = tuple(words.lower() for _, _, words in replacements)
    if slot.type == "reorder":
        if slot.subtype != "att" or old == new:
            return None
        return Direction((slot.rule, *sorted(old)), forth=old[0] < old[-1], before=before)
    if slot.type == "rewrite" and len(replacements) > 1:
        return None
    name = (slot.rule, *min(old, new), "/", *max(old, new))
    return Direction(name, forth=old < new, before=before)


def evened(directions: Sequence[Direction | None], ratios: Sequence[float]) -> list[float | None]:
    """Return log-ratios that make as many edits go forth as back, in the order given.

    None for an edit that must not be drawn: nothing in the block goes the other way.
    """
    near: Counter[tuple[tuple[str, ...], str, bool]] = Counter(
        (each.name, each.before, each.forth) for each in directions if each is not None
    )
    names = [each if each is None else _group_of(each, near) for each in directions]
    ways: dict[_Group, tuple[list[float], list[float]]] = {}
    for name, direction, ratio in zip(names, directions, ratios, strict=True):
        if name is not None and direction is not None:
            ways.setdefault(name, ([], []))[direction.forth].append(ratio)
    offsets = {name: _offset(forth, back) for name, (back, forth) in ways.items()}
    found: list[float | None] = []
    for name, direction, ratio in zip(names, directions, ratios, strict=True):
        offset = 0.0 if name is None else offsets[name]
        sign = 1.0 if direction is not None and direction.forth else -1.0
        found.append(None if offset is None else ratio + sign * offset)
    return found


def _group_of(
    direction: Direction, near: Mapping[tuple[tuple[str, ...], str, bool], int]
) -> _Group:
    """Return the group of an edit: that before its next word if it is large enough each way."""
    name, _, before = direction
    enough = min(near[name, before, forth] for forth in (True, False)) >= _ENOUGH
    return name, before if enough else ""


def _offset(forth: Sequence[float], back: Sequence[float]) -> float | None:
    """Return the offset b that makes the expected numbers equal; None if nothing goes back."""
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
    """Return the expected number of accepted edits."""
    return sum(exp(min(0.0, ratio + offset)) for ratio in ratios)
