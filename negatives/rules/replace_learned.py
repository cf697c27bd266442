"""Replace a noun by one that the captions of the corpus show to be its rival.

Beyond the hand-written classes: two nouns are rivals if captions of one image hardly ever use both,
and if both keep the same company (negatives/exclusion/rivals.py). The noun has to stand as
`replace_object` asks, for this is that rule with rivals in place of a class. What the corpus has
not seen in the very place is not drawn (`Slot.strict`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeGuard

from negatives.exclusion.rivals import RivalsOutside
from negatives.parse import Parse
from negatives.rules.replace_object import ReplaceObject
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon

_NOUN = "NOUN"


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


@dataclass(frozen=True, slots=True, eq=False)
class RivalLexicon:
    """A lexicon in which the class of a noun are its rivals, and itself.

    Such a class has no name, so that what a rule says of a named class says nothing here: the noun
    in whose place a rival comes may be of another one.
    """

    words: Lexicon
    rivals: RivalsOutside

    def word_class(self, lemma: str, pos: str) -> tuple[str, ...]:
        """Return a noun's rivals and itself; the noun alone if it only has a class."""
        if pos != _NOUN:
            return self.words.word_class(lemma, pos)
        lower = lemma.lower()
        found = self.rivals.of(lower)
        if found:
            return tuple(sorted((*found, lower)))
        return (lower,) if self.words.word_class(lower, pos) else ()

    def class_name(self, lemma: str, pos: str) -> str:
        """As `Lexicon.class_name`; no name for a noun's."""
        return "" if pos == _NOUN else self.words.class_name(lemma, pos)

    def lemma(self, form: str, tag: str) -> str:
        """As `Lexicon.lemma`."""
        return self.words.lemma(form, tag)

    def inflect(self, lemma: str, tag: str) -> str | None:
        """As `Lexicon.inflect`."""
        return self.words.inflect(lemma, tag)

    def knows(self, lemma: str, pos: str) -> bool:
        """As `Lexicon.knows`."""
        return self.words.knows(lemma, pos)

    def compatible(self, left: str, right: str, pos: str) -> bool:
        """As `Lexicon.compatible`."""
        return self.words.compatible(left, right, pos)

    def antonyms(self, lemma: str, pos: str) -> tuple[str, ...]:
        """As `Lexicon.antonyms`."""
        return self.words.antonyms(lemma, pos)

    def vowel_sound(self, word: str) -> bool:
        """As `Lexicon.vowel_sound`."""
        return self.words.vowel_sound(word)

    def neighbours(self, form: str, pos: str) -> tuple[tuple[str, int], ...]:
        """As `Lexicon.neighbours`."""
        return self.words.neighbours(form, pos)

    def english_share(self, words: Sequence[str]) -> float:
        """As `Lexicon.english_share`."""
        return self.words.english_share(words)
