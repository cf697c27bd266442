"""Whether two words of one part of speech may both be true of one thing, from a corpus. Pure.

The prior of an overlap averages what chance would show and the product of the words' factors
(`factors.py`); the pair's own counts outweigh it from about ten exposures on. Verdicts are kept by
fold, each without the images of that fold, so that no caption is judged by its own image. On
held-out images (halves of Flickr8k), noun pairs judged exclusive occur together in 1 to 2 % of
their chances.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.exclusion.counting import (
    CAPTIONS,
    CHANCES,
    IMAGES,
    MET,
    PLACE,
    REPEATS,
    TOGETHER,
)
from negatives.exclusion.factors import Factors, factors_of, start_of
from negatives.exclusion.scores import (
    Floats,
    Posterior,
    Prior,
    Word,
    chance_of,
    exposure_of,
    posterior,
)
from negatives.fluency.counts import Kind, Table
from negatives.fluency.words import Hashes, hash_of

RANK = 20
ROUNDS = 60
PRIOR_WEIGHT = 10.0
FEWEST_IMAGES = 5  # to include a word in the vocabulary
MOST_WORDS = 4000  # words in a vocabulary, which has 8 million pairs
LEAST_OVERLAP = 0.003
MOST_OVERLAP = 0.1  # above, a pair probably names one thing
EXCLUDING_OVERLAP = 0.06  # below, with near certainty, two words exclude each other
SURE = 0.95
FEWEST_EXPOSURES = (
    5.0  # with fewer, two words are not known to exclude each other, whatever the prior
)
_AT_ONCE = 1 << 19

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]
"""One bit per fold: whether something holds without that fold's images."""

_PLACE_OF = {"NOUN": "noun", "ADJ": "adj", "VERB": "verb"}
POS = tuple(_PLACE_OF)
"""The parts of speech with known pairs."""

_PAIR = {pos: Kind(f"pair of words: {pos}") for pos in _PLACE_OF}


class Overlaps(NamedTuple):
    """Overlaps of pairs: how often both words may be used of one image, with their exposures.

    `keys`: of the pairs. `total`: including chance co-occurrence; `excess`: without it, for names
    of one thing.
    """

    keys: Hashes
    total: Posterior
    excess: Posterior
    exposure: Floats

    def exclude(self) -> Flags:
        """Tell for which pairs one is almost certainly false where the other is true."""
        sure = self.total.below(EXCLUDING_OVERLAP) > SURE
        return sure & (self.exposure >= FEWEST_EXPOSURES)

    def may_name_one_thing(self) -> Flags:
        """Tell which pairs are probably two names of one thing, so that neither is false."""
        return self.excess.mean() > MOST_OVERLAP


@dataclass(frozen=True, slots=True, eq=False)
class Exclusion:
    """The verdicts on pairs of words: `keys` ascending, `one_thing` has the folds that agree.

    A pair that is not among the keys does not name one thing, by evidence or by default.
    """

    keys: Hashes
    one_thing: Bits

    def outside(self, fold: int) -> "Outside":
        """Return the verdicts from the images of all other folds."""
        return Outside(self, fold)


class Outside:
    """Verdicts on pairs of words from all images except one fold's."""

    def __init__(self, exclusion: Exclusion, fold: int) -> None:
        """Cache verdicts, because pairs recur."""
        self._exclusion = exclusion
        self._bit = np.uint8(1 << fold)
        self._holds = lru_cache(maxsize=1 << 16)(self._look_up)

    def holds(self, left: str, right: str, pos: str) -> bool:
        """Tell whether two lemmas probably name one thing; symmetric."""
        return self._holds(*sorted((left, right)), pos)

    def _look_up(self, left: str, right: str, pos: str) -> bool:
        keys, bits = self._exclusion.keys, self._exclusion.one_thing
        if pos not in _PAIR:
            return False
        (key,) = pair_keys(pos, *(np.array([hash_of(w)], np.uint64) for w in (left, right)))
        at = int(np.searchsorted(keys, key))
        return at < len(keys) and bool(keys[at] == key and bits[at] & self._bit)


