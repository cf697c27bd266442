"""Which words fill the same places: profiles of the company that words keep, in few dimensions.

Positive pointwise mutual information of words and places, its singular vectors weighted by the
root of their values (Levy and Goldberg, 2014), rows of length 1: the dot product of two rows is
their likeness.
"""

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Matrix = NDArray[np.float64]

SMOOTHING = 0.75  # power of the places' counts: rare places weigh less


def profiles_of(
    word: Ints, place: Ints, count: Ints, *, shape: tuple[int, int], rank: int
) -> Matrix:
    """Return the profiles words x rank of counts of (word, place); zeros for a word in none."""
    counts = scipy.sparse.csr_array((count.astype(float), (word, place)), shape=shape)
    counts.sum_duplicates()
    of_word = np.asarray(counts.sum(axis=1)).ravel()
    of_place = np.asarray(counts.sum(axis=0)).ravel() ** SMOOTHING
    of_place = of_place / of_place.sum()
    entries = counts.tocoo()
    strength = np.log(entries.data / (of_word[entries.row] * of_place[entries.col]))
    known = strength > 0
    ppmi = scipy.sparse.csr_array(
        (strength[known], (entries.row[known], entries.col[known])), shape=shape
    )
    rank = min(rank, min(shape) - 1)
    start = np.ones(min(shape))
    left, values, _ = scipy.sparse.linalg.svds(ppmi, k=rank, v0=start)
    profiles: Matrix = left * np.sqrt(values)
    length = np.linalg.norm(profiles, axis=1, keepdims=True)
    return profiles / np.maximum(length, 1e-12)
