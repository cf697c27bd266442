"""What a corpus says of two words of one place: may both be true of one image? Pure.

The prior of an overlap is what chance alone would show, averaged with the product of the words'
factors (`factors.py`); the pair's own counts outweigh it from about ten exposures on. Judged on
images that took no part (Flickr8k, halves), of pairs whose overlap is below a tenth with a
probability of nine tenths 1 to 2 % of chances to be said are taken (nouns), and nearly no pair that
overlaps by a fifth or more passes.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.exclusion.factors import Matrix, factors_of, start_of
from negatives.exclusion.scores import (
    Evidence,
    Floats,
    Posterior,
    Prior,
    evidence_of,
    posterior,
    words_of,
)
from negatives.fluency.counts import Table
from negatives.fluency.words import Hashes, hash_of

RANK = 20
ROUNDS = 60
PRIOR_WEIGHT = 10.0
FEWEST_IMAGES = 5  # of a word of the vocabulary
FEWEST_EXPOSURES = 3.0  # below, a pair is not known to exclude each other, whatever the prior says
LEAST_OVERLAP = 0.003
MOST_OVERLAP = 0.1  # of a pair that excludes each other
SURE = 0.9
_AT_ONCE = 1 << 20

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


class Vocabulary(NamedTuple):
    """Words of one part of speech, the commoner first, with their hashes and factors."""

    kind: str
    words: tuple[str, ...]
    hashes: Hashes
    factors: Matrix

    def places(self) -> Mapping[str, int]:
        """Return where each word stands."""
        return {word: place for place, word in enumerate(self.words)}


def vocabulary_of(
    table: Table, kind: str, names: Sequence[str], *, without: int | None = None
) -> Vocabulary:
    """Return the words among `names` that are said of images enough, with factors fitted to them.

    `without`: the fold that is left out, None for none.
    """
    hashes = np.array([hash_of(name) for name in names], np.uint64)
    images = words_of(table, _same(kind, len(hashes)), hashes, without=without).images
    kept = np.flatnonzero(images >= FEWEST_IMAGES)
    kept = kept[np.lexsort((hashes[kept], -images[kept]))]
    hashes = hashes[kept]
    left, right = np.triu_indices(len(hashes), 1)
    found = _evidence(table, kind, hashes[left], hashes[right], without)
    factors = factors_of(
        _square(len(hashes), left, right, found.apart),
        _square(len(hashes), left, right, found.exposure),
        start=start_of(hashes, RANK), rounds=ROUNDS,
    )  # fmt: skip
    return Vocabulary(kind, tuple(names[place] for place in kept.tolist()), hashes, factors)


class Overlaps(NamedTuple):
    """What is known of pairs: how often both may be said of one image, and of how many exposures.

    `total`: with what stands beside each other by chance; `excess`: without it, names of one thing.
    """

    total: Posterior
    excess: Posterior
    exposure: Floats

    def exclude(self) -> Flags:
        """Tell of which pairs it is as good as sure that one is false where the other is true."""
        sure = self.total.below(MOST_OVERLAP) > SURE
        return sure & (self.exposure >= FEWEST_EXPOSURES)

    def may_name_one_thing(self) -> Flags:
        """Tell which pairs are likely to be two names of one thing, so that neither is false."""
        return self.excess.mean() > MOST_OVERLAP


def overlaps_of(
    table: Table, vocabulary: Vocabulary, left: Ints, right: Ints, *, without: int | None = None
) -> Overlaps:
    """Return what is known of pairs of a vocabulary's words, given by their places in it."""
    found = _evidence(
        table, vocabulary.kind, vocabulary.hashes[left], vocabulary.hashes[right], without
    )
    factors = vocabulary.factors
    likely = np.einsum("pk,pk->p", factors[left], factors[right]).astype(np.float64)
    by_chance = np.minimum(1.0, found.chance / np.maximum(found.exposure, 1e-9))
    total = Prior(np.maximum((by_chance + likely) / 2, LEAST_OVERLAP), PRIOR_WEIGHT)
    excess = Prior(np.maximum(likely / 2, LEAST_OVERLAP), PRIOR_WEIGHT)
    beyond = np.maximum(0.0, found.apart - found.chance)
    return Overlaps(
        posterior(found.apart, found.exposure, total),
        posterior(beyond, found.exposure, excess),
        found.exposure,
    )


def _evidence(
    table: Table, kind: str, left: Hashes, right: Hashes, without: int | None
) -> Evidence:
    parts = [
        evidence_of(
            table, _same(kind, len(left[low : low + _AT_ONCE])),
            left[low : low + _AT_ONCE], right[low : low + _AT_ONCE], without=without,
        )
        for low in range(0, max(1, len(left)), _AT_ONCE)
    ]  # fmt: skip
    return Evidence(*map(np.concatenate, zip(*parts, strict=True)))


def _same(name: str, times: int) -> Hashes:
    return np.full(times, hash_of(name), np.uint64)


def _square(size: int, left: Ints, right: Ints, values: Floats) -> Matrix:
    matrix: Matrix = np.zeros((size, size), np.float32)
    matrix[left, right] = matrix[right, left] = values
    return matrix