NOTHING_EXCLUDED = Exclusion(np.zeros(0, np.uint64), np.zeros(0, np.uint8))


def pair_keys(pos: str, left: Hashes, right: Hashes) -> Hashes:
    """Return the key of each pair of words of a part of speech, the same for both orders."""
    return _PAIR[pos].unordered_keys(left, right)


NO_HASHES = np.zeros(0, np.uint64)


def hashes_of(lemmas: Mapping[str, Iterable[str]]) -> dict[str, Hashes]:
    """Return the hashes of the lemmas of each part of speech."""
    return {
        pos: np.array([hash_of(lemma) for lemma in sorted(found)], np.uint64)
        for pos, found in lemmas.items()
    }


def has_siblings(table: Table) -> bool:
    """Tell whether any image has two captions."""
    places = np.array([hash_of(place) for place in _PLACE_OF.values()], np.uint64)
    return bool(table.has(PLACE.keys(places)).any())


def fit_words(table: Table, lemmas: Mapping[str, Hashes], fold: int) -> dict[str, "Fitted"]:
    """Return the words of each part of speech with factors from all folds but one.

    `lemmas[pos]`: hashes of the lemmas to consider.
    """
    vocabularies = {pos: Vocabulary.of(table, pos, lemmas.get(pos, NO_HASHES)) for pos in POS}
    return {pos: Fitted(words, words.factors(fold), fold) for pos, words in vocabularies.items()}


def names_of_one_thing(fitted: Mapping[str, "Fitted"]) -> Hashes:
    """Return the keys of the pairs of words that name one thing, from all folds but one."""
    found = [np.zeros(0, np.uint64)]
    for words, factors, fold in fitted.values():
        pairs = overlaps_outside(words, factors, fold, *_likely_pairs(words, factors))
        found.append(pairs.keys[pairs.may_name_one_thing()])
    return np.unique(np.concatenate(found))


def exclusion_of(keys_by_fold: Sequence[Hashes]) -> Exclusion:
    """Return the verdicts of all folds, from the keys that hold without each."""
    distinct = np.unique(np.concatenate(keys_by_fold))
    one_thing = np.zeros(len(distinct), np.uint8)
    for fold, keys in enumerate(keys_by_fold):
        one_thing[np.searchsorted(distinct, keys)] |= np.uint8(1 << fold)
    return Exclusion(distinct, one_thing)


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """V sufficiently frequent words of one part of speech, and their counts.

    `words`: counts without each fold, V x NUM_FOLDS. For M pairs that met, by index `left` <
    `right`: `apart`, the number of images where they occur apart, M x NUM_FOLDS. `images`: the
    number with two captions that have a word of this part of speech, without each fold.
    """

    pos: str
    hashes: Hashes
    words: Word
    left: Ints
    right: Ints
    apart: Floats
    images: Floats

    @classmethod
    def of(cls, table: Table, pos: str, hashes: Hashes) -> "Vocabulary":
        """Return the lemmas, given as hashes, that occur in enough images."""
        images = table.without_each(IMAGES.keys(_same(pos, len(hashes)), hashes)).max(axis=1)
        kept = np.flatnonzero(images >= FEWEST_IMAGES)
        hashes = hashes[kept[np.lexsort((hashes[kept], -images[kept]))][:MOST_WORDS]]
        place = _same(pos, len(hashes))
        words = Word(*(
            table.without_each(kind.keys(place, hashes)).astype(np.float64)
            for kind in (IMAGES, CAPTIONS, CHANCES, REPEATS)
        ))  # fmt: skip
        left, right = _pairs_met(table, pos, hashes)
        both, place = hashes[left] + hashes[right], _same(pos, len(left))
        met = table.without_each(MET.keys(place, both)).astype(np.float64)
        apart = met - table.without_each(TOGETHER.keys(place, both))
        total = table.without_each(PLACE.keys(_same(pos, 1)))[0].astype(np.float64)
        return cls(pos, hashes, words, left, right, apart, total)

    def factors(self, fold: int) -> Factors:
        """Return the factors V x RANK fitted to the counts without a fold."""
        everything = np.arange(len(self.hashes))
        exposure = self.exposure(fold, everything[:, None], everything).astype(np.float32)
        apart = np.zeros_like(exposure)
        apart[self.left, self.right] = apart[self.right, self.left] = self.apart[:, fold]
        return factors_of(apart, exposure, start=start_of(self.hashes, RANK), rounds=ROUNDS)

    def of_words(self, fold: int, which: Ints) -> Word:
        """Return the counts of some words without a fold."""
        return Word(*(counts[which, fold] for counts in self.words))

    def exposure(self, fold: int, left: Ints, right: Ints) -> Floats:
        """Return the exposures of pairs: the smaller of both directions."""
        here, there = self.of_words(fold, left), self.of_words(fold, right)
        return np.minimum(exposure_of(here, there), exposure_of(there, here))


