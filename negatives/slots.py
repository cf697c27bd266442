"""Slots: the places where a caption could be made false, and the alternatives for each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, overload

from data.edits import Edit, Replacement
from negatives.parse import Parse


@dataclass(frozen=True, slots=True, eq=False)
class Lazy(Sequence[Edit]):
    """A lazy sequence of `size` edits."""

    size: int
    make: Callable[[int], Edit]

    def __len__(self) -> int:
        """Return the number of alternatives, without making any."""
        return self.size

    @overload
    def __getitem__(self, index: int) -> Edit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Edit]: ...
    def __getitem__(self, index: int | slice) -> Edit | Sequence[Edit]:
        """Make the edit at `index` (0 to size - 1)."""
        if isinstance(index, slice):
            return [self.make(i) for i in range(*index.indices(self.size))]
        if not 0 <= index < self.size:
            raise IndexError(index)
        return self.make(index)


@dataclass(frozen=True, slots=True, eq=False)
class Substitutes(Sequence[Edit]):
    """A lazy sequence of edits that replace the characters from `start` to `end` by a text."""

    start: int
    end: int
    texts: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of alternatives, without making any."""
        return len(self.texts)

    @overload
    def __getitem__(self, index: int) -> Edit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Edit]: ...
    def __getitem__(self, index: int | slice) -> Edit | Sequence[Edit]:
        """Make the edit with the text at `index`."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self.texts)))]
        return Edit((Replacement(self.start, self.end, self.texts[index]),))


class Slot(NamedTuple):
    """One place of a caption with mutually exclusive alternatives that would make it false.

    The caption itself is an implicit alternative, not listed in `alternatives`. `reversible`: the
    rule, applied to any alternative, offers the same place with the caption among its alternatives
    (which makes pair and mirror pair equally likely). `weights`: the proposal weight of each
    alternative in a published recipe (WordNet's counts), comparable among a caption's slots of one
    rule; None for classes, where the policy weighs. `needs_full_coverage`: the
    corpus scorer accepts only alternatives that it has seen with every word around them, because no
    table lists them as interchangeable.
    """

    rule: str
    type: str
    subtype: str
    alternatives: Sequence[Edit]
    reversible: bool = True
    weights: Sequence[float] | None = None
    needs_full_coverage: bool = False


class Rule(Protocol):
    """A frozen keyword-only dataclass: its fields are its options; the build passes `lexicon`.

    No randomness and no I/O; the first line of its docstring is its example.
    """

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield the places where the caption could be made false."""
