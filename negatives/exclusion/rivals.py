"""Rivals: nouns that fill the same places and exclude each other as descriptions of one image.

They complement the hand-written classes. Two nouns are rivals if sibling captions show that they
exclude each other (`Overlaps.exclude`), and if they occur with similar verbs, prepositions and
adjectives. Only words that captions of one image tend to repeat qualify: a visible harness or yard
often goes unmentioned, a guitar hardly ever. The relation is symmetric, but not a partition. It is
computed without each fold in turn, so that no caption influences its own alternatives. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from negatives.exclusion.model import Fitted, Vocabulary, overlaps_outside
from negatives.exclusion.scores import Floats
from negatives.fluency.counting import PAIR
from negatives.fluency.counts import Table
from negatives.fluency.words import Hashes, hash_of
from negatives.guards.tables import overlaps
from negatives.guards.tables import words as guard_words
from negatives.words.lexicon import FrozenLexicon
from negatives.words.rivals import RivalsOutside

NOUN = "NOUN"
FEWEST_IMAGES = 10  # of each of two rivals
LEAST_LIKENESS = 0.2
LEAST_REPETITION = 0.3  # by another caption: whoever omits such a word does not see it

_MOST_WORDS = {"VERB": 120, "ADJ": 100, NOUN: 40}  # in profiles
_TAGS = {"VERB": ("VBG", "VBZ"), "ADJ": ("JJ",), NOUN: ("NN", "NNS")}
_PREPOSITIONS = ("in", "on", "with", "at", "over", "through", "by", "down", "near", "from")
_SMOOTHING = 0.75  # power of the places' counts, so that rare places weigh less
_AT_ONCE = 1 << 20
_SHORTEST = 3
_RANK = 60
_SMALL = 1e-9

Indices = NDArray[np.int32]
Bits = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Rivals:
    """Pairs of rivals: `pairs` P x 2 indices of `lemmas`, `without` one bit per fold.

    A bit of `without` is set if the pair are rivals by the images of all other folds.
    """

    lemmas: tuple[str, ...]
    pairs: Indices
    without: Bits

    def outside(self, fold: int) -> RivalsOutside:
        """Return the rivals from the images of all other folds."""
        found: dict[str, list[str]] = {}
        holds = (self.without >> np.uint8(fold)) & 1 > 0
        for left, right in self.pairs[holds].tolist():
            found.setdefault(self.lemmas[left], []).append(self.lemmas[right])
            found.setdefault(self.lemmas[right], []).append(self.lemmas[left])
        return RivalsOutside({lemma: tuple(sorted(others)) for lemma, others in found.items()})


NO_RIVALS = Rivals((), np.zeros((0, 2), np.int32), np.zeros(0, np.uint8))


def rivals_of(pairs_by_fold: Sequence[Hashes], lexicon: FrozenLexicon) -> Rivals:
    """Return the rivals of all folds, from the pairs of hashes that hold without each."""
    ordered = [np.sort(pairs.reshape(-1, 2), axis=1) for pairs in pairs_by_fold]
    distinct, row_of = np.unique(np.concatenate(ordered), axis=0, return_inverse=True)
    without = np.zeros(len(distinct), np.uint8)
    fold_of = np.repeat(np.arange(len(ordered)), [len(pairs) for pairs in ordered])
    np.bitwise_or.at(without, row_of.ravel(), (1 << fold_of).astype(np.uint8))
    hashes = np.unique(distinct)
    lemmas = _lemmas_by_hash(lexicon, NOUN)
    names = tuple(lemmas[hashed] for hashed in hashes.tolist())
    return Rivals(names, np.searchsorted(hashes, distinct).astype(np.int32), without)


class _Place(NamedTuple):
    """A noun's context: a relation to a word form, as its head or dependent; by hashes."""

    relation: int
    other: int
    is_head: bool


def find_rivals(table: Table, fitted: Mapping[str, Fitted], lexicon: FrozenLexicon) -> Hashes:
    """Return the pairs of rivals from all folds but one, P x 2 hashes of lemmas.

    `fitted`: the words of each part of speech and their factors without that fold.
    """
    words, factors, fold = fitted[NOUN]
    lemmas = _lemmas_by_hash(lexicon, NOUN)
    names = [lemmas[hashed] for hashed in words.hashes.tolist()]
    is_usable = np.array([_is_usable(name, lexicon) for name in names], bool)
    said = words.of_words(fold, np.arange(len(names)))
    is_salient = (said.images >= FEWEST_IMAGES) & (said.repetition() >= LEAST_REPETITION)
    which = np.flatnonzero(is_usable & is_salient)
    places = list(_places_of(fitted, lexicon))
    counts = _counts_of(table, [names[index] for index in which], places, fold, lexicon)
    likeness = _likeness(counts)
    left, right = np.nonzero(np.triu(likeness >= LEAST_LIKENESS, 1))
    left, right = which[left], which[right]
    may_exclude = np.array(
        [
            _may_exclude(names[i], names[j], lexicon)
            for i, j in zip(left.tolist(), right.tolist(), strict=True)
        ],
        bool,
    )
    left, right = left[may_exclude], right[may_exclude]
    sure = overlaps_outside(words, factors, fold, left, right).exclude()
    return np.stack([words.hashes[left[sure]], words.hashes[right[sure]]], axis=1)


