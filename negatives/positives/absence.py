"""True negation: a caption that affirms an absence, which only a source that knows it can allow.

`scenes` knows what is in a picture and what is not. "no" is then no sign of a falsehood: the preset
`negation` has the false ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from data.edits import Edit, Replacement
from negatives.parse import Parse
from negatives.slots import Slot


@runtime_checkable
class KnowsAbsences(Protocol):
    """A source that knows what is not in its images."""

    def absent(self, image: str) -> tuple[str, ...]:
        """Return names of things of which the image of this key has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """ "a dog on a lawn" -> "a dog on a lawn, and there is no cat".

    One slot a caption of a source that knows what is absent, with one alternative a thing.
    """

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield nothing: what is absent is not in the caption."""
        yield from self.slots(parse, ())

    def slots(self, parse: Parse, absent: Sequence[str]) -> Iterator[Slot]:
        """Yield a slot whose alternatives affirm that one of the things is absent."""
        tokens = parse.tokens
        if not tokens or not absent:
            return
        last = len(tokens) - 1
        while last and tokens[last].pos in {"PUNCT", "SPACE"}:
            last -= 1
        end = tokens[last].end
        said = {token.text.lower() for token in tokens}
        alternatives = tuple(
            Edit((Replacement(end, end, f", and there is no {name}"),))
            for name in absent
            if said.isdisjoint(name.split())
        )
        if alternatives:
            yield Slot("absence", "rewrite", "existence", alternatives, reversible=False)
