"""Replace a noun by a rival learned from the corpus.

Beyond the hand-written classes: two nouns are rivals if captions of one image hardly ever use both
and they occur in similar contexts (negatives/exclusion/rivals.py). The places are those of
`replace_object`, with rivals instead of a class. Alternatives that the corpus has not seen in the
same place are not drawn (`Slot.needs_full_coverage`).
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
    """A rule whose alternatives are learned from a corpus; a dataclass like every rule."""

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield nothing: there are no alternatives without a corpus."""

    def slots_among(self, parse: Parse, rivals: RivalsOutside) -> Iterator[Slot]:
        """Yield the places with alternatives learned from the images of other folds."""


def learns(rule: object) -> TypeGuard[LearningRule]:
    """Tell whether the alternatives of a rule, or of its class, are learned from a corpus."""
    return hasattr(rule, "slots_among")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplaceLearned:
    """ "a man riding a bike" -> "a man riding a horse".

    One slot per noun that has rivals; none without a corpus model.
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:  # noqa: ARG002 - as every rule
        """Yield nothing: no rivals are known without a corpus."""
        yield from ()

    def slots_among(self, parse: Parse, rivals: RivalsOutside) -> Iterator[Slot]:
        """Yield a slot for each noun that has rivals."""
        for slot in _rule(self.lexicon, rivals)(parse):
            yield slot._replace(rule="replace_learned", needs_full_coverage=True)


@lru_cache(maxsize=64)
def _rule(lexicon: Lexicon, rivals: RivalsOutside) -> ReplaceObject:
    return ReplaceObject(lexicon=RivalLexicon(lexicon, rivals))
