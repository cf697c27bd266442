"""The conditional logit (McFadden, 1974): which of a slot's candidates a caption has.

p(candidate | slot) = exp(w . f) / sum over the slot's candidates. The weights w maximise the
likelihood of the captions' own words. At the maximum every feature has the same mean over captions
as over draws: a reader who uses these features cannot tell the two apart.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.fluency.lookups import Floats

_STEPS = 50
_SHORTEST = 1e-4  # smallest part of a step that is tried
_ROUNDS = 30
_SMALLEST = 1e-3  # smallest step of a bias, in nats
_MARGIN = 2.0  # nats beyond max_log_ratio from which biases may bring a pair in
_ENOUGH = 1e-6  # of the likelihood per slot


def log_shares(scores: Floats, sizes: Sequence[int] | NDArray[np.int64]) -> Floats:
    """Return log p of each candidate given its slot; `scores` are w . f, slot after slot."""
    lengths = np.array(sizes)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    highest = np.repeat(np.maximum.reduceat(scores, starts), lengths)
    totals = np.add.reduceat(np.exp(scores - highest), starts)
    shares: Floats = scores - highest - np.repeat(np.log(totals), lengths)
    return shares


def fit(
    features: NDArray[np.floating[Any]],
    sizes: Sequence[int] | NDArray[np.int64],
    *,
    prior: Floats,
    strength: float,
) -> Floats:
    """Return the weights: candidates x features in, the first candidate of each slot being true.

    Newton's method with a normal prior around `prior`; `strength` is its inverse variance in units
    of a feature's spread within slots.
    """
    features = features.astype(float)
    lengths = np.array(sizes)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    means = np.add.reduceat(features, starts, axis=0) / lengths[:, None]
    centred = features - np.repeat(means, lengths, axis=0)
    spread = np.maximum(centred.std(axis=0), 1e-6)
    scaled = centred / spread
    own = scaled[starts].sum(axis=0)
    weights = centre = prior * spread
    value = -np.inf

    def likelihood(at: Floats) -> float:
        of_captions = log_shares(scaled @ at, sizes)[starts].sum()
        return float(of_captions - strength / 2 * ((at - centre) @ (at - centre)))

    for _ in range(_STEPS):
        shares = np.exp(log_shares(scaled @ weights, sizes))
        expected = scaled * shares[:, None]
        by_slot = np.add.reduceat(expected, starts, axis=0)
        gradient = own - by_slot.sum(axis=0) - strength * (weights - centre)
        curvature = scaled.T @ expected - by_slot.T @ by_slot + strength * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        weights, new_value = _climb(likelihood, weights, step)
        if new_value - value < _ENOUGH * len(lengths):
            break
        value = new_value
    found: Floats = weights / spread
    return found


def _climb(
    function: Callable[[Floats], float], start: Floats, step: Floats
) -> tuple[Floats, float]:
    """Line search: move along a step while the function rises; return the point and its value."""
    before = function(start)
    length = 1.0
    while length > _SHORTEST:
        there = start + length * step
        reached = function(there)
        if reached > before:
            return there, reached
        length /= 2
    return start, before


class Pairs(NamedTuple):
    """Pairs of caption and alternative: how much higher the latter scores, and their names.

    Names are numbers from 0 to N - 1.
    """

    gains: Floats
    own: NDArray[np.int64]
    other: NDArray[np.int64]

    def flow(self, *, max_log_ratio: float) -> Floats:
        """Return the probability that each alternative is accepted (negatives/sampling.py)."""
        flow: Floats = np.exp(np.minimum(self.gains, 0.0)) * (np.abs(self.gains) <= max_log_ratio)
        return flow


def balance(pairs: Pairs, num_names: int, *, max_log_ratio: float, strength: float) -> Floats:
    """Return a bias for the score of each name that balances draws in and out.

    `pairs`: those that yield a negative when drawn. A drawn pair takes its caption's name out and
    brings its negative's name in; the expected numbers should be equal. N biases, with a normal
    prior around 0 with inverse variance `strength`.
    """
    near = np.abs(pairs.gains) <= max_log_ratio + _MARGIN
    gains, own, other = pairs.gains[near], pairs.own[near], pairs.other[near]
    found = np.zeros(num_names)
    for _ in range(_ROUNDS):
        flow = Pairs(gains + found[other] - found[own], own, other).flow(
            max_log_ratio=max_log_ratio
        )
        going = np.bincount(own, flow, num_names)
        coming = np.bincount(other, flow, num_names)
        step = (going - coming - strength * found) / (going + coming + strength)
        found += step
        if np.abs(step).max(initial=0.0) < _SMALLEST:
            break
    return found