def _is_usable(name: str, lexicon: FrozenLexicon) -> bool:
    """Tell whether a noun is a single word that names a thing."""
    return (
        name.isalpha()
        and len(name) >= _SHORTEST
        and name not in guard_words().light
        and not lexicon.class_name(name, "ADJ")
    )


def _may_exclude(left: str, right: str, lexicon: FrozenLexicon) -> bool:
    """Tell whether a pair is neither in a class, which offers it anyway, nor a guard's."""
    name = lexicon.class_name(left, NOUN)
    return not (
        (name and name == lexicon.class_name(right, NOUN))
        or overlaps().holds(left, right, NOUN)
        or lexicon.compatible(left, right, NOUN)
    )


@lru_cache(maxsize=8)
def _lemmas_by_hash(lexicon: FrozenLexicon, pos: str) -> Mapping[int, str]:
    return {hash_of(lemma): lemma for lemma in lexicon.lemmas()[pos]}


def _places_of(fitted: Mapping[str, Fitted], lexicon: FrozenLexicon) -> Iterator[_Place]:
    """Yield the contexts for profiles: those with the most frequent words of the corpus."""
    forms = {
        pos: _forms_of_commonest(words, fold, lexicon) for pos, (words, _, fold) in fitted.items()
    }
    for verb in forms["VERB"]:
        for relation in ("dobj", "nsubj"):
            yield _Place(hash_of(relation), verb, is_head=False)
        yield _Place(hash_of("acl"), verb, is_head=True)
    for adjective in forms["ADJ"]:
        yield _Place(hash_of("amod"), adjective, is_head=True)
    for preposition in _PREPOSITIONS:
        for other in (*forms["VERB"][: len(forms[NOUN])], *forms[NOUN]):
            yield _Place(hash_of(preposition), other, is_head=False)


def _forms_of_commonest(words: Vocabulary, fold: int, lexicon: FrozenLexicon) -> list[int]:
    """Return the hashes of the forms of the most frequent words, by images, without a fold."""
    lemmas = _lemmas_by_hash(lexicon, words.pos)
    order = np.argsort(-words.words.images[:, fold], kind="stable")[: _MOST_WORDS[words.pos]]
    return [
        hash_of(form)
        for hashed in words.hashes[order].tolist()
        for tag in _TAGS[words.pos]
        if (form := lexicon.inflect(lemmas[hashed], tag)) is not None
    ]


def _counts_of(
    table: Table, nouns: Sequence[str], places: Sequence[_Place], fold: int, lexicon: FrozenLexicon
) -> Floats:
    """Return how often each noun, singular or plural, has each context, without a fold."""
    counts = np.zeros((len(nouns), len(places)))
    if not counts.size:
        return counts
    relation = np.array([place.relation for place in places], np.uint64)
    other = np.array([place.other for place in places], np.uint64)
    is_head = np.array([place.is_head for place in places], bool)
    for tag in _TAGS[NOUN]:
        forms = [lexicon.inflect(noun, tag) for noun in nouns]
        there = np.flatnonzero([form is not None for form in forms])
        noun = np.array([hash_of(form) for form in forms if form is not None], np.uint64)[:, None]
        step = max(1, _AT_ONCE // max(1, len(noun)))
        for low in range(0, len(places), step):
            part = slice(low, low + step)
            above = np.where(is_head[part], noun, other[part])
            below = np.where(is_head[part], other[part], noun)
            keys = PAIR.keys(np.broadcast_to(relation[part], above.shape), above, below)
            found = table.without(np.full(keys.size, fold, np.uint8), keys.ravel())
            counts[there, part] += found.reshape(keys.shape)
    return counts


def _likeness(counts: Floats) -> Floats:
    """Return how similar the contexts of words are: cosines of their profiles.

    A profile is the positive pointwise mutual information of words and contexts, reduced to few
    dimensions and weighted by the root of the singular values (Levy and Goldberg, 2014).
    """
    of_word, of_place = counts.sum(axis=1, keepdims=True), counts.sum(axis=0) ** _SMOOTHING
    chance = of_word * of_place / max(1.0, float(of_place.sum()))
    chance = np.maximum(chance, _SMALL)
    strength = np.log(np.maximum(counts, chance) / chance)
    rank = min(_RANK, min(counts.shape) - 1)
    if rank < 1 or not strength.any():
        return np.zeros((len(counts), len(counts)))
    left, values, _ = svds(csr_array(strength), k=rank, v0=np.ones(min(counts.shape)))
    profile = left * np.sqrt(values)
    profile /= np.maximum(_SMALL, np.sqrt((profile**2).sum(axis=1, keepdims=True)))
    likeness: Floats = (profile @ profile.T).round(4)
    return likeness
