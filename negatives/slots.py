"""Slots: the places where a caption could be made false, and the alternatives for each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, overload

from data.edits import Edit, Replacement
from negatives.parse import Parse


@dataclass(frozen=True, slots=True, eq=False)
class Lazy(Sequence[Edit]):
    """A sequence of `size` edits of which each is made only when it is looked at."""

    size: int
    make: Callable[[int], Edit]

    def __len__(self) -> int:
        """Return how many alternatives there are, without making one."""
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
    """Texts for the characters from `start` to `end`, each made an edit when it is looked at."""

    start: int
    end: int
    texts: tuple[str, ...]

    def __len__(self) -> int:
        """Return how many alternatives there are, without making one."""
        return len(self.texts)

    @overload
    def __getitem__(self, index: int) -> Edit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Edit]: ...
    def __getitem__(self, index: int | slice) -> Edit | Sequence[Edit]:
        """Make the edit that puts the text at `index` into the place."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self.texts)))]
        return Edit((Replacement(self.start, self.end, self.texts[index]),))


class Slot(NamedTuple):
    """One place of a caption with the mutually exclusive alternatives that would make it false.

    The caption itself is the alternative that is always there; `alternatives` does not list it.
    `reversible`: the same rule, run on any of the alternatives, offers the same place with the
    caption back among its own (this is what makes pair and mirror pair equally likely).
    `weights`: the proposal weight of each alternative where a published recipe has one (WordNet's
    counts), comparable among a caption's slots of one rule; None for a class, whose weights are
    the choice's affair. `strict`: whether a scorer by the corpus lets through only what it knows
    very well: alternatives that nobody has written down as fit for each other's places.
    """

    rule: str
    type: str
    subtype: str
    alternatives: Sequence[Edit]
    reversible: bool = True
    weights: Sequence[float] | None = None
    strict: bool = False


class Rule(Protocol):
    """A frozen keyword-only dataclass: its fields are its options, `lexicon` is given by the build.

    No randomness and no I/O; the first line of its docstring is its example.
    """

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield the places where the caption could be made false."""
