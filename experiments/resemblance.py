"""Which words go with which company, known by resemblance where they were never counted together.

A pair is a word and a company: the other end of a relation ("dobj of hold"), or another content
word of the caption. Words and companies get factors from the singular vectors of the positive
pointwise mutual information of their counts; a word resembles another where their factors point
the same way. The *support* of an unseen pair is the share of the word's nearest words, weighted by
likeness, that were seen in that company, each against what its frequency makes of that by chance:
a violin is known in a woman's hands because guitars, trumpets and flutes are.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from numpy.typing import NDArray

from profiles import profiles_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NEIGHBOURS = 20
RANK = 100
_POWER = 4.0  # of the likeness, so that near words weigh more


class Company(NamedTuple):
    """Counts of (word, company), numbered from 0, and the likeness of words.

    `seen` words x companies; `near` words x words, sparse: the weights of the nearest words of
    each, which sum to 1.
    """

    seen: scipy.sparse.csr_array
    near: scipy.sparse.csr_array


def company_of(word: Ints, company: Ints, count: Ints, *, shape: tuple[int, int]) -> Company:
    """Return what is known of words and companies from counts of pairs."""
    profiles = profiles_of(word, company, count, shape=shape, rank=RANK)
    seen = scipy.sparse.csr_array((count.astype(float), (word, company)), shape=shape)
    seen.sum_duplicates()
    seen.data[:] = 1.0
    return Company(seen, _nearest(profiles))


def _nearest(profiles: Floats, *, at_once: int = 1024) -> scipy.sparse.csr_array:
    num = len(profiles)
    most = min(NEIGHBOURS, num - 1)
    rows, columns, weights = [], [], []
    for low in range(0, num, at_once):
        likeness = profiles[low : low + at_once] @ profiles.T
        likeness[np.arange(len(likeness)), low + np.arange(len(likeness))] = 0.0
        best = np.argpartition(-likeness, most - 1, axis=1)[:, :most]
        weight = np.maximum(np.take_along_axis(likeness, best, 1), 0.0) ** _POWER
        rows.append(np.repeat(low + np.arange(len(likeness)), most))
        columns.append(best.ravel())
        weights.append((weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)).ravel())
    flat = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
    return scipy.sparse.csr_array(flat, shape=(num, num))


def support_of(known: Company, word: Ints, company: Ints, *, at_once: int = 1 << 14) -> Floats:
    """Return the weighted share (0 to 1) of the nearest words that were seen in each company."""
    columns = known.seen.tocsc()
    support = np.zeros(len(word))
    for low in range(0, len(word), at_once):
        part = slice(low, low + at_once)
        near = known.near[word[part]]
        there = columns[:, company[part]].T
        support[part] = np.asarray(near.multiply(there).sum(axis=1)).ravel()
    return support
