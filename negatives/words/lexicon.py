"""The lexicon for rules; `load` reads the tables shipped with the package.

A lemma is lower-case; several words are joined by a space ("fire hydrant"). `pos` is one of NOUN,
VERB, ADJ, ADV. `tag` is a Penn Treebank tag: NN NNS VB VBP VBZ VBD VBG VBN JJ JJR JJS RB RBR RBS.
Every method uses frozen tables, takes microseconds and never raises on an unknown word.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

from negatives.words.classes import NO_CLASS, Class, read_classes, with_fallback
from negatives.words.morphology import KIND_OF_BASE, Forms, read_forms
from negatives.words.senses import Recall, Senses, read_senses, recall_of
from negatives.words.sounds import VOWEL_LETTERS, read_articles, vowel_sound

TABLES = Path(__file__).parent.parent / "tables"


class Lexicon(Protocol):
    """Facts about English words."""

    def __hash__(self) -> int:
        """Return a constant number: caches of rules are keyed by lexicons."""

    def lemma(self, form: str, tag: str) -> str:
        """Return the dictionary form of an inflected form ("geese", NNS -> "goose")."""

    def inflect(self, lemma: str, tag: str) -> str | None:
        """Return the form of a lemma for a tag ("goose", NNS -> "geese").

        None if there is none, or if the form would not lead back to this lemma and tag.
        """

    def knows(self, lemma: str, pos: str) -> bool:
        """Tell whether the lemma is in the tables with this part of speech."""

    def word_class(self, lemma: str, pos: str) -> tuple[str, ...]:
        """Return the sorted class of interchangeable lemmas that this lemma belongs to.

        Classes are a partition: every member returns the same tuple, which includes it. Members
        exclude each other as descriptions of one thing, and are common words. Empty if the lemma
        belongs to no class.
        """

    def class_name(self, lemma: str, pos: str) -> str:
        """Return the name of the lemma's class, for example "animal" or "colour"; "" for none."""

    def compatible(self, left: str, right: str, pos: str) -> bool:
        """Tell whether both lemmas may be true of one thing; symmetric.

        True for synonyms, shared synsets, similar and see-also adjectives, and one being a hypernym
        of the other, in any of their first senses. Overlaps missing from WordNet (roles: man/skier)
        are left to the guards.
        """

    def antonyms(self, lemma: str, pos: str) -> tuple[str, ...]:
        """Return WordNet's antonyms of the lemma, sorted."""

    def vowel_sound(self, word: str) -> bool:
        """Tell whether a word starts with a vowel sound, so that it takes "an"."""

    def neighbours(self, form: str, pos: str) -> tuple[tuple[str, int], ...]:
        """Return FSC-CLIP's WordNet replacements of a word form, each with its weight.

        Antonyms and (through grandparents) co-hyponyms of every synset of the form, without the
        lemmas of its own synsets; the weight sums max(count of the lemma in SemCor, 1).
        """

    def english_share(self, words: Sequence[str]) -> float:
        """Return the share of words (0 to 1) that are English, including function words."""


@dataclass(frozen=True, slots=True, eq=False)
class FrozenLexicon:
    """The lexicon of the shipped tables; read-only, safe in threads and processes.

    `classes[pos][lemma]` is the name and the members of its class.
    """

    forms: Forms
    senses: Senses
    recall: Recall
    classes: Mapping[str, Mapping[str, Class]]
    articles: Mapping[str, bool]
    english: frozenset[str]

    def lemma(self, form: str, tag: str) -> str:
        """See `Lexicon.lemma`."""
        return self.forms.lemma(form, tag)

    def inflect(self, lemma: str, tag: str) -> str | None:
        """See `Lexicon.inflect`."""
        return self.forms.inflect(lemma, tag)

    def knows(self, lemma: str, pos: str) -> bool:
        """See `Lexicon.knows`."""
        return lemma.lower() in self.senses.entries.get(pos, ())

    def word_class(self, lemma: str, pos: str) -> tuple[str, ...]:
        """See `Lexicon.word_class`."""
        return self.classes.get(pos, {}).get(lemma.lower(), NO_CLASS)[1]

    def class_name(self, lemma: str, pos: str) -> str:
        """See `Lexicon.class_name`."""
        return self.classes.get(pos, {}).get(lemma.lower(), NO_CLASS)[0]

    def compatible(self, left: str, right: str, pos: str) -> bool:
        """See `Lexicon.compatible`."""
        if left.lower() == right.lower():
            return True
        if pos not in self.senses.entries:
            return False
        return self.recall.meaning(left, pos).overlaps(self.recall.meaning(right, pos))

    def antonyms(self, lemma: str, pos: str) -> tuple[str, ...]:
        """See `Lexicon.antonyms`."""
        return self.senses.antonyms(lemma, pos)

    def vowel_sound(self, word: str) -> bool:
        """See `Lexicon.vowel_sound`."""
        return vowel_sound(word, self.articles, self.english)

    def neighbours(self, form: str, pos: str) -> tuple[tuple[str, int], ...]:
        """See `Lexicon.neighbours`."""
        return self.recall.neighbours(form, pos)

    def english_share(self, words: Sequence[str]) -> float:
        """See `Lexicon.english_share`."""
        return english_share(words, self.english)

    def lemmas(self) -> Mapping[str, frozenset[str]]:
        """Return the tables' lemmas by part of speech."""
        return {
            pos: frozenset(self.senses.entries[pos]).union(self.classes.get(pos, ()))
            for pos in self.senses.entries
        }


