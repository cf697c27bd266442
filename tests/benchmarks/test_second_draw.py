"""The powers of a second draw are found again on pairs that were drawn with known ones."""

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.second_draw import drawn_rows, fit_powers, line_of
from data.errors import UsageError
from data.records import Row
from data.streams import Stream
from negatives.draws import Powers
from tests.negatives.folders.small_folders import make_folder, row_of


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


def test_a_folder_without_scores_or_negatives_is_told(tmp_path: Path) -> None:
    scored = row_of("1", "A red car.", "A blue car.", score=0.5)
    plain = row_of("2", "A red bus.", "A tan bus.")
    bare = Row("3", "3.jpg", "A dog.", ())
    cases = {
        "none": ([bare], "found none"),
        "plain": ([plain, bare], "found 1 of 1 without"),
        "mixed": ([plain, scored], "found 1 of 2 without"),
    }
    for name, (rows, found) in cases.items():
        make_folder(tmp_path / name, {"train": rows})
        with pytest.raises(UsageError, match=f"expected negatives with scores, {found}; name a"):
            drawn_rows(tmp_path / name, 800)
    make_folder(tmp_path / "scored", {"train": [scored, bare]})
    assert drawn_rows(tmp_path / "scored", 800) == [scored]
