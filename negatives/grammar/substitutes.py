"""Substitutes: inflected classes of words, cached and shared by the replace rules.

A class is filtered for a place only by what the replacement leaves unchanged (the tag, the words
around it): then every remaining member has the same class there, and a draw can be undone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from negatives.slots import Slot, Substitutes
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

_ARTICLES = frozenset(("a", "an", "one", "another", "each", "every"))


@dataclass(frozen=True, slots=True, eq=False)
class WordClass:
    """The members of a class that have a form for one tag: `forms[i]` belongs to `lemmas[i]`.

    `index` finds a member by lemma. There is one object per class and tag, compared by identity, so
    that it can be a cache key.
    """

    name: str
    lemmas: tuple[str, ...]
    forms: tuple[str, ...]
    index: Mapping[str, int]


class Member(NamedTuple):
    """A word as a member of its class, at index `own`."""

    words: WordClass
    own: int


class SlotSpan(NamedTuple):
    """A slot's place: the characters from `start` to `end`, and the rule's name for it."""

    start: int
    end: int
    rule: str
    subtype: str


@lru_cache(maxsize=1 << 16)
def member(lexicon: Lexicon, form: str, pos: str, tag: str) -> Member | None:
    """Return the class of a lower-case form with this tag; None if it would not lead back."""
    lemma = lexicon.lemma(form, tag)
    lemmas = lexicon.word_class(lemma, pos)
    if not lemmas:
        return None
    words = _inflect(lexicon, lemmas, pos, tag)
    own = words.index.get(lemma)
    return None if own is None or words.forms[own] != form else Member(words, own)


@cache
def _inflect(lexicon: Lexicon, lemmas: tuple[str, ...], pos: str, tag: str) -> WordClass:
    """Return the members with a form for the tag that no other member shares."""
    forms = [lexicon.inflect(lemma, tag) for lemma in lemmas]
    pairs = [
        (lemma, form)
        for lemma, form in zip(lemmas, forms, strict=True)
        if form is not None and forms.count(form) == 1
    ]
    return WordClass(
        name=lexicon.class_name(lemmas[0], pos),
        lemmas=tuple(lemma for lemma, _ in pairs),
        forms=tuple(form for _, form in pairs),
        index={lemma: index for index, (lemma, _) in enumerate(pairs)},
    )


def slot_without(span: SlotSpan, found: Member, shut: frozenset[int] | set[int]) -> Slot | None:
    """Return the slot of a word with its class, without the members in `shut`.

    None if the word itself is in `shut`, or no other member is left.
    """
    texts = () if found.own in shut else _others(found, frozenset(shut))
    start, end, rule, subtype = span
    return Slot(rule, "replace", subtype, Substitutes(start, end, texts)) if texts else None


@lru_cache(maxsize=1 << 14)
def _others(found: Member, shut: frozenset[int]) -> tuple[str, ...]:
    """Return the forms of a class without the member's own and those in `shut`."""
    forms = found.words.forms
    return tuple(
        form for index, form in enumerate(forms) if index != found.own and index not in shut
    )


def members_among(words: WordClass, lemmas: frozenset[str]) -> set[int]:
    """Return the members of a class that are among lemmas in which a space is written "_"."""
    return {index for lemma, index in words.index.items() if lemma.replace(" ", "_") in lemmas}


def of_another_number(found: Member) -> set[int]:
    """Return the plurals that denote one thing if the noun denotes several, or the reverse.

    "Jeans" have no singular: the plural is the lemma.
    """
    words, own = found
    single = {index for lemma, index in words.index.items() if lemma == words.forms[index]}
    return set(words.index.values()) - single if own in single else single


def unfit_for_singular(found: Member, determiner: str) -> set[int]:
    """Return the members of a class that do not fit a singular noun in this place.

    After "a", uncountable nouns; without an article, those whose countability differs from the
    noun's; and without "a", nouns that may mean something else ("the glass": a pane).
    """
    words, own = found
    sets = word_sets("replace")
    mass = members_among(words, sets["mass"])
    if determiner in _ARTICLES:
        return mass
    odd = members_among(words, sets["not after the"])
    if determiner:
        return odd
    return odd | (set(words.index.values()) - mass if own in mass else mass)
