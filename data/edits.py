"""Edits: the only code that cuts and joins captions.

Offsets count Unicode code points of the caption; ranges are half-open. An edit leaves everything
else unchanged, character for character: a negative is always the caption with an edit applied,
never a text joined from tokens.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from data.units import NO_UNITS, Units, units_of


class Replacement(NamedTuple):
    """Replace the characters from `start` to `end` with `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Sorted, disjoint replacements; `edit_of` accepts them in any order.

    Raises:
        ValueError: there is no replacement, or replacements overlap or are out of order.
    """

    replacements: tuple[Replacement, ...]

    def __post_init__(self) -> None:
        """Check the order, so that every other function can rely on it."""
        if not self.replacements:
            raise ValueError("an edit needs at least one replacement")
        previous_end = 0
        for replacement in self.replacements:
            if not previous_end <= replacement.start <= replacement.end:
                raise ValueError(f"replacements overlap or are out of order: {self.replacements}")
            previous_end = replacement.end

    def __repr__(self) -> str:
        """Return only the offsets and texts: `Edit(2:5 -> 'woman')`."""
        return f"Edit({', '.join(f'{at}:{end} -> {new!r}' for at, end, new in self.replacements)})"

    def apply(self, text: str) -> str:
        """Return `text` after the edit.

        Raises:
            ValueError: a replacement reaches beyond the end of `text`.
        """
        if self.replacements[-1].end > len(text):
            raise ValueError(f"edit {self.replacements[-1]} is outside a text of {len(text)}")
        parts: list[str] = []
        position = 0
        for start, end, new in self.replacements:
            parts += (text[position:start], new)
            position = end
        parts.append(text[position:])
        return "".join(parts)

    def spans_after(self) -> tuple[tuple[int, int], ...]:
        """Return the span of each replacement's text in the edited caption."""
        spans: list[tuple[int, int]] = []
        shift = 0
        for start, end, new in self.replacements:
            spans.append((start + shift, start + shift + len(new)))
            shift += len(new) - (end - start)
        return tuple(spans)

    def undo(self, text: str) -> "Edit":
        """Return the inverse edit, which turns the edited caption back into `text`."""
        return Edit(
            tuple(
                Replacement(start, end, text[replacement.start : replacement.end])
                for replacement, (start, end) in zip(
                    self.replacements, self.spans_after(), strict=True
                )
            )
        )


def edit_of(replacements: Iterable[Replacement]) -> Edit:
    """Return the edit made of these replacements, given in any order.

    Raises:
        ValueError: as for `Edit`.
    """
    return Edit(tuple(sorted(replacements)))


def text_at(text: str, start: int, end: int) -> str:
    """Return the characters of `text` from `start` to `end`."""
    return text[start:end]


def splits_a_unit(edit: Edit, before: Units, after: Units) -> bool:
    """Tell whether an edit splits a character or markup, in the text before or after it.

    The inverse edit gives the same answer.
    """
    if before is NO_UNITS and after is NO_UNITS:
        return False
    spans = ((start, end) for start, end, _ in edit.replacements)
    return before.are_split_by(spans) or after.are_split_by(edit.spans_after())


_WORDS = re.compile(r"(?:\w[\u0300-\u036f]*)+|\s+|[^\w\s]")


def edit_between(before: str, after: str) -> Edit | None:
    """Return a word-level edit that turns `before` into `after`; None if they are equal.

    Characters of several code points and markup (data/units.py) stay whole.
    """
    if before == after:
        return None
    old, new = _words(before), _words(after)
    starts = [0]
    for word in old:
        starts.append(starts[-1] + len(word))
    return Edit(
        tuple(
            Replacement(starts[old_from], starts[old_to], "".join(new[new_from:new_to]))
            for kind, old_from, old_to, new_from, new_to in SequenceMatcher(
                None, old, new, autojunk=False
            ).get_opcodes()
            if kind != "equal"
        )
    )


def _words(text: str) -> list[str]:
    """Return the words, spaces and punctuation of a text in order; no unit is split."""
    words = _WORDS.findall(text)
    units = units_of(text).spans
    if not units:
        return words
    inside = {position for start, end in units for position in range(start + 1, end)}
    joined: list[str] = []
    position = 0
    for word in words:
        if position in inside:
            joined[-1] += word
        else:
            joined.append(word)
        position += len(word)
    return joined
