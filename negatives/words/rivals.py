"""A lexicon with learned rivals instead of hand-written classes of nouns. Pure.

`negatives/exclusion/rivals.py` finds them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from negatives.words.lexicon import Lexicon

_NOUN = "NOUN"
_NO_RIVALS: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RivalsOutside:
    """The rivals of each lemma, from all images but a fold's; compared by identity, for caches."""

    by_lemma: Mapping[str, tuple[str, ...]]

    def of(self, lemma: str) -> tuple[str, ...]:
        """Return the rivals of a lemma, sorted."""
        return self.by_lemma.get(lemma, _NO_RIVALS)


@dataclass(frozen=True, slots=True, eq=False)
class RivalLexicon:
    """A lexicon in which a noun's class consists of its rivals and the noun itself.

    Such a class has no name, so rules' exceptions for named classes do not apply: a rival may
    belong to another class.
    """

    words: Lexicon
    rivals: RivalsOutside

    def word_class(self, lemma: str, pos: str) -> tuple[str, ...]:
        """Return a noun's rivals and itself; only the noun if it has no rivals."""
        if pos != _NOUN:
            return self.words.word_class(lemma, pos)
        lower = lemma.lower()
        found = self.rivals.of(lower)
        if found:
            return tuple(sorted((*found, lower)))
        return (lower,) if self.words.word_class(lower, pos) else ()

    def class_name(self, lemma: str, pos: str) -> str:
        """See `Lexicon.class_name`; no name for a noun's."""
        return "" if pos == _NOUN else self.words.class_name(lemma, pos)

    def lemma(self, form: str, tag: str) -> str:
        """See `Lexicon.lemma`."""
        return self.words.lemma(form, tag)

    def inflect(self, lemma: str, tag: str) -> str | None:
        """See `Lexicon.inflect`."""
        return self.words.inflect(lemma, tag)

    def knows(self, lemma: str, pos: str) -> bool:
        """See `Lexicon.knows`."""
        return self.words.knows(lemma, pos)

    def compatible(self, left: str, right: str, pos: str) -> bool:
        """See `Lexicon.compatible`."""
        return self.words.compatible(left, right, pos)

    def antonyms(self, lemma: str, pos: str) -> tuple[str, ...]:
        """See `Lexicon.antonyms`."""
        return self.words.antonyms(lemma, pos)

    def vowel_sound(self, word: str) -> bool:
        """See `Lexicon.vowel_sound`."""
        return self.words.vowel_sound(word)

    def neighbours(self, form: str, pos: str) -> tuple[tuple[str, int], ...]:
        """See `Lexicon.neighbours`."""
        return self.words.neighbours(form, pos)

    def english_share(self, words: Sequence[str]) -> float:
        """See `Lexicon.english_share`."""
        return self.words.english_share(words)
