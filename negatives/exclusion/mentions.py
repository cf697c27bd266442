"""What a caption says, by place: the words that could stand in for each other there. Pure.

A *place* is a part of speech ("noun"), or one in the company of a fixed word: an adjective of a
noun ("adj of shirt"), a verb of a subject ("verb of dog"), a noun under a verb or a preposition
("noun as dobj of ride"), a preposition before a noun ("prep before bench"). Only words of one
place are ever compared.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from negatives.fluency.words import Hashes, hash_of
from negatives.parse import Parse, Token
from negatives.words.lexicon import Lexicon

NOUN, ADJECTIVE, VERB = "noun", "adj", "verb"
PLACES = (NOUN, ADJECTIVE, VERB)

_KINDS = {
    "NN": NOUN, "NNS": NOUN,
    "JJ": ADJECTIVE, "JJR": ADJECTIVE, "JJS": ADJECTIVE,
    "VB": VERB, "VBD": VERB, "VBG": VERB, "VBN": VERB, "VBP": VERB, "VBZ": VERB,
}  # fmt: skip
_POS = {NOUN: "NOUN", ADJECTIVE: "ADJ", VERB: "VERB"}
_SUBJECTS = frozenset(("nsubj", "nsubjpass"))
_OBJECTS = frozenset(("dobj", "pobj"))
_CLAUSES = frozenset(("acl", "relcl"))
_MODIFIERS = frozenset(("amod", "acomp"))
_COMPOUND = frozenset(("compound",))


class Mention(NamedTuple):
    """A word as it was said in a place, as numbers into a `Numbering`."""

    place: int
    word: int


class Numbering:
    """The names of places and words of a process, numbered as they come, and their lemmas.

    The numbers are of this process; hashes mean the same in every other.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        """Start empty."""
        self._lexicon = lexicon
        self._ids: dict[str, int] = {}
        self._lemmas: dict[tuple[str, str], int] = {}
        self._places: dict[tuple[str, int], int] = {}
        self.names: list[str] = []
        self._hashes: list[int] = []

    def id_of(self, name: str) -> int:
        """Return the number of a name."""
        known = self._ids.get(name)
        if known is None:
            known = self._ids[name] = len(self.names)
            self.names.append(name)
            self._hashes.append(hash_of(name))
        return known

    def hashes(self) -> Hashes:
        """Return the hash of each name, which is the same in every process."""
        return np.array(self._hashes, np.uint64)

    def lemma(self, text: str, tag: str) -> int:
        """Return the number of the lemma of a word with this tag."""
        known = self._lemmas.get((text, tag))
        if known is None:
            known = self.id_of(self._lexicon.lemma(text.lower(), tag))
            self._lemmas[text, tag] = known
        return known

    def place(self, kind: str, word: int) -> int:
        """Return the number of the place "kind word", for example "adj of" and "shirt"."""
        known = self._places.get((kind, word))
        if known is None:
            known = self._places[kind, word] = self.id_of(f"{kind} {self.names[word]}")
        return known


def mentions_of(parse: Parse, numbering: Numbering) -> list[Mention]:
    """Return what a caption says in each place, in the order of its tokens."""
    return list(_mentions(parse.tokens, numbering))


def _mentions(tokens: Sequence[Token], numbering: Numbering) -> Iterator[Mention]:
    id_of, lemma, place = numbering.id_of, numbering.lemma, numbering.place
    before = -1  # the token before, if it is the first half of a compound
    for index, (_, _, text, pos, tag, dep, head) in enumerate(tokens):
        kind = _KINDS.get(tag)
        half, before = before, -1
        if kind is None or pos == "AUX":
            continue
        word = lemma(text, tag)
        if kind == NOUN:
            if dep in _COMPOUND:
                before = index
                continue
            if half >= 0 and tokens[half].head == index:
                first = tokens[half].text.lower()
                yield Mention(id_of(NOUN), id_of(f"{first} {numbering.names[word]}"))
            yield Mention(id_of(NOUN), word)
            if dep in _OBJECTS:
                above = tokens[head]
                if dep == "pobj":
                    said = id_of(above.text.lower())
                    yield Mention(place("prep before", word), said)
                    yield Mention(place("noun after", said), word)
                else:
                    yield Mention(place("noun under", lemma(above.text, above.tag)), word)
        elif kind == ADJECTIVE:
            yield Mention(id_of(ADJECTIVE), word)
            if dep == "amod":
                yield Mention(place("adj of", lemma(tokens[head].text, tokens[head].tag)), word)
        elif dep == "amod":
            yield Mention(id_of(ADJECTIVE), id_of(text.lower()))
        else:
            yield Mention(id_of(VERB), word)
            subject = _subject_of(tokens, index)
            if subject >= 0:
                noun = tokens[subject]
                yield Mention(place("verb of", lemma(noun.text, noun.tag)), word)


def _subject_of(tokens: Sequence[Token], verb: int) -> int:
    """Return the subject of a verb, before it and near, or the noun that it describes; -1: none."""
    if tokens[verb].dep in _CLAUSES:
        return tokens[verb].head
    for index in range(verb - 1, -1, -1):
        if tokens[index].head == verb and tokens[index].dep in _SUBJECTS:
            return index
    return -1
