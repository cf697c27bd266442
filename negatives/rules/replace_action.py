"""Replace a verb by another of its class (SugarCrepe has no such type; VL-CheckList's "action").

The members that stand for a verb take its form and its frame: an object (or the passive) or none,
and the preposition that follows. tables/replace.txt lists the frames. A verb with a particle
of its own ("sitting down") or a clause ("helps the dog jump") is left, and so is the posture of
what is not alive: a vase that sits on a table stands there too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from negatives.lexicon import Lexicon
from negatives.parse import Parse, Token
from negatives.slots import Slot
from negatives.substitutes import Member, Place, WordClass, member, slot_without
from negatives.word_sets import word_sets

_TAGS = frozenset(("VB", "VBP", "VBZ", "VBD", "VBG", "VBN"))
_MODIFIERS = frozenset(("amod", "compound", "nmod", "prep", "aux", "auxpass", "pobj", "npadvmod"))
_OBJECTS = frozenset(("dobj", "dative", "attr", "oprd"))
_BELONGING = frozenset(("xcomp", "ccomp", "acomp"))
_PERFECT = frozenset(("have", "has", "had", "having", "'ve"))
_PREPOSITIONS = frozenset(("IN", "TO"))
_PARTICIPLE = "VBN"
_NOUNS = frozenset(("NN", "NNS"))
_SUBJECTS = frozenset(("nsubj", "nsubjpass"))
_CLAUSES = frozenset(("acl", "relcl"))


class _Frame(NamedTuple):
    """What stands around a verb: an object or a passive, the preposition right after it, a subject.

    `of_a_person`: the subject may be a person's, as far as the word tells.
    """

    has_object: bool
    preposition: str
    of_a_person: bool


class _Verb(NamedTuple):
    """A verb that has a class, at token `position`, in its frame."""

    position: int
    found: Member
    frame: _Frame


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplaceAction:
    """ "a man sitting on a bench" -> "a man standing on a bench".

    One slot a main verb that has a class in its frame.
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
            shut = _misfits(found.words, frame) | _mentioned(found, position, verbs)
            token = tokens[position]
            place = Place(token.start, token.end, "replace_action", "act")
            slot = slot_without(place, found, shut)
            if slot is not None:
                yield slot

    def _verb(self, tokens: tuple[Token, ...], index: int) -> _Verb | None:
        """Return the verb at a token if it has a class and belongs to nothing longer."""
        token = tokens[index]
        found = member(self.lexicon, token.text.lower(), "VERB", token.tag)
        if found is None or _is_glued(tokens, index):
            return None
        deps = {other.dep for other in tokens if other.head == index}
        if deps & _BELONGING:
            return None
        subject = self._kind_of_subject(tokens, index)
        if subject == "thing" and found.words.lemmas[found.own] in word_sets("replace")["postures"]:
            return None
        of_a_person = subject == "person"
        after = tokens[index + 1] if index + 1 < len(tokens) else token
        if "prt" in deps:
            # taggers hardly tell "crawling down the road" from "holding up a sign"
            frame = _Frame(
                has_object=False, preposition=after.text.lower(), of_a_person=of_a_person
            )
            return _Verb(index, found, frame) if after.dep == "prt" else None
        is_bound = after.tag in _PREPOSITIONS and after.dep != "agent"
        has_object = bool(deps & _OBJECTS) or _is_passive(tokens, index)
        frame = _Frame(has_object, after.text.lower() if is_bound else "", of_a_person)
        return _Verb(index, found, frame)

    def _kind_of_subject(self, tokens: tuple[Token, ...], verb: int) -> str:
        """Return "person" (also where no noun tells), "animal" or "thing"."""
        subject = _subject(tokens, verb)
        if subject is None or subject.tag not in _NOUNS:
            return "person"
        return _kind(self.lexicon, subject.text.lower(), subject.tag)


def _subject(tokens: tuple[Token, ...], verb: int) -> Token | None:
    """Return the verb's subject, or the noun that it describes."""
    for token in tokens:
        if token.head == verb and token.dep in _SUBJECTS:
            return token
    return tokens[tokens[verb].head] if tokens[verb].dep in _CLAUSES else None


@lru_cache(maxsize=1 << 14)
def _kind(lexicon: Lexicon, noun: str, tag: str) -> str:
    """Return "person", "animal" or "thing" for a noun."""
    lemma = lexicon.lemma(noun, tag)
    sets = word_sets("replace")
    if noun in sets["people"] or lemma in sets["groups"]:
        return "person"
    if lemma in sets["animals"] or lexicon.compatible(lemma, "animal", "NOUN"):
        return "animal"
    return "person" if lexicon.compatible(lemma, "person", "NOUN") else "thing"


def _is_glued(tokens: tuple[Token, ...], index: int) -> bool:
    """Tell whether the verb is a part of a hyphenated word."""
    token = tokens[index]
    return any(
        other.text == "-" and (other.end == token.start or other.start == token.end)
        for other in tokens[max(0, index - 1) : index + 2]
    )


def _is_passive(tokens: tuple[Token, ...], index: int) -> bool:
    """Tell whether a participle tells what is done to its noun ("parked", but not "has run")."""
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
        or form in sets["read as nouns"]
    )


def _mentioned(found: Member, position: int, verbs: list[_Verb]) -> set[int]:
    """Return the members of a class that are said elsewhere in the caption, in any form."""
    words = found.words
    return {
        words.index[lemma]
        for verb in verbs
        if verb.position != position
        and (lemma := verb.found.words.lemmas[verb.found.own]) in words.index
    }
