"""Replace a noun by one that the captions of the corpus show to be its rival.

Beyond the hand-written classes: two nouns are rivals if captions of one image hardly ever use both,
and if both keep the same company (negatives/exclusion/rivals.py). The noun has to stand as
`replace_object` asks, for this is that rule with rivals in place of a class. What the corpus has
not seen in the very place is not drawn (`Slot.strict`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeGuard

from negatives.parse import Parse
from negatives.rules.replace_object import ReplaceObject
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon
from negatives.words.rivals import RivalLexicon, RivalsOutside


class LearningRule(Protocol):
    """A rule whose alternatives a corpus gives; a dataclass as every rule is."""

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield nothing: without a corpus there are no alternatives."""

    def slots_among(self, parse: Parse, rivals: RivalsOutside) -> Iterator[Slot]:
        """Yield the places with the alternatives that the images of other folds give."""


def learns(rule: object) -> TypeGuard[LearningRule]:
    """Tell whether the alternatives of a rule, or of its class, come from a corpus."""
    return hasattr(rule, "slots_among")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplaceLearned:
    """ "a man riding a bike" -> "a man riding a horse".

    One slot a noun that has rivals; none without a corpus model.
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:  # noqa: ARG002 - as every rule
        """Yield nothing: without a corpus no rivals are known."""
        yield from ()

    def slots_among(self, parse: Parse, rivals: RivalsOutside) -> Iterator[Slot]:
        """Yield a slot for each noun that has rivals."""
        for slot in _rule(self.lexicon, rivals)(parse):
            yield slot._replace(rule="replace_learned", strict=True)


@lru_cache(maxsize=64)
def _rule(lexicon: Lexicon, rivals: RivalsOutside) -> ReplaceObject:
    return ReplaceObject(lexicon=RivalLexicon(lexicon, rivals))
