"""Replace a noun by another of its class (SugarCrepe's "replace object").

A compound is replaced as a whole or not at all. A modifier that is a material or a colour
("metal fence") makes no compound. Members that would make a compound with the word before
("hot" + "dog") or that the caption already mentions are not offered, and a noun that is itself in
that position is left: both hold for every member alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from data.edits import text_at
from negatives.lexicon import Lexicon
from negatives.parse import Parse, Token
from negatives.slots import Slot
from negatives.substitutes import Member, Place, WordClass, member, slot_without
from negatives.word_sets import word_sets

_NOUNS = frozenset(("NN", "NNS"))
_MODIFIERS = frozenset(("compound", "amod", "nmod", "npadvmod", "nummod", "quantmod", "advmod"))
_JOINS = frozenset(("NN", "NNS", "NNP", "NNPS", "JJ", "VBG", "VBN"))
_GLUE = frozenset(("-", "/", "'"))
_CASES = frozenset(("'s", "'", "\u2019s", "\u2019"))
_MAX_WORDS = 3
_QUALITIES = frozenset(("colour", "rarer colour", "metallic colour", "material", "fabric"))


class _Noun(NamedTuple):
    """A noun that has a class, from token `first` (of its compound) to token `last`."""

    first: int
    last: int
    found: Member


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplaceObject:
    """ "a dog on the sofa" -> "a cat on the sofa".

    One slot a common noun that heads its phrase, or compound of a class.
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each noun."""
        nouns = [
            noun
            for index, token in enumerate(parse.tokens)
            if token.tag in _NOUNS
            and token.dep not in _MODIFIERS
            and (noun := self._noun(parse, index)) is not None
        ]
        for noun in nouns:
            words = noun.found.words
            shut = _mentioned(words, nouns, noun) | _listed(words, "light nouns")
            gendered = _listed(words, "gendered nouns")
            if gendered and _has_gender(parse):
                shut |= gendered
            before = parse.tokens[noun.first - 1] if noun.first else None
            if before is not None and before.tag in _JOINS:
                shut |= _compounds(self.lexicon, before.text.lower(), words)
            start, end = parse.tokens[noun.first].start, parse.tokens[noun.last].end
            slot = slot_without(Place(start, end, "replace_object", "obj"), noun.found, shut)
            if slot is not None:
                yield slot

    def _noun(self, parse: Parse, last: int) -> _Noun | None:
        """Return the noun that ends here if it, or its compound, has a class."""
        tokens = parse.tokens
        token = tokens[last]
        if token.pos != "NOUN" or _is_glued(tokens, last) or _loses_case(tokens, last):
            return None
        first, found = last, None
        for index in range(max(0, last + 1 - _MAX_WORDS), last):
            if tokens[index].tag in _JOINS:
                phrase = text_at(parse.text, tokens[index].start, token.end).lower()
                found = member(self.lexicon, phrase, "NOUN", token.tag)
                if found is not None:
                    first = index
                    break
        if found is None:
            found = member(self.lexicon, token.text.lower(), "NOUN", token.tag)
        if found is None or _is_bare(tokens, first, last) or self._is_half(tokens, first, last):
            return None
        return _Noun(first, last, found)

    def _is_half(self, tokens: tuple[Token, ...], first: int, last: int) -> bool:
        """Tell whether the noun is only the head of a compound that has no class."""
        if first == 0:
            return False
        before = tokens[first - 1]
        if before.dep not in {"compound", "nmod"} or not first <= before.head <= last:
            return False
        return self.lexicon.class_name(before.text.lower(), "ADJ") not in _QUALITIES


def _is_glued(tokens: tuple[Token, ...], index: int) -> bool:
    """Tell whether the word is a part of a hyphenated one."""
    token = tokens[index]
    before = tokens[index - 1] if index else token
    after = tokens[index + 1] if index + 1 < len(tokens) else token
    return (before.text in _GLUE and before.end == token.start) or (
        after.text in _GLUE and after.start == token.end
    )


def _loses_case(tokens: tuple[Token, ...], index: int) -> bool:
    """Tell whether the noun owns something in the plural: "dogs'", but "men's"."""
    return (
        tokens[index].tag == "NNS"
        and index + 1 < len(tokens)
        and (tokens[index + 1].tag == "POS" or tokens[index + 1].text in _CASES)
    )


def _is_bare(tokens: tuple[Token, ...], first: int, last: int) -> bool:
    """Tell whether a singular follows a preposition with nothing between: "on foot", "at night"."""
    if first == 0 or tokens[last].tag != "NN":
        return False
    before = tokens[first - 1]
    return before.tag == "IN" and before.text.lower() not in {"of", "with"}


def _has_gender(parse: Parse) -> bool:
    """Tell whether a pronoun ("his") could be left behind by a noun of another gender."""
    pronouns = word_sets("replace")["gendered pronouns"]
    return any(token.text.lower() in pronouns for token in parse.tokens)


@lru_cache(maxsize=1 << 12)
def _listed(words: WordClass, name: str) -> frozenset[int]:
    """Return the members of a class that are in a set of tables/replace.txt."""
    listed = word_sets("replace")[name]
    return frozenset(index for lemma, index in words.index.items() if lemma in listed)


def _mentioned(words: WordClass, nouns: list[_Noun], noun: _Noun) -> set[int]:
    """Return the members of a class that other nouns of the caption name, in either number."""
    return {
        words.index[lemma]
        for other in nouns
        if other is not noun and (lemma := other.found.words.lemmas[other.found.own]) in words.index
    }


@lru_cache(maxsize=1 << 14)
def _compounds(lexicon: Lexicon, before: str, words: WordClass) -> frozenset[int]:
    """Return the members that make one word with the word before them."""
    fixed = word_sets("replace")["compounds"]
    return frozenset(
        index
        for index, lemma in enumerate(words.lemmas)
        if f"{before}_{lemma}" in fixed or lexicon.word_class(f"{before} {lemma}", "NOUN")
    )
