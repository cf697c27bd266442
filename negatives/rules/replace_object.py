"""Replace a noun by another of its class (SugarCrepe's "replace object").

A compound is replaced as a whole or not at all. A material or a colour as modifier ("metal fence")
does not form a compound. Members that would form a compound with the word before ("hot" + "dog"),
that the caption already mentions, or that are uncountable where the noun is not ("a bacon") are not
offered, and a noun in such a position is left alone, so that the same holds for every member. A
noun with a gender changes together with its pronouns ("a man on his bike"), or not at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from data.edits import text_at
from negatives.grammar.pronouns import (
    is_gendered,
    pronouns_of_the_other_gender,
    slot_with_pronouns,
)
from negatives.grammar.substitutes import (
    Member,
    SlotSpan,
    WordClass,
    member,
    members_among,
    of_another_number,
    slot_without,
    unfit_for_singular,
)
from negatives.parse import Parse, Token
from negatives.slots import Slot
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

_NOUNS = frozenset(("NN", "NNS"))
_MODIFIERS = frozenset(("compound", "amod", "nmod", "npadvmod", "nummod", "quantmod", "advmod"))
_JOINS = frozenset(("NN", "NNS", "NNP", "NNPS", "JJ", "VBG", "VBN"))
_GLUE = frozenset(("-", "/", "'"))
_CASES = frozenset(("'s", "'", "\u2019s", "\u2019"))
_MAX_WORDS = 3
_AGES = frozenset(("age", "age, familiar"))
_COLOUR_NOUNS = "colour as a noun"
_QUALITIES = frozenset(("colour", "rarer colour", "metallic colour", "material", "fabric"))


class _Noun(NamedTuple):
    """A noun that has a class, from token `first` (of its compound) to token `last`."""

    first: int
    last: int
    found: Member


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplaceObject:
    """ "a dog on the sofa" -> "a cat on the sofa".

    One slot per common noun that heads its phrase, or compound, with a class.
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
        has_gender = bool(nouns) and _has_gender(parse)
        for noun in nouns:
            first, last, found = noun
            if len(found.words.forms) < 2 or _is_fixed(parse.tokens, first, last, found.words.name):
                continue
            mentioned = _members_mentioned(found.words, nouns, noun) if len(nouns) > 1 else set()
            start, end = parse.tokens[first].start, parse.tokens[last].end
            span = SlotSpan(start, end, "replace_object", "obj")
            turns = has_gender and is_gendered(found)
            shut = self._misfits(parse.tokens, noun, has_gender=has_gender and not turns)
            if turns:
                pronouns = pronouns_of_the_other_gender(parse.tokens, last, self.lexicon)
                slot = slot_with_pronouns(span, found, shut, pronouns)
            else:
                slot = slot_without(span, found, shut.union(mentioned))
            if slot is not None:
                yield slot

    def _misfits(
        self, tokens: tuple[Token, ...], noun: _Noun, *, has_gender: bool
    ) -> frozenset[int]:
        """Return the members of the noun's class that do not fit the words around it."""
        first, last, found = noun
        before = tokens[first - 1] if first else None
        joined = before.text.lower() if before is not None and before.tag in _JOINS else ""
        determiner = _determiner(tokens, first, last) if tokens[last].tag == "NN" else None
        return _misfits(self.lexicon, found, joined, determiner, has_gender)

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
        if (
            found is None
            or _is_bare(tokens, first, last)
            or self._is_half(tokens, first, last)
            or self._is_first_half(tokens, last)
        ):
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

    def _is_first_half(self, tokens: tuple[Token, ...], last: int) -> bool:
        """Tell whether the next word forms a compound with the noun, judging by its tag.

        A plural or a gerund may be a mistagged verb ("a dog runs"); a singular before a plural verb
        is half of a compound ("a bathroom sink").
        """
        if last + 1 >= len(tokens):
            return False
        after = tokens[last + 1]
        if after.tag == "VBP":
            return tokens[last].tag == "NN"
        word = after.text.lower()
        if after.tag == "NNS":
            return not self.lexicon.knows(self.lexicon.lemma(word, "NNS"), "VERB")
        return after.tag == "NN" and not word.endswith("ing")


