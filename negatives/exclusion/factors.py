"""Factors of the overlap of words, which generalise from counted pairs to others.

apart[i, j] is Poisson with mean exposure[i, j] * (u[i] . u[j]), u >= 0: a weighted symmetric
factorisation by multiplicative updates (Lee and Seung, 2001, for the Kullback-Leibler divergence;
damped as Ding et al., 2005, for the symmetric case). A factor is a set of words for one thing.

Matrix products round differently with every number of threads, and a worker has fewer than a
driver. In float64 that is too little to change a verdict; in float32 it was not.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from negatives.fluency.counts import Kind
from negatives.fluency.words import Hashes

Matrix = NDArray[np.float32]
Factors = NDArray[np.float64]

_SMALL = 1e-9
SHRINKAGE = 1.0  # shrinks each word's factors towards 0, in exposures


def factors_of(apart: Matrix, exposure: Matrix, *, start: Matrix, rounds: int) -> Factors:
    """Return the factors V x rank of symmetric matrices V x V, whose diagonals are ignored.

    `start` V x rank: distinct initial values around 1.
    """
    rank = start.shape[1]
    exposed = exposure.astype(np.float64)
    np.fill_diagonal(exposed, 0.0)
    rows, columns = np.nonzero(apart)
    off = rows != columns
    rows, columns = rows[off], columns[off]
    seen = apart[rows, columns].astype(np.float64)
    share = float(seen.sum() / max(1.0, float(exposed.sum())))
    factors: Factors = start.astype(np.float64) * np.sqrt(max(share, 1e-6) / rank)
    ratios = csr_matrix((seen, (rows, columns)), shape=apart.shape)  # in the order of np.nonzero
    above, below = np.flatnonzero(rows < columns), np.flatnonzero(rows > columns)
    mirrored = below[np.lexsort((rows[below], columns[below]))]
    left, right = rows[above], columns[above]
    fitted = np.empty(len(seen))
    for _ in range(rounds):
        half = np.einsum("pk,pk->p", factors.take(left, axis=0), factors.take(right, axis=0))
        fitted[above] = fitted[mirrored] = half + _SMALL
        ratios.data = seen / fitted
        expected = exposed @ factors + SHRINKAGE * factors
        factors *= np.sqrt((ratios @ factors) / (expected + _SMALL))
    return factors


def start_of(hashes: Hashes, rank: int) -> Matrix:
    """Return numbers from 0.5 to 1.5 for V words, which depend only on the word."""
    drawn = np.stack([Kind(f"factor {k}").keys(hashes) for k in range(rank)], axis=1)
    start: Matrix = (0.5 + drawn / 2.0**64).astype(np.float32)
    return start