def english_share(words: Sequence[str], english: frozenset[str]) -> float:
    """Return the share of words with letters that are in `english`; 0 if there are none."""
    total = found = 0
    for word in words:
        lower = word.lower()
        if lower in english:
            total += 1
            found += 1
        elif any(c.isalpha() for c in lower):
            total += 1
            found += all(part in english for part in lower.split("-"))
    return found / total if total else 0.0


@cache
def load() -> FrozenLexicon:
    """Return the lexicon of the shipped tables; read once per process, in about 0.1 s."""
    forms = read_forms(_table("forms.txt"))
    senses = read_senses(TABLES.joinpath("wordnet.zip").read_bytes())
    classes = {
        "NOUN": with_fallback(
            read_classes(_table("classes/nouns.txt")), read_classes(_table("things.txt"))
        ),
        "ADJ": read_classes(_table("classes/adjectives.txt")),
        "VERB": read_classes(_table("classes/verbs.txt")),
    }
    return FrozenLexicon(
        forms,
        senses,
        recall_of(senses),
        classes,
        read_articles(_table("articles.txt")),
        forms.words.union(
            _table("function_words.txt").split(),
            *(lemma.split() for found in classes.values() for lemma in found),
        ),
    )


def _table(name: str) -> str:
    return TABLES.joinpath(name).read_text("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """A lexicon of a few words for tests, given as plain dictionaries.

    `forms`: (lemma, tag) -> form; a base form need not be listed. `classes`: (pos, name) -> lemmas.
    `same`: pairs of compatible lemmas. `an`: words that take "an" despite their spelling, `a`:
    words that do not. Unlisted words are unknown, and not English.
    """

    forms: Mapping[tuple[str, str], str] = field(default_factory=dict)
    classes: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    same: Collection[tuple[str, str]] = ()
    opposites: Mapping[str, Sequence[str]] = field(default_factory=dict)
    replacements: Mapping[tuple[str, str], Sequence[tuple[str, int]]] = field(default_factory=dict)
    an: Collection[str] = ()
    a: Collection[str] = ()
    english: Collection[str] = ()

    def lemma(self, form: str, tag: str) -> str:
        """See `Lexicon.lemma`."""
        form = form.lower()
        found = (
            lemma for (lemma, other), made in self.forms.items() if (made, other) == (form, tag)
        )
        return next(found, form)

    def inflect(self, lemma: str, tag: str) -> str | None:
        """See `Lexicon.inflect`: a listed form, or the lemma itself for a base tag."""
        return self.forms.get((lemma, tag), lemma if tag in KIND_OF_BASE else None)

    def knows(self, lemma: str, pos: str) -> bool:
        """See `Lexicon.knows`: the lemma is in a class of this part of speech."""
        return bool(self.word_class(lemma, pos))

    def word_class(self, lemma: str, pos: str) -> tuple[str, ...]:
        """See `Lexicon.word_class`."""
        name = self.class_name(lemma, pos)
        return tuple(sorted(self.classes[pos, name])) if name else ()

    def class_name(self, lemma: str, pos: str) -> str:
        """See `Lexicon.class_name`."""
        found = (
            name
            for (other, name), members in self.classes.items()
            if other == pos and lemma.lower() in members
        )
        return next(found, "")

    def compatible(self, left: str, right: str, pos: str) -> bool:  # noqa: ARG002 - the protocol's
        """See `Lexicon.compatible`: equal, or a pair in `same`."""
        return left == right or (left, right) in self.same or (right, left) in self.same

    def antonyms(self, lemma: str, pos: str) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """See `Lexicon.antonyms`."""
        return tuple(sorted(self.opposites.get(lemma, ())))

    def vowel_sound(self, word: str) -> bool:
        """See `Lexicon.vowel_sound`: by spelling, except for `an` and `a`."""
        word = word.lower()
        return word in self.an or (word not in self.a and word[:1] in VOWEL_LETTERS)

    def neighbours(self, form: str, pos: str) -> tuple[tuple[str, int], ...]:
        """See `Lexicon.neighbours`."""
        return tuple(sorted(self.replacements.get((form.lower(), pos), ())))

    def english_share(self, words: Sequence[str]) -> float:
        """See `Lexicon.english_share`: words in `english`, in a class or among the forms."""
        known = {
            *self.english,
            *self.forms.values(),
            *(w for m in self.classes.values() for w in m),
        }
        return english_share(words, frozenset(known))
