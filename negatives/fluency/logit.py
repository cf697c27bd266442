"""The conditional logit (McFadden, 1974): which of a slot's candidates a caption would have.

p(candidate | slot) = exp(w . f) / sum over the slot's candidates. The weights w maximise the
likelihood that each slot holds what its caption says. At the maximum every feature has the same mean over
captions as over draws: a reader who looks at these features cannot tell the two apart.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.features import Floats

_STEPS = 50
_ROUNDS = 30
_ENOUGH = 1e-6  # of the likelihood a slot


def log_shares(scores: Floats, sizes: Sequence[int] | NDArray[np.int64]) -> Floats:
    """Return log p of each candidate given its slot; `scores` are w . f, slots one after another."""
    lengths = np.array(sizes)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    highest = np.repeat(np.maximum.reduceat(scores, starts), lengths)
    totals = np.add.reduceat(np.exp(scores - highest), starts)
    shares: Floats = scores - highest - np.repeat(np.log(totals), lengths)
    return shares


def fit(
    features: Floats,
    sizes: Sequence[int] | NDArray[np.int64],
    *,
    prior: Floats,
    strength: float,
) -> Floats:
    """Return the weights: candidates x features in, the first candidate of each slot being true.

    Newton's method with a normal prior about `prior`; `strength` is its inverse variance in units of
    a feature's own spread within slots.
    """
    lengths = np.array(sizes)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    means = np.add.reduceat(features, starts, axis=0) / lengths[:, None]
    centred = features - np.repeat(means, lengths, axis=0)
    spread = np.maximum(centred.std(axis=0), 1e-6)
    scaled = centred / spread
    own = scaled[starts].sum(axis=0)
    weights = centre = prior * spread
    value = -np.inf
    for _ in range(_STEPS):
        shares = np.exp(log_shares(scaled @ weights, sizes))
        expected = scaled * shares[:, None]
        by_slot = np.add.reduceat(expected, starts, axis=0)
        gradient = own - by_slot.sum(axis=0) - strength * (weights - centre)
        curvature = scaled.T @ expected - by_slot.T @ by_slot + strength * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        weights, new_value = _climb(scaled, sizes, starts, weights, step, centre, strength)
        if new_value - value < _ENOUGH * len(lengths):
            break
        value = new_value
    found: Floats = weights / spread
    return found


def _climb(  # noqa: PLR0913 - the state of one step
    scaled: Floats,
    sizes: Sequence[int] | NDArray[np.int64],
    starts: NDArray[np.int64],
    weights: Floats,
    step: Floats,
    centre: Floats,
    strength: float,
) -> tuple[Floats, float]:
    """Go along a step as far as it raises the likelihood; return the weights and the value there."""

    def value(at: Floats) -> float:
        away = at - centre
        likelihood = log_shares(scaled @ at, sizes)[starts].sum()
        return float(likelihood - strength / 2 * (away @ away))

    before = value(weights)
    length = 1.0
    while length > 1e-4:
        there = weights + length * step
        reached = value(there)
        if reached > before:
            return there, reached
        length /= 2
    return weights, before


class Slots(NamedTuple):
    """Scores and names of the candidates of slots, one slot after another, the true one first.

    `names[candidate]`: a small number, 0 to N - 1.
    """

    scores: Floats
    sizes: NDArray[np.int64]
    names: NDArray[np.int64]

    def starts(self) -> NDArray[np.int64]:
        """Return where each slot begins."""
        return np.concatenate([[0], np.cumsum(self.sizes)[:-1]])

    def num_names(self) -> int:
        """Return N."""
        return int(self.names.max(initial=-1)) + 1


def balance(slots: Slots, refused: NDArray[np.bool_], *, reach: float, strength: float) -> Floats:
    """Return what to add to the score of each name, so that refusals leave it in balance.

    `refused[candidate]`: whether it yields nothing when it is drawn. A pair that is drawn
    (negatives/draws.py) takes its caption's name out and brings its negative's name in; as many are to
    go out as come in.
    """
    starts = slots.starts()
    first = np.repeat(starts, slots.sizes)
    yields = ~refused
    yields[starts] = False
    num_names = slots.num_names()
    found = np.zeros(num_names)
    for _ in range(_ROUNDS):
        scores = slots.scores + found[slots.names]
        gain = scores - scores[first]
        flow = np.exp(np.minimum(gain, 0)) * (yields & (np.abs(gain) <= reach))
        going = np.bincount(slots.names[first], flow, num_names)
        coming = np.bincount(slots.names, flow, num_names)
        found += (going - coming - strength * found) / (going + coming + strength)
    return found