def _is_fixed(tokens: tuple[Token, ...], first: int, last: int, name: str) -> bool:
    """Tell whether a class is limited to such places.

    Colours in the plural ("whites"), and ages after "little".
    """
    if name == _COLOUR_NOUNS:
        return tokens[last].tag == "NNS"
    if name not in _AGES:
        return False
    childlike = word_sets("replace")["childlike"]
    return any(
        token.head == last and token.text.lower() in childlike
        for token in tokens[max(0, first - _MAX_WORDS) : first]
    )


def _determiner(tokens: tuple[Token, ...], first: int, last: int) -> str:
    """Return the lower-case article or other determiner of a noun, "" if it has none."""
    for index in range(first - 1, -1, -1):
        token = tokens[index]
        if token.dep in {"det", "poss", "nummod", "case"}:
            return token.text.lower()
        if not index < token.head <= last:
            break
    return ""


def _is_glued(tokens: tuple[Token, ...], index: int) -> bool:
    """Tell whether the word is part of a hyphenated one."""
    token = tokens[index]
    before = tokens[index - 1] if index else token
    after = tokens[index + 1] if index + 1 < len(tokens) else token
    return (before.text in _GLUE and before.end == token.start) or (
        after.text in _GLUE and after.start == token.end
    )


def _loses_case(tokens: tuple[Token, ...], index: int) -> bool:
    """Tell whether the noun has a plural possessive: "dogs'", but "men's"."""
    return (
        tokens[index].tag == "NNS"
        and index + 1 < len(tokens)
        and (tokens[index + 1].tag == "POS" or tokens[index + 1].text in _CASES)
    )


def _is_bare(tokens: tuple[Token, ...], first: int, last: int) -> bool:
    """Tell whether a singular directly follows a preposition: "on foot", "at night"."""
    if first == 0 or tokens[last].tag != "NN":
        return False
    before = tokens[first - 1]
    return before.tag == "IN" and before.text.lower() not in {"of", "with"}


def _has_gender(parse: Parse) -> bool:
    """Tell whether a pronoun ("his") would not fit a noun of another gender."""
    pronouns = word_sets("replace")["gendered pronouns"]
    return any(token.text.lower() in pronouns for token in parse.tokens)


@lru_cache(maxsize=1 << 15)
def _misfits(
    lexicon: Lexicon,
    found: Member,
    joined: str,
    determiner: str | None,
    has_gender: bool,  # noqa: FBT001 - a cache key
) -> frozenset[int]:
    """Return the members that do not fit the word before, the determiner or a pronoun.

    `joined`: the word before, if it may form a compound; `determiner`: None for a plural.
    """
    sets = word_sets("replace")
    shut = members_among(found.words, sets["light nouns"])
    if has_gender:
        shut |= members_among(found.words, sets["gendered nouns"])
    if joined:
        shut |= _compounds(lexicon, joined, found.words)
    shut |= (
        of_another_number(found) if determiner is None else unfit_for_singular(found, determiner)
    )
    return frozenset(shut)


def _members_mentioned(words: WordClass, nouns: list[_Noun], noun: _Noun) -> set[int]:
    """Return the members of a class that other nouns of the caption name, singular or plural."""
    return {
        words.index[lemma]
        for other in nouns
        if other is not noun and (lemma := other.found.words.lemmas[other.found.own]) in words.index
    }


def _compounds(lexicon: Lexicon, before: str, words: WordClass) -> set[int]:
    """Return the members that form one word with the word before them."""
    fixed = word_sets("replace")["compounds"]
    return {
        index
        for index, lemma in enumerate(words.lemmas)
        if f"{before}_{lemma}" in fixed or lexicon.word_class(f"{before} {lemma}", "NOUN")
    }
