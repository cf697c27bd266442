"""A mean with weights against a mean of means."""

from statistics import fmean

import numpy as np
import pytest

from training.evaluation.strata import evened

CASES = {
    "one level": (("a", "b", "b", "b"), fmean([1, fmean([0, 1, 0])])),
    "all alike": (("a", "a", "a", "a"), 0.5),
    "two levels": (("s/x", "s/y", "s/y", "g/z"), fmean([fmean([1, fmean([0, 1])]), 0])),
    "none": ((), 0.5),
}
CREDITS = np.array([1.0, 0.0, 1.0, 0.0])


@pytest.mark.parametrize(("strata", "expected"), CASES.values(), ids=CASES)
def test_a_score_is_the_mean_of_means(strata: tuple[str, ...], expected: float) -> None:
    weights = evened(strata, np.ones(4, np.bool_))
    assert weights.mean() == pytest.approx(1)
    assert (CREDITS * weights).mean() == pytest.approx(expected)


def test_what_is_missing_weighs_nothing_in_the_means_of_others() -> None:
    present = np.array([True, False, True, False])
    weights = evened(("s/x", "s/y", "s/y", "g/z"), present)
    assert weights[present].tolist() == pytest.approx([1, 1])
    assert evened(("a", "b"), np.zeros(2, np.bool_)).tolist() == [1, 1]
