"""What the other captions of an image say. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from data.texts import normalised
from negatives.guards.content import ADJECTIVE, JOINS_NOUN, KIND, NOUN, NUMBER, VERB, lemma_of
from negatives.lexicon import Lexicon
from negatives.parse import Parse
from negatives.senses import Meaning

_NONE: frozenset[str] = frozenset()
_NOTHING = Meaning(frozenset(), frozenset())


class Meanings(NamedTuple):
    """What the nouns, verbs and adjectives of an image stand for, each all together.

    A word that overlaps with none of it is compatible with none of its words.
    """

    nouns: Meaning = _NOTHING
    verbs: Meaning = _NOTHING
    adjectives: Meaning = _NOTHING


class Siblings(NamedTuple):
    """What the other captions of an image say.

    `texts`: normalised. `lemmas`: of nouns, verbs, adjectives and numbers (2 as "two"), and of
    nouns with the word or two before them ("fire hydrant", "red car"). `nouns`, `verbs` and
    `adjectives`: the single lemmas of each. `meanings`: theirs, the caption's own perhaps among
    them.
    """

    texts: frozenset[str] = _NONE
    lemmas: frozenset[str] = _NONE
    nouns: frozenset[str] = _NONE
    verbs: frozenset[str] = _NONE
    adjectives: frozenset[str] = _NONE
    meanings: Meanings = Meanings()


NO_SIBLINGS = Siblings()
Said = tuple[frozenset[str], ...]
"""What some captions say: the sets of `Siblings`, in their order."""


def siblings_of_each(parses: Sequence[Parse], lexicon: Lexicon) -> list[Siblings]:
    """Return for each of an image's captions what the others say."""
    if len(parses) < 2:
        return [NO_SIBLINGS] * len(parses)
    said = [_said_by(parse, lexicon) for parse in parses]
    meanings = _meanings(_united(said), lexicon)
    return [
        Siblings._make((*_united(said[:index] + said[index + 1 :]), meanings))
        for index in range(len(said))
    ]


def siblings_of(parses: Iterable[Parse], lexicon: Lexicon) -> Siblings:
    """Return what these captions say to one that is not among them."""
    said = _united([_said_by(parse, lexicon) for parse in parses])
    return Siblings._make((*said, _meanings(said, lexicon))) if said else NO_SIBLINGS


def _said_by(parse: Parse, lexicon: Lexicon) -> Said:
    said: dict[str, list[str]] = {NOUN: [], VERB: [], ADJECTIVE: [], NUMBER: []}
    compounds: list[str] = []
    before = earlier = ""
    for _, _, text, _, tag, _, _ in parse.tokens:
        kind = KIND.get(tag)
        if kind is None:
            before = earlier = ""
            continue
        lemma = lemma_of(text, tag, lexicon)
        said[kind].append(lemma)
        if before and kind == NOUN:
            compounds.append(f"{before} {lemma}")
            if earlier:
                compounds.append(f"{earlier} {before} {lemma}")
        earlier, before = before, text.lower() if tag in JOINS_NOUN else ""
    nouns, verbs, adjectives = said[NOUN], said[VERB], said[ADJECTIVE]
    lemmas = compounds + nouns + verbs + adjectives + said[NUMBER]
    texts = (normalised(parse.text),)
    return tuple([frozenset(found) for found in (texts, lemmas, nouns, verbs, adjectives)])


def _united(said: Sequence[Said]) -> Said:
    return tuple([_NONE.union(*sets) for sets in zip(*said, strict=True)])


def _meanings(said: Said, lexicon: Lexicon) -> Meanings:
    meanings: list[Meaning] = []
    for pos, lemmas in zip((NOUN, VERB, ADJECTIVE), said[2:], strict=True):
        each = [lexicon.meaning(lemma, pos) for lemma in lemmas]
        synsets = [meaning.synsets for meaning in each]
        closures = [meaning.closure for meaning in each]
        meanings.append(Meaning(frozenset().union(*synsets), frozenset().union(*closures)))
    return Meanings(*meanings)
