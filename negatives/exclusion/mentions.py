"""The words of a caption by place: words of one place could replace each other. Pure.

A *place* is a part of speech ("noun"), or one next to a fixed word: an adjective of a noun ("adj of
shirt"), a verb of a subject ("verb of dog"), a noun under a verb ("noun under ride") or a
preposition ("noun after on"). Only words of one place are compared.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np

from negatives.fluency.words import Hashes, hash_of
from negatives.parse import Parse, Token
from negatives.words import lexicon as lexicons
from negatives.words.lexicon import Lexicon

NOUN, ADJECTIVE, VERB = "noun", "adj", "verb"
PLACES = (NOUN, ADJECTIVE, VERB)

_KINDS = {
    "NN": NOUN, "NNS": NOUN,
    "JJ": ADJECTIVE, "JJR": ADJECTIVE, "JJS": ADJECTIVE,
    "VB": VERB, "VBD": VERB, "VBG": VERB, "VBN": VERB, "VBP": VERB, "VBZ": VERB,
}  # fmt: skip
_SUBJECTS = frozenset(("nsubj", "nsubjpass"))
_CLAUSES = frozenset(("acl", "relcl"))


class Numbering:
    """The places and words of a process, numbered in order of appearance, and their lemmas.

    A mention, a word in a place, has a number too: `places[mention]`, `words[mention]`. Numbers
    belong to this process; hashes are the same in every process.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        """Start empty."""
        self._lexicon = lexicon
        self._ids: dict[str, int] = {}
        self._lemmas: dict[tuple[str, str], int] = {}
        self._places: dict[tuple[str, int], int] = {}
        self._mentions: dict[tuple[int, int], int] = {}
        self.places: list[int] = []
        self.words: list[int] = []
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
        """Return the hash of each name, the same in every process."""
        return np.array(self._hashes, np.uint64)

    def lemma(self, text: str, tag: str) -> int:
        """Return the number of the lemma of a word with this tag."""
        known = self._lemmas.get((text, tag))
        if known is None:
            known = self.id_of(self._lexicon.lemma(text.lower(), tag))
            self._lemmas[text, tag] = known
        return known

    def compound(self, first: str, word: int) -> int:
        """Return the number of a compound, for example "tennis" and "racket"."""
        return self.id_of(f"{first.lower()} {self.names[word]}")

    def mention(self, place: int, word: int) -> int:
        """Return the number of a word in a place."""
        known = self._mentions.get((place, word))
        if known is None:
            known = self._mentions[place, word] = len(self.places)
            self.places.append(place)
            self.words.append(word)
        return known

    def place(self, kind: str, word: int) -> int:
        """Return the number of the place "kind word", for example "adj of" and "shirt"."""
        known = self._places.get((kind, word))
        if known is None:
            known = self._places[kind, word] = self.id_of(f"{kind} {self.names[word]}")
        return known


def mentions_of(parse: Parse, numbering: Numbering, *, by_head: bool = False) -> list[int]:
    """Return the numbers of a caption's mentions, in the order of its tokens.

    `by_head`: also use places next to a fixed word; builds do not, because their counts are small
    (experiments/contexts.py).
    """
    tokens = parse.tokens
    found: list[int] = []
    half = -1  # the token before, if it is the first half of a compound
    for index, (_, _, text, pos, tag, dep, _) in enumerate(tokens):
        before, half = half, -1
        kind = _KINDS.get(tag)
        if kind is None or pos == "AUX":
            continue
        if kind == NOUN and dep == "compound":
            half = index
        elif kind == NOUN:
            _add_noun(found, tokens, index, before, numbering, by_head=by_head)
        elif kind == ADJECTIVE or dep == "amod":
            _add_adjective(found, tokens, index, numbering, by_head=by_head)
        else:
            word = numbering.lemma(text, tag)
            found.append(numbering.mention(numbering.id_of(VERB), word))
            subject = _subject_of(tokens, index) if by_head else -1
            if subject >= 0:
                noun = numbering.lemma(tokens[subject].text, tokens[subject].tag)
                found.append(numbering.mention(numbering.place("verb of", noun), word))
    return found


def _add_noun(  # noqa: PLR0913 - a word, the one before it, and the output
    found: list[int],
    tokens: Sequence[Token],
    index: int,
    before: int,
    numbering: Numbering,
    *,
    by_head: bool,
) -> None:
    """Add a noun, its compound if the token `before` starts one, and the noun in its place."""
    _, _, text, _, tag, dep, head = tokens[index]
    noun, word = numbering.id_of(NOUN), numbering.lemma(text, tag)
    found.append(numbering.mention(noun, word))
    if before >= 0 and tokens[before].head == index:
        compound = numbering.compound(tokens[before].text, word)
        found.append(numbering.mention(noun, compound))
    above = tokens[head]
    if not by_head:
        return
    if dep == "pobj":
        place = numbering.place("noun after", numbering.id_of(above.text.lower()))
        found.append(numbering.mention(place, word))
    elif dep == "dobj":
        place = numbering.place("noun under", numbering.lemma(above.text, above.tag))
        found.append(numbering.mention(place, word))


def _add_adjective(
    found: list[int],
    tokens: Sequence[Token],
    index: int,
    numbering: Numbering,
    *,
    by_head: bool,
) -> None:
    """Add an adjective, or a participle used as one, in its own form."""
    _, _, text, _, tag, dep, head = tokens[index]
    is_adjective = _KINDS[tag] == ADJECTIVE
    word = numbering.lemma(text, tag) if is_adjective else numbering.id_of(text.lower())
    found.append(numbering.mention(numbering.id_of(ADJECTIVE), word))
    if by_head and dep == "amod" and is_adjective:
        noun = numbering.lemma(tokens[head].text, tokens[head].tag)
        found.append(numbering.mention(numbering.place("adj of", noun), word))


def _subject_of(tokens: Sequence[Token], verb: int) -> int:
    """Return a verb's subject, close before it, or the noun that it describes; -1 for none."""
    if tokens[verb].dep in _CLAUSES:
        return tokens[verb].head
    for index in range(verb - 1, -1, -1):
        if tokens[index].head == verb and tokens[index].dep in _SUBJECTS:
            return index
    return -1


@cache
def numbering() -> Numbering:
    """Return this process's numbering."""
    return Numbering(lexicons.load())
