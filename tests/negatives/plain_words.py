"""A lexicon of a few words that a test names; sounds go by letters and a few exceptions."""

from collections.abc import Sequence
from dataclasses import dataclass

from negatives.words.sounds import vowel_sound

_EXCEPTIONS = {"hour": True, "honest": True, "uniform": False, "one": False, "unicycle": False}


@dataclass(frozen=True, kw_only=True)
class PlainWords:
    """Knows `nouns`, `things` and `verbs`; `adjectives` are pairs of word and class name."""

    nouns: frozenset[str] = frozenset()
    things: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    adjectives: tuple[tuple[str, str], ...] = ()

    def lemma(self, form: str, tag: str) -> str:
        word = form.lower()
        return word.removesuffix("s") if tag == "NNS" else word

    def inflect(self, lemma: str, tag: str) -> str | None:
        return lemma + "s" if tag == "NNS" else lemma

    def knows(self, lemma: str, pos: str) -> bool:
        return pos == "NOUN" and lemma.lower() in self.nouns | self.things

    def word_class(self, lemma: str, pos: str) -> tuple[str, ...]:
        return (lemma,) if self.class_name(lemma, pos) else ()

    def class_name(self, lemma: str, pos: str) -> str:
        if pos == "NOUN" and lemma.lower() in self.things:
            return "thing"
        if pos == "VERB" and lemma.lower() in self.verbs:
            return "act"
        return dict(self.adjectives).get(lemma.lower(), "") if pos == "ADJ" else ""

    def compatible(self, left: str, right: str, pos: str) -> bool:
        return bool(pos) and left == right

    def antonyms(self, lemma: str, pos: str) -> tuple[str, ...]:
        return (lemma, pos)[:0]

    def vowel_sound(self, word: str) -> bool:
        return vowel_sound(word, _EXCEPTIONS, frozenset())

    def neighbours(self, form: str, pos: str) -> tuple[tuple[str, int], ...]:
        return ((form, len(pos)),)[:0]

    def english_share(self, words: Sequence[str]) -> float:
        return float(len(words) > 0)
