"""Weights of items where a score is a mean of means. Pure.

Strata are named by paths: the mean of "swig/tool" is part of the mean of "swig", which is part of
the score. N items.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def evened(strata: Sequence[str], present_N: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return weights, 1 on average, that make a mean over present items the mean of means.

    Without strata all weights are 1.
    """
    weights_N = np.ones(len(present_N))
    kept = np.flatnonzero(present_N)
    if not strata or not len(kept):
        return weights_N
    own = [strata[item] for item in kept.tolist()]
    paths = {part for name in own for part in _upwards(name)}
    num_parts = Counter(name.rpartition("/")[0] for name in paths)
    num_items = Counter(own)
    shares = {
        name: 1 / float(np.prod([num_parts[part.rpartition("/")[0]] for part in _upwards(name)]))
        for name in num_items
    }
    weights_N[kept] = [len(own) * shares[name] / num_items[name] for name in own]
    return weights_N


def _upwards(name: str) -> list[str]:
    """Return a path and those above it."""
    parts = name.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts), 0, -1)]
