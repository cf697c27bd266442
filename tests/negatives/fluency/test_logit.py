"""The conditional logit on slots that a test draws from weights it knows."""

import numpy as np
import pytest
from numpy.typing import NDArray

from data.streams import Stream
from negatives.fluency.logit import Pairs, balance, fit, log_shares
from negatives.sampling import Acceptance

TRUE = np.array([1.5, -0.8, 0.0])
NUM = len(TRUE)
SIZES = [2 + number % 4 for number in range(3_000)]
FLAT = np.zeros(NUM)


def simulate(seed: int = 0) -> NDArray[np.float64]:
    """Return features of slots, in each of which the first candidate was drawn by TRUE."""
    stream = Stream("slots", seed)
    rows = []
    for size in SIZES:
        values = [[4 * stream.unit() - 2 for _ in range(NUM)] for _ in range(size)]
        own = stream.weighted_index(np.exp(np.array(values) @ TRUE).tolist())
        rows += [values[own], *values[:own], *values[own + 1 :]]
    return np.array(rows)


FEATURES = simulate()


def test_shares_of_a_slot_sum_to_one() -> None:
    scores = np.array([0.0, np.log(3), 1000.0, 1000.0, -5.0])
    shares = np.exp(log_shares(scores, [2, 2, 1]))
    assert shares == pytest.approx([0.25, 0.75, 0.5, 0.5, 1.0])


def test_fit_finds_the_weights_that_drew_the_slots() -> None:
    found = fit(FEATURES, SIZES, prior=FLAT, strength=1.0)
    assert found == pytest.approx(TRUE, abs=0.1)


def test_at_the_fit_captions_and_draws_have_the_same_features() -> None:
    found = fit(FEATURES, SIZES, prior=FLAT, strength=1e-6)
    shares = np.exp(log_shares(FEATURES @ found, SIZES))
    starts = np.cumsum([0, *SIZES[:-1]])
    expected = (FEATURES * shares[:, None]).sum(axis=0) / len(SIZES)
    assert FEATURES[starts].mean(axis=0) == pytest.approx(expected, abs=1e-4)


def test_what_shifts_a_whole_slot_changes_nothing() -> None:
    shift = np.repeat(np.arange(len(SIZES)) % 7, SIZES)[:, None]
    moved = fit(FEATURES + shift, SIZES, prior=FLAT, strength=1.0)
    assert moved == pytest.approx(fit(FEATURES, SIZES, prior=FLAT, strength=1.0), abs=1e-6)


def test_a_prior_pulls_by_its_strength() -> None:
    prior = np.array([-2.0, 2.0, 2.0])
    few = sum(SIZES[:30])
    away = [
        float(np.abs(fit(FEATURES[:few], SIZES[:30], prior=prior, strength=strength) - prior).max())
        for strength in (1e-3, 1.0, 10.0, 1e6)
    ]
    assert away == sorted(away, reverse=True)
    assert away[0] > 1.5
    assert away[-1] < 1e-3


def test_a_feature_that_says_nothing_gets_the_weight_of_the_prior() -> None:
    constant = np.repeat(np.arange(len(SIZES)), SIZES)[:, None].astype(float)
    features = np.concatenate([FEATURES, constant], axis=1)
    found = fit(features, SIZES, prior=np.zeros(NUM + 1), strength=1.0)
    assert found[:NUM] == pytest.approx(TRUE, abs=0.1)
    assert abs(found[NUM]) < 1e-6


MAX_LOG_RATIO = 2.5
NUM_NAMES = 3


def flows(pairs: Pairs, found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how often each name comes in less how often it goes out, as the draws have it."""
    net = np.zeros(NUM_NAMES)
    for gain, own, other in zip(*pairs, strict=True):
        chance = Acceptance(1.0, MAX_LOG_RATIO).chance(found[other] + gain - found[own])
        net[other] += chance
        net[own] -= chance
    return net


def one_sided_pairs() -> Pairs:
    """Return pairs of three names; where name 0 is the caption's, most with name 1 are refused."""
    stream = Stream("balance")
    rows = [
        (stream.unit() - stream.unit(), own, other)
        for own in (stream.below(NUM_NAMES) for _ in range(1_500))
        for other in range(NUM_NAMES)
        if other != own and not (own == 0 and other == 1 and stream.chance(0.8))
    ]
    gains, own, other = zip(*rows, strict=True)
    return Pairs(np.array(gains), np.array(own), np.array(other))


def test_balance_makes_the_flows_equal() -> None:
    pairs = one_sided_pairs()
    before = np.abs(flows(pairs, np.zeros(NUM_NAMES))).max()
    found = balance(pairs, NUM_NAMES, max_log_ratio=MAX_LOG_RATIO, strength=1e-3)
    assert before > 100
    assert np.abs(flows(pairs, found)).max() < 1.0
    strong = balance(pairs, NUM_NAMES, max_log_ratio=MAX_LOG_RATIO, strength=1e6)
    assert np.abs(strong).max() < 1e-3


def test_balance_leaves_alone_what_is_balanced() -> None:
    even = Pairs(np.zeros(2), np.array([0, 1]), np.array([1, 0]))
    assert balance(even, 2, max_log_ratio=MAX_LOG_RATIO, strength=1.0) == pytest.approx([0, 0])
    too_far = Pairs(np.array([9.0]), np.array([0]), np.array([1]))
    assert balance(too_far, 2, max_log_ratio=MAX_LOG_RATIO, strength=1.0) == pytest.approx([0, 0])
    none = Pairs(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert balance(none, 2, max_log_ratio=MAX_LOG_RATIO, strength=1.0) == pytest.approx([0, 0])
