"""The powers of two scorers are found again on pairs that were drawn with known ones."""

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.second_draw import Powers, fit_powers, line_of, sample_rows, share_left
from data.errors import UsageError
from data.records import Row
from data.streams import Stream
from negatives.sampling import Acceptance
from tests.negatives.folders.small_folders import make_folder, row_of


@pytest.mark.parametrize("truth", [Powers(0.75, 0.2), Powers(1.0, 0.0), Powers(0.3, 1.2)])
def test_powers_are_found_again(truth: Powers) -> None:
    stream = Stream(3)
    pairs = [(3 * stream.unit() - 1.5, 8 * stream.unit() - 4) for _ in range(10_000)]
    drawn: list[tuple[float, float]] = []
    for by_p, by_q in pairs:
        log_odds = (1 - truth.corpus) * by_p - truth.causal * by_q  # against the mirror
        is_seen = stream.chance(1 / (1 + math.exp(-log_odds)))
        drawn.append((by_p, by_q) if is_seen else (-by_p, -by_q))
    fit = fit_powers(np.array(drawn))
    for found, error, true in zip(*fit, truth, strict=True):
        assert 0 < error < 0.1
        assert abs(found - true) < 4 * error


@pytest.mark.parametrize(
    ("by_corpus", "by_causal", "expected"),
    [
        (1.0, 1.0, 1.0),  # both find the negative likelier
        (1.0, -1.0, math.exp(-0.2)),
        (-1.0, 1.0, math.exp(1 - 0.75)),  # with v < 1 more is drawn than by the corpus alone
        (-1.0, -1.0, math.exp(1 - 0.75 - 0.2)),
        (0.0, 3.5, 0.0),
    ],
)
def test_what_two_scorers_leave_of_pairs_drawn_by_one(
    by_corpus: float, by_causal: float, expected: float
) -> None:
    found = share_left(by_corpus, by_causal, Powers(0.75, 0.2), 3.0)
    assert found == pytest.approx(expected)
    if by_causal < 3.0:
        drawn = Acceptance(1.0, 3.0).chance(by_corpus)
        by_both = Acceptance(0.75, 3.0).chance(by_corpus) * Acceptance(0.2, 3.0).chance(by_causal)
        assert drawn * found == pytest.approx(by_both)


def test_a_line_says_how_many_are_left_and_what_is_ahead() -> None:
    log_ratios = np.array([(0.0, 1.0), (0.0, -1.0), (0.0, 9.0)])
    line = line_of(log_ratios, Powers(1.0, 100.0), 2.0)
    assert "0.333 of the negatives; caption ahead by q 0.000, by p 0.500" in line


def test_a_folder_without_scores_or_negatives_is_told(tmp_path: Path) -> None:
    scored = row_of("1", "A red car.", "A blue car.", score=0.5)
    plain = row_of("2", "A red bus.", "A tan bus.")
    bare = Row("3", ("3.jpg",), "A dog.", ())
    cases = {
        "none": ([bare], "found none"),
        "plain": ([plain, bare], "found 1 of 1 without"),
        "mixed": ([plain, scored], "found 1 of 2 without"),
    }
    for name, (rows, found) in cases.items():
        make_folder(tmp_path / name, {"train": rows})
        with pytest.raises(UsageError, match=f"expected negatives with scores, {found}; name a"):
            sample_rows(tmp_path / name, 800)
    make_folder(tmp_path / "scored", {"train": [scored, bare]})
    assert sample_rows(tmp_path / "scored", 800) == [scored]
