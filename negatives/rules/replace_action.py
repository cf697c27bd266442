"""Replace a verb by another of its class (SugarCrepe has no such type; VL-CheckList's "action").

Substitutes take the verb's form and fit its frame: an object (or the passive) or none, the
following preposition, and a subject that can do it. tables/replace.txt lists the frames. Verbs with
a particle ("sitting down") or a clause ("helps the dog jump") are left alone, and so are verbs that
form a word or a phrase with a noun ("snow covered", "hold hands"), and postures of inanimate
things: a vase that sits on a table also stands there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from negatives.grammar.substitutes import Member, SlotSpan, WordClass, member, slot_without
from negatives.parse import Parse, Token
from negatives.slots import Slot
from negatives.words.kinds import Kind, kind_of
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

_TAGS = frozenset(("VB", "VBP", "VBZ", "VBD", "VBG", "VBN"))
_MODIFIERS = frozenset(("amod", "compound", "nmod", "prep", "aux", "auxpass", "pobj", "npadvmod"))
_OBJECTS = frozenset(("dobj", "dative", "attr", "oprd"))
_BELONGING = frozenset(("xcomp", "ccomp", "acomp"))
_PERFECT = frozenset(("have", "has", "had", "having", "'ve"))
_PREPOSITIONS = frozenset(("IN", "TO"))
_PARTICIPLE = "VBN"
_LIVING = frozenset(("person", "animal"))
_NUMBER = {"NN": "NN", "NNS": "NNS", "NNP": "NN", "NNPS": "NNS"}
_SUBJECTS = frozenset(("nsubj", "nsubjpass"))
_RELATIVES = frozenset(("WDT", "WP"))
_ABOVE = frozenset(("acl", "relcl", "conj", "advcl", "xcomp", "ccomp", "pcomp", "prep"))
_AIR = frozenset(("air", "midair", "mid", "sky"))
_HANDLING, _CARE = "handle a thing", "care"


class _Frame(NamedTuple):
    """A verb's frame: an object or a passive, the preposition right after it, a subject.

    `preposition`: "air" if it precedes the air or the sky. `of_a_game`: the object is a game.
    """

    has_object: bool
    preposition: str
    of_a_person: bool
    of_a_game: bool


class _Verb(NamedTuple):
    """A verb that has a class, at token `position`, in its frame."""

    position: int
    found: Member
    frame: _Frame


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplaceAction:
    """ "a man sitting on a bench" -> "a man standing on a bench".

    One slot per main verb that has a class in its frame.
    """

    lexicon: Lexicon

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield a slot for each verb."""
        tokens = parse.tokens
        verbs = [
            verb
            for index, token in enumerate(tokens)
            if token.pos == "VERB"
            and token.tag in _TAGS
            and token.dep not in _MODIFIERS
            and (verb := self._verb(tokens, index)) is not None
        ]
        for position, found, frame in verbs:
            shut = _misfits(found.words, frame) | _members_mentioned(found, position, verbs)
            token = tokens[position]
            span = SlotSpan(token.start, token.end, "replace_action", "act")
            slot = slot_without(span, found, shut)
            if slot is not None:
                yield slot

    def _verb(self, tokens: tuple[Token, ...], index: int) -> _Verb | None:
        """Return the verb at a token if it has a class and is not part of a longer expression."""
        token = tokens[index]
        found = member(self.lexicon, token.text.lower(), "VERB", token.tag)
        if found is None or _is_glued(tokens, index):
            return None
        lemma = found.words.lemmas[found.own]
        children = {other.dep: other for other in tokens if other.head == index}
        passive = _is_passive(tokens, index)
        if (
            not _BELONGING.isdisjoint(children)
            or _is_half(tokens, index, lemma)
            or _is_phrase(tokens, index, found.words.name, children, passive=passive)
        ):
            return None
        sets = word_sets("replace")
        subject = self._kind_of_subject(tokens, index)
        if not passive and (
            (lemma in sets["of the living"] and subject == "thing")
            or (lemma in sets["postures"] and subject not in _LIVING)
        ):
            return None
        after = tokens[index + 1] if index + 1 < len(tokens) else token
        is_bound = after.tag in _PREPOSITIONS and after.dep != "agent"
        preposition = _preposition(tokens, index + 1) if is_bound else ""
        has_object = passive or not _OBJECTS.isdisjoint(children)
        if "prt" in children:
            # taggers confuse "crawling down the road" and "holding up a sign"
            if after.dep != "prt":
                return None
            has_object, preposition = False, after.text.lower()
        thing = children.get("dobj")
        is_game = thing is not None and thing.text.lower() in sets["games"]
        return _Verb(index, found, _Frame(has_object, preposition, subject == "person", is_game))

    def _kind_of_subject(self, tokens: tuple[Token, ...], verb: int) -> Kind | None:
        """Return the kind of the subject; None if it is unclear."""
        subject_index = _subject(tokens, verb)
        if subject_index is None:
            return None
        subject_index = _gathering_noun(tokens, subject_index)
        subject = tokens[subject_index]
        before = tokens[subject_index - 1].text.lower() if subject_index else ""
        tag = _NUMBER.get(subject.tag, subject.tag)
        return kind_of(self.lexicon, subject.text.lower(), tag, before)


