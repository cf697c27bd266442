"""How well a thing goes with the words of a caption that does not name it.

A logistic regression for each thing on the words of the caption, fitted on a block's captions of
other images: images are divided into folds, and each fold is scored by models that have not seen
it. How common a thing is in the block is left out: exchanges of things (drawing.py) do not need it.
So captions that name the thing teach as well, although they always have it; without them most
things of a block would be too rare to learn.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

NUM_FOLDS: Final = 5
_MOST_WORDS: Final = 1000
_FEWEST_CAPTIONS: Final = 3  # with a word; with a thing and without it
_PENALTY: Final = 0.1
_STEPS: Final = 80
_DECIMALS: Final = 4  # what is drawn must not depend on a processor's last bits


def log_odds(
    contexts: Sequence[Collection[str]], states: NDArray[np.int8], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the log-odds that each thing is there, less their mean over all captions, N x V.

    The mean is that of the model that scores the caption, so that models of several folds compare.
    Zero for things too rare to learn anything about.

    Args:
        contexts: the words of each of N captions.
        states: of each caption and each of V things: 1 there (named or not), 0 not there,
            -1 unknown.
        folds: of each caption: equal for captions of one image.
    """
    found = np.zeros(states.shape)
    counts = Counter(word for words in contexts for word in words)
    common = [word for word, num in counts.most_common(_MOST_WORDS) if num >= _FEWEST_CAPTIONS]
    columns = {word: column for column, word in enumerate(sorted(common), start=1)}
    features = np.zeros((len(contexts), len(columns) + 1))
    features[:, 0] = 1.0
    for row, words in enumerate(contexts):
        features[row, [columns[word] for word in words if word in columns]] = 1.0
    centred = features[:, 1:] - features[:, 1:].mean(0)
    for fold in range(NUM_FOLDS):
        others, own = folds != fold, folds == fold
        if not own.any() or not others.any():
            continue
        there, away = ((states[others] == state).sum(0) for state in (1, 0))
        things = np.flatnonzero(np.minimum(there, away) >= _FEWEST_CAPTIONS)
        if len(things):
            weights = _fit(features[others], states[others][:, things])
            found[np.ix_(own, things)] = centred[own] @ weights[1:]
    rounded: NDArray[np.float64] = np.round(found, _DECIMALS)
    return rounded


def _fit(features: NDArray[np.float64], states: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return the weights of a logistic regression for each thing, features x things.

    Accelerated gradient descent; the step size of each feature depends on how often it occurs: with
    at most m features per caption, m/4 times that number bounds the curvature.
    """
    table = scipy.sparse.csr_array(features)
    transposed = scipy.sparse.csr_array(features.T)
    is_known = states >= 0
    targets = (states == 1).astype(np.float64)
    steps = 1.0 / (0.25 * features.sum(1).max() * features.sum(0) + _PENALTY)
    weights = np.zeros((features.shape[1], states.shape[1]))
    ahead, momentum = weights, 1.0
    for _ in range(_STEPS):
        chances = 1.0 / (1.0 + np.exp(-np.clip(table @ ahead, -30.0, 30.0)))
        slope = transposed @ np.where(is_known, chances - targets, 0.0)
        slope[1:] += _PENALTY * ahead[1:]
        after = ahead - steps[:, None] * slope
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        ahead = after + (momentum - 1.0) / following * (after - weights)
        weights, momentum = after, following
    return weights