class Fitted(NamedTuple):
    """The words of a part of speech, and their factors V x RANK, which leave out a fold."""

    words: Vocabulary
    factors: Factors
    fold: int


def overlaps_outside(
    words: Vocabulary, factors: Factors, fold: int, left: Ints, right: Ints
) -> Overlaps:
    """Return the overlaps of pairs of words, by index, left < right, without a fold.

    `factors`: of that fold.
    """
    size = len(words.hashes)
    at = np.searchsorted(words.left * size + words.right, left * size + right)
    at = np.minimum(at, len(words.left) - 1)
    apart = np.zeros(len(left))
    if len(words.left):
        met = (words.left[at] == left) & (words.right[at] == right)
        apart[met] = words.apart[at[met], fold]
    exposure = words.exposure(fold, left, right)
    here, there = words.of_words(fold, left), words.of_words(fold, right)
    chance = chance_of(here, there, np.maximum(1.0, words.images[fold]))
    likely = np.einsum("pk,pk->p", factors[left], factors[right]).round(4)
    by_chance = np.minimum(1.0, chance / np.maximum(exposure, 1e-9))
    return Overlaps(
        pair_keys(words.pos, words.hashes[left], words.hashes[right]),
        _overlap(apart, exposure, (by_chance + likely) / 2),
        _overlap(np.maximum(0.0, apart - chance), exposure, likely / 2),
        exposure,
    )


def _overlap(apart: Floats, exposure: Floats, expected: Floats) -> Posterior:
    return posterior(apart, exposure, Prior(np.maximum(expected, LEAST_OVERLAP), PRIOR_WEIGHT))


def _likely_pairs(words: Vocabulary, factors: Factors) -> tuple[Ints, Ints]:
    """Return the pairs that may name one thing: they met in an image, or their factors say so."""
    alike = np.triu(factors @ factors.T > 2 * MOST_OVERLAP, 1)
    alike[words.left, words.right] = True
    left, right = np.nonzero(alike)
    return left, right


def _pairs_met(table: Table, pos: str, hashes: Hashes) -> tuple[Ints, Ints]:
    """Return the pairs of words that met in an image, by index, in ascending order."""
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for low in range(0, len(hashes), rows := max(1, _AT_ONCE // max(1, len(hashes)))):
        later = np.arange(len(hashes)) > np.arange(low, min(low + rows, len(hashes)))[:, None]
        left, right = np.nonzero(later)
        left += low
        there = table.has(MET.keys(_same(pos, len(left)), hashes[left] + hashes[right]))
        found.append((left[there], right[there]))
    left, right = map(np.concatenate, zip(*found, strict=True))
    return left, right


def _same(pos: str, times: int) -> Hashes:
    return np.full(times, hash_of(_PLACE_OF[pos]), np.uint64)