def _subject(tokens: tuple[Token, ...], verb: int) -> int | None:
    """Return the index of the verb's subject, or of the noun that it or a verb above describes."""
    for _ in tokens:
        for place, token in enumerate(tokens):
            if token.head == verb and token.dep in _SUBJECTS and token.tag not in _RELATIVES:
                return place
        if tokens[verb].dep not in _ABOVE:
            return None
        verb = tokens[verb].head
        noun = tokens[verb]
        if noun.dep == "pobj" and tokens[noun.head].text.lower() == "in":
            verb = noun.head  # "a man in a jacket standing": the parser chooses the nearest noun
        elif noun.tag in _NUMBER or noun.tag == "PRP":
            return verb
    return None


def _gathering_noun(tokens: tuple[Token, ...], noun: int) -> int:
    """Return the index of the noun after "a lot of", "a group of" or "a photograph of"."""
    if tokens[noun].text.lower() not in word_sets("kinds")["gatherers"]:
        return noun
    for place, token in enumerate(tokens[noun + 1 : noun + 8], noun + 1):
        if token.dep == "pobj" and tokens[token.head].text.lower() == "of":
            return place
    return noun


def _preposition(tokens: tuple[Token, ...], place: int) -> str:
    """Return the preposition at a token, or "air" if it precedes the air or the sky."""
    if any(token.text.lower() in _AIR for token in tokens[place + 1 : place + 3]):
        return "air"
    return tokens[place].text.lower()


def _is_half(tokens: tuple[Token, ...], index: int, lemma: str) -> bool:
    """Tell whether the preceding noun forms one word with the verb: "snow covered benches"."""
    before, token = tokens[index - 1], tokens[index]
    if not index or before.tag not in _NUMBER:
        return False
    if token.tag == "VBG":
        return before.text.lower() in word_sets("replace")["joined to a verb"]
    after = tokens[index + 1].tag if index + 1 < len(tokens) else ""
    return (
        token.tag in {"VBN", "VBD"}
        and (after in _NUMBER or after in {"JJ", "RB"})
        and lemma in word_sets("replace")["joined by a noun"]
    )


def _is_phrase(
    tokens: tuple[Token, ...],
    index: int,
    name: str,
    children: Mapping[str, Token],
    *,
    passive: bool,
) -> bool:
    """Tell whether a verb forms a phrase with its object or with the place where it is held."""
    sets = word_sets("replace")
    thing = children.get("dobj")
    if thing is not None and thing.text.lower() in sets.get(f"not of {name}", ()):
        return True
    if name == _CARE and passive and not _OBJECTS.isdisjoint(children):
        return True  # "fed leaves"
    return name == _HANDLING and any(
        token.dep == "pobj"
        and token.text.lower() in sets["holders"]
        and tokens[token.head].text.lower() == "in"
        for token in tokens[index + 1 :]
    )


def _is_glued(tokens: tuple[Token, ...], index: int) -> bool:
    """Tell whether the verb is part of a hyphenated word."""
    token = tokens[index]
    return any(
        other.text == "-" and (other.end == token.start or other.start == token.end)
        for other in tokens[max(0, index - 1) : index + 2]
    )


def _is_passive(tokens: tuple[Token, ...], index: int) -> bool:
    """Tell whether a participle is passive ("parked", but not "has run")."""
    if tokens[index].tag != _PARTICIPLE:
        return False
    return not any(
        other.dep == "aux" and other.head == index and other.text.lower() in _PERFECT
        for other in tokens[:index]
    )


@lru_cache(maxsize=1 << 14)
def _misfits(words: WordClass, frame: _Frame) -> frozenset[int]:
    """Return the members of a class that do not fit a frame."""
    sets = word_sets("replace")
    wrong = sets["no object"] if frame.has_object else sets["object"]
    goes_with = sets.get(frame.preposition)
    return frozenset(
        index
        for index, (lemma, form) in enumerate(zip(words.lemmas, words.forms, strict=True))
        if lemma in wrong
        or (goes_with is not None and lemma not in goes_with)
        or (lemma in sets["of people"] and not frame.of_a_person)
        or (lemma == "play" and frame.has_object and not frame.of_a_game)
        or form in sets["read as nouns"]
    )


def _members_mentioned(found: Member, position: int, verbs: list[_Verb]) -> set[int]:
    """Return the members of a class that occur elsewhere in the caption, in any form."""
    words = found.words
    return {
        words.index[lemma]
        for verb in verbs
        if verb.position != position
        and (lemma := verb.found.words.lemmas[verb.found.own]) in words.index
    }
