"""Fitting weights and biases to a sample of the corpus's own slots."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.corpus import DIGITS, POOLED, Sample
from negatives.fluency.counts import NUM_FOLDS
from negatives.fluency.features import FEATURES
from negatives.fluency.logit import Pairs, balance, fit
from negatives.fluency.lookups import Floats
from negatives.fluency.words import Hashes

MOST_SLOTS = 12_000  # for fitting weights
_STRENGTH = 1.0
_STRENGTH_OF_TYPE = 5.0
_STRENGTH_OF_NAME = 10.0
_ROUNDS = 100
_NO_NAMES = np.zeros(0, np.uint64)


class Parameters(NamedTuple):
    """Weights by kind, names and their biases by fold, yields by kind; see `CorpusModel`."""

    weights: dict[str, Floats]
    names: Hashes
    biases: NDArray[np.float32]
    yields: dict[str, float]


def fit_parameters(samples: Sequence[Sample], *, max_log_ratio: float) -> Parameters:
    """Return the weights and biases fitted to samples of true captions.

    The weights make captions likely among their candidates. The biases then compensate for guards
    that reject one side only, so that each word is drawn in about as often as it is drawn out. They
    are fitted without each fold, and finally over all folds.
    """
    parts = [_with_alternatives(sample) for sample in samples]
    if not any(len(part.sizes) for part in parts):
        weights = {POOLED: np.zeros(len(FEATURES))}
        return Parameters(weights, _NO_NAMES, np.zeros((0, NUM_FOLDS), np.float32), {})
    kinds, sizes, fold_of_slot, features, refused = (
        np.concatenate([getattr(part, field) for part in parts])
        for field in ("kinds", "sizes", "folds", "features", "refused")
    )
    weights, scores = _weights(features, kinds, sizes)
    names, name_of = np.unique(np.concatenate([part.names for part in parts]), return_inverse=True)
    kind_names, kind_of = np.unique(kinds, return_inverse=True)
    drawn = _drawable(scores, sizes, refused, name_of, fold_of_slot, kind_of)
    biases = _biases(drawn, len(names), max_log_ratio=max_log_ratio)
    flow = drawn.pairs(biases, drawn.fold).flow(max_log_ratio=max_log_ratio)
    yields = np.bincount(drawn.kind, flow, len(kind_names)).astype(float)
    return Parameters(
        {kind: np.round(values, DIGITS) for kind, values in weights.items()},
        names,
        np.round(biases, DIGITS).astype(np.float32),
        dict(zip(kind_names.tolist(), np.round(yields, 1).tolist(), strict=True)),
    )


class _Drawable(NamedTuple):
    """P alternatives that are not rejected: how much higher they score than their caption.

    `names`: of the caption and of the alternative. Also the fold and the kind of each.
    """

    gains: Floats
    names: NDArray[np.int64]
    fold: NDArray[np.int64]
    kind: NDArray[np.int64]

    def pairs(self, biases: Floats, fold: NDArray[np.int64] | int) -> Pairs:
        """Return the pairs with a fold's biases; one fold for all or one for each."""
        own, other = self.names
        return Pairs(self.gains + biases[other, fold] - biases[own, fold], own, other)


def _drawable(  # noqa: PLR0913, PLR0917 - columns of one table
    scores: Floats,
    sizes: NDArray[np.int64],
    refused: NDArray[np.bool_],
    name_of: NDArray[np.int64],
    fold_of_slot: NDArray[np.uint8],
    kind_of_slot: NDArray[np.int64],
) -> _Drawable:
    starts = np.cumsum(sizes) - sizes
    is_other = ~refused
    is_other[starts] = False
    other = np.flatnonzero(is_other)
    slot = np.repeat(np.arange(len(sizes)), sizes)[other]
    own = starts[slot]
    return _Drawable(
        scores[other] - scores[own],
        np.stack([name_of[own], name_of[other]]),
        fold_of_slot[slot].astype(np.int64),
        kind_of_slot[slot],
    )


def _biases(drawn: _Drawable, num_names: int, *, max_log_ratio: float) -> Floats:
    """Return biases, names x NUM_FOLDS: those outside of each fold, balanced once more over all."""
    found = _biases_outside(drawn, num_names, max_log_ratio=max_log_ratio)
    pairs = drawn.pairs(found, drawn.fold)
    found += _balance(pairs, num_names, max_log_ratio=max_log_ratio)[:, None]
    return found


def _biases_outside(drawn: _Drawable, num_names: int, *, max_log_ratio: float) -> Floats:
    """Return biases, names x NUM_FOLDS, each fitted to the other folds."""
    found = np.zeros((num_names, NUM_FOLDS))
    for fold in range(NUM_FOLDS):
        others = drawn.fold != fold
        pairs = Pairs(drawn.gains[others], *drawn.names[:, others])
        found[:, fold] = _balance(pairs, num_names, max_log_ratio=max_log_ratio)
    return found


def _balance(pairs: Pairs, num_names: int, *, max_log_ratio: float) -> Floats:
    return balance(pairs, num_names, max_log_ratio=max_log_ratio, strength=_STRENGTH_OF_NAME)


def _with_alternatives(sample: Sample) -> Sample:
    """Return the slots with a supported alternative, and their candidates that are."""
    sizes = sample.supported_sizes()
    slots = sizes > 1
    rows = np.repeat(slots, sizes)
    return sample._replace(
        kinds=sample.kinds[slots],
        sizes=sizes[slots],
        folds=sample.folds[slots],
        names=sample.names[rows],
        features=sample.features[rows],
        refused=sample.refused[rows],
    )


def keep_probabilities(yields: Mapping[str, float], *, max_share: float) -> dict[str, float]:
    """Return the probability of keeping each kind, so that none exceeds a share of all.

    Guards change the shares by .01 or .02. With too few kinds for such a share, all get an equal
    one.
    """
    values = np.array(list(yields.values()))
    share = max(max_share, 1 / max(1, int(np.count_nonzero(values))))
    ceiling = float(values.max(initial=0.0))
    for _ in range(_ROUNDS):
        ceiling = min(ceiling, share * float(np.minimum(values, ceiling).sum()))
    kept = np.minimum(1.0, ceiling / np.maximum(values, 1e-9))
    return dict(zip(yields, np.round(kept, DIGITS).tolist(), strict=True))


def _weights(
    features: Floats, kinds: NDArray[np.str_], sizes: NDArray[np.int64]
) -> tuple[dict[str, Floats], Floats]:
    """Return the weights of all slots and of each kind, and the scores by kind."""
    of_slot = np.repeat(np.arange(len(sizes)), sizes)
    scores = np.empty(len(features))

    def fit_to(slots: NDArray[np.bool_], prior: Floats, strength: float) -> Floats:
        indices = np.flatnonzero(slots)
        some = np.zeros(len(sizes), bool)
        some[indices[:: 1 + len(indices) // MOST_SLOTS]] = True
        return fit(features[some[of_slot]], sizes[some], prior=prior, strength=strength)

    pooled = fit_to(np.ones(len(sizes), bool), np.zeros(len(FEATURES)), _STRENGTH)
    weights = {POOLED: pooled}
    for kind in sorted(set(kinds.tolist())):
        chosen = kinds == kind
        weights[kind] = fit_to(chosen, pooled, _STRENGTH_OF_TYPE)
        rows = chosen[of_slot]
        scores[rows] = features[rows] @ weights[kind]
    return weights, scores
