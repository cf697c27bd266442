"""Measures that are not means over images: ROC AUC and 11-point mean average precision.

As in ELEVATER (Li et al. 2022, arXiv 2204.08790): scores are a softmax over classes at CLIP's
scale of 100. Only their order matters, so the logarithm, which never underflows, is used. At recall
0 its average precision counts a precision of 1, whatever ranks first. Images of equal score are
taken together.

Intervals are bootstrapped over images: the normal interval with the deviation of the samples'
scores (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, section 6.4).

Shape suffixes: N images, C classes, G distinct scores, K levels of recall.
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.measures.intervals import Interval
from data.streams import Stream

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Score = Callable[[Floats], float]
"""Weights of images, N -> a score; NaN where it is not defined."""

_SCALE: Final = 100.0
_Z: Final = 1.959963984540054  # the normal distribution's 97.5 % point
_SAMPLES: Final = 200
_LEVELS: Final = 10


def log_shares(score_NC: NDArray[np.float32]) -> Floats:
    """Return the logarithm of the softmax over classes, NC."""
    scaled_NC = _SCALE * score_NC.astype(np.float64)
    scaled_NC -= scaled_NC.max(1, keepdims=True)
    found: Floats = scaled_NC - np.log(np.exp(scaled_NC).sum(1, keepdims=True))
    return found


def roc_auc(score_N: Floats, positive_N: Bools) -> Score:
    """Return the share of pairs of a positive and a negative in the right order; ties are half."""
    place_N = np.unique(score_N, return_inverse=True)[1]

    def score(weight_N: Floats) -> float:
        positive_G = np.bincount(place_N, weights=weight_N * positive_N)
        negative_G = np.bincount(place_N, weights=weight_N * ~positive_N)
        below_G = np.cumsum(negative_G) - negative_G
        pairs = positive_G.sum() * negative_G.sum()
        return float(positive_G @ (below_G + negative_G / 2) / pairs) if pairs else math.nan

    return score


def mean_average_precision(score_NC: Floats, positive_NC: Bools) -> Score:
    """Return the mean over classes of the 11-point average precision; empty classes are left out.

    At each level of recall 0, .1, ... 1 it counts the best precision at that recall or above.
    """
    classes = [
        _average_precision(score_N, positive_N)
        for score_N, positive_N in zip(score_NC.T, positive_NC.T, strict=True)
    ]

    def score(weight_N: Floats) -> float:
        values = [value for value in (one(weight_N) for one in classes) if not math.isnan(value)]
        return float(np.mean(values)) if values else math.nan

    return score


def _average_precision(score_N: Floats, positive_N: Bools) -> Score:
    place_N = np.unique(-score_N, return_inverse=True)[1]  # the highest score first
    level_K = np.arange(1, _LEVELS + 1)

    def score(weight_N: Floats) -> float:
        found_G = np.cumsum(np.bincount(place_N, weights=weight_N * positive_N))
        taken_G = np.cumsum(np.bincount(place_N, weights=weight_N))
        if not found_G.any():
            return math.nan
        precision_G = found_G / np.maximum(taken_G, 1e-300)  # none taken: none found
        best_G = np.maximum.accumulate(precision_G[::-1])[::-1]
        first_K = np.searchsorted(_LEVELS * found_G, level_K * found_G[-1])
        return float((1 + best_G[first_K].sum()) / (_LEVELS + 1))

    return score


def bootstrapped(score: Score, num_images: int, *, seed: int = 0) -> Interval:
    """Return a score of all images and its 95 % interval over them.

    The interval is unbounded if there is no score, or if fewer than two samples have one.
    """
    value = score(np.ones(num_images))
    if math.isnan(value):
        return Interval(value, -math.inf, math.inf)
    found = [_sampled(score, num_images, Stream("bootstrap", seed, n)) for n in range(_SAMPLES)]
    defined = [one for one in found if not math.isnan(one)]
    if len(defined) < 2:
        return Interval(value, -math.inf, math.inf)
    half = _Z * float(np.std(defined, ddof=1))
    return Interval(value, value - half, value + half)


def _sampled(score: Score, num_images: int, stream: Stream) -> float:
    drawn = np.fromiter((stream.below(num_images) for _ in range(num_images)), np.int64)
    return score(np.bincount(drawn, minlength=num_images).astype(np.float64))
