"""Replace an adjective by another of its class (SugarCrepe's "replace attribute").

Attributive and predicative adjectives, participles before a noun, and nouns before a noun that name
its colour or material. Adjectives that form a compound with the next noun ("hot dog"), or would,
are left out; so are the other words of the coordination ("white and brown" never becomes "brown and
brown"). Adjectives with a fixed sense in context ("full of bananas", "pale blue", "fallen asleep")
are left alone, for every member of their class.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from negatives.grammar.substitutes import Member, SlotSpan, WordClass, member, slot_without
from negatives.parse import Parse, Token
from negatives.slots import Slot
from negatives.words.kinds import kind_of
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

_COLOURS = frozenset(("colour", "rarer colour", "metallic colour"))
_QUALITIES = _COLOURS | {"material", "fabric"}
_ADJECTIVE_DEPS = frozenset(("amod", "acomp", "conj", "oprd", "compound", "nmod", "ROOT", "attr"))
_DEPS = {
    "JJ": _ADJECTIVE_DEPS,
    "JJR": _ADJECTIVE_DEPS,
    "JJS": _ADJECTIVE_DEPS,
    "VBN": frozenset(("amod",)),
    "VBG": frozenset(("amod",)),
    "NN": frozenset(("amod", "compound", "nmod")),
}
_COMPARED = frozenset(("JJR", "JJS"))
_NOUNS = frozenset(("NN", "NNS"))
_JOINERS = frozenset((",", "and", "or", "&", "/"))
_GLUE = frozenset(("-", "/", "'"))
_DETERMINERS = frozenset(("DT", "PRP$", "POS", "CD", "JJ", "WP$", "PDT"))
_OF_THINGS = frozenset(("terrain",))
_BOUND_TO = {"sky": "blue", "filling": "of", "lighting": "up"}  # class -> the word after it


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplaceAttribute:
    """ "a red car" -> "a blue car".

    One slot per adjective that has a class.
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each adjective."""
        tokens = parse.tokens
        for index, token in enumerate(tokens):
            deps = _DEPS.get(token.tag)
            if deps is None or token.dep not in deps:
                continue
            found = self._adjective(token)
            if found is None or _is_part(tokens, index):
                continue
            if _is_bound(tokens, index, found.words.name) or not _fits(
                self.lexicon, found, _noun_of(tokens, token)
            ):
                continue
            shut = _coordinated_members(tokens, index, found.words)
            noun = tokens[index + 1] if index + 1 < len(tokens) else None
            if noun is not None and noun.tag in _NOUNS:
                shut |= _compounds(self.lexicon, found.words, noun.text.lower(), noun.tag)
            span = SlotSpan(token.start, token.end, "replace_attribute", "att")
            slot = slot_without(span, found, shut)
            if slot is not None:
                yield slot

    def _adjective(self, token: Token) -> Member | None:
        """Return the class of a token read as an adjective."""
        tag = token.tag if token.tag in _COMPARED else "JJ"
        found = member(self.lexicon, token.text.lower(), "ADJ", tag)
        if token.tag == "NN" and found is not None and found.words.name not in _QUALITIES:
            return None
        return found


def _is_part(tokens: tuple[Token, ...], index: int) -> bool:
    """Tell whether the adjective is part of a hyphenated word or a measure ("two years old")."""
    token = tokens[index]
    before = tokens[index - 1] if index else token
    after = tokens[index + 1] if index + 1 < len(tokens) else token
    return (
        (before.text in _GLUE and before.end == token.start)
        or (after.text in _GLUE and after.start == token.end)
        or before.text.lower() in word_sets("replace")["measures"]
    )


def _coordinated_members(tokens: tuple[Token, ...], index: int, words: WordClass) -> set[int]:
    """Return the members of the class next to the adjective, coordinated with it or not."""
    shut: set[int] = set()
    for step in (-1, 1):
        position = index + step
        while 0 <= position < len(tokens):
            word = tokens[position].text.lower()
            if word not in _JOINERS:
                member_index = words.index.get(word)
                if member_index is None:
                    break
                shut.add(member_index)
            position += step
    return shut


def _is_bound(tokens: tuple[Token, ...], index: int, name: str) -> bool:
    """Tell whether neighbouring words give an adjective of a class a special sense."""
    before = tokens[index - 1].text.lower() if index else ""
    after = tokens[index + 1].text.lower() if index + 1 < len(tokens) else ""
    sets = word_sets("replace")
    if name in _COLOURS:
        return before in sets["shades"]
    if name == "wakefulness":
        return before in sets["falling"]
    if name == "size, familiar" and _is_of_a_mass(tokens, index):
        return True
    return after == _BOUND_TO.get(name) or (name == "lighting" and before.endswith("ly"))


def _is_of_a_mass(tokens: tuple[Token, ...], index: int) -> bool:
    """Tell whether "little" may be a quantity: "very little food"."""
    first = index
    while first and tokens[first - 1].tag == "RB":
        first -= 1
    if not first or tokens[first - 1].tag in _DETERMINERS:
        return False
    return tokens[tokens[index].head].tag == "NN"


def _noun_of(tokens: tuple[Token, ...], token: Token) -> Token:
    """Return the head of the adjective, or of the first adjective of its coordination."""
    while token.dep == "conj" and tokens[token.head].head != token.head:
        token = tokens[token.head]
    return tokens[token.head]


def _fits(lexicon: Lexicon, found: Member, noun: Token) -> bool:
    """Tell whether a photograph shows the class's property of the noun.

    It does not show the colour of a photograph or a person, or a child's age or size.
    """
    words, own = found
    sets = word_sets("replace")
    word = noun.text.lower()
    if words.name in _COLOURS:
        return word not in sets["photos"] and word not in sets["people"]
    if words.name in _OF_THINGS:
        return noun.tag not in _NOUNS or kind_of(lexicon, word, noun.tag) == "thing"
    return word not in sets["young"] or words.lemmas[own] not in sets["sizes and ages"]


@lru_cache(maxsize=1 << 14)
def _compounds(lexicon: Lexicon, words: WordClass, noun: str, tag: str) -> frozenset[int]:
    """Return the members that form one word with the next noun."""
    fixed = word_sets("replace")["compounds"]
    lemma = lexicon.lemma(noun, tag)
    return frozenset(
        index
        for index, form in enumerate(words.forms)
        if f"{form}_{lemma}" in fixed or lexicon.word_class(f"{form} {lemma}", "NOUN")
    )
