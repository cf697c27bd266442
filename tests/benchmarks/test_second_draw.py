"""The powers of a second draw are found again on pairs that were drawn with known ones."""

import math

import numpy as np
import pytest

from benchmarks.second_draw import fit_powers, line_of
from data.streams import Stream
from negatives.draws import Powers


@pytest.mark.parametrize("truth", [Powers(0.75, 0.2), Powers(1.0, 0.0), Powers(0.3, 1.2)])
def test_powers_are_found_again(truth: Powers) -> None:
    stream = Stream(3)
    pairs = [(3 * stream.unit() - 1.5, 8 * stream.unit() - 4) for _ in range(10_000)]
    drawn: list[tuple[float, float]] = []
    for gain, neural_gain in pairs:
        log_odds = (1 - truth.corpus) * gain - truth.neural * neural_gain  # against the mirror
        is_seen = stream.chance(1 / (1 + math.exp(-log_odds)))
        drawn.append((gain, neural_gain) if is_seen else (-gain, -neural_gain))
    fit = fit_powers(np.array(drawn))
    for found, error, true in zip(*fit, truth, strict=True):
        assert 0 < error < 0.1
        assert abs(found - true) < 4 * error


def test_a_line_says_what_is_kept_and_what_is_ahead() -> None:
    gains = np.array([(0.0, 1.0), (0.0, -1.0), (0.0, 9.0)])
    line = line_of(gains, Powers(1.0, 100.0), 2.0)
    assert "keeps 0.333; caption ahead by q 0.000, by p 0.500" in line
