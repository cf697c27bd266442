import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve, roc_auc_score

from training.evaluation.ranking import (
    bootstrapped,
    log_shares,
    mean_average_precision,
    roc_auc,
)

few = st.lists(
    st.tuples(st.integers(0, 5), st.booleans(), st.integers(1, 3)), min_size=2, max_size=40
).filter(lambda rows: len({positive for _, positive, _ in rows}) == 2)


def ones(num: int) -> np.ndarray:
    return np.ones(num)


def elevater(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> float:
    """11 points by sklearn's curve, which ends at recall 0 with a precision of 1."""
    precision, recall, _ = precision_recall_curve(positive, scores, sample_weight=weights)
    levels = np.linspace(1, 0, 11)
    return float(np.mean([precision[recall >= level - 1e-9].max() for level in levels]))


@given(few)
def test_the_area_is_sklearns_with_ties_and_weights(rows: list[tuple[int, bool, int]]) -> None:
    scores, positive, weights = (np.array(column) for column in zip(*rows, strict=True))
    expected = roc_auc_score(positive, scores, sample_weight=weights)
    assert roc_auc(scores.astype(float), positive)(weights.astype(float)) == pytest.approx(expected)


@given(few)
def test_the_precision_is_that_of_sklearns_curve(rows: list[tuple[int, bool, int]]) -> None:
    scores, positive, weights = (np.array(column) for column in zip(*rows, strict=True))
    found = mean_average_precision(scores[:, None].astype(float), positive[:, None])
    assert found(weights.astype(float)) == pytest.approx(elevater(scores, positive, weights))


@pytest.mark.parametrize(
    ("positive", "expected"),
    [
        ([1, 1, 0, 0], 1.0),
        ([0, 1, 0, 1], (1 + 10 / 2) / 11),  # at every recall above 0 the best precision is 1/2
        ([1, 0, 0, 1], (1 + 5 * 1 + 5 / 2) / 11),
        ([0, 0, 0, 1], (1 + 10 / 4) / 11),
    ],
)
def test_eleven_points_by_hand(positive: list[int], expected: float) -> None:
    scores = np.array([[0.9], [0.7], [0.5], [0.3]])
    found = mean_average_precision(scores, np.array(positive, bool)[:, None])
    assert found(ones(4)) == pytest.approx(expected)


def test_the_mean_is_over_classes_that_have_images() -> None:
    scores = np.tile([[0.9], [0.1]], 3)
    positive = np.array([[True, False, False], [False, True, False]])
    expected = np.mean([1.0, (1 + 10 / 2) / 11])
    assert mean_average_precision(scores, positive)(ones(2)) == pytest.approx(expected)
    assert np.isnan(mean_average_precision(scores, np.zeros_like(positive))(ones(2)))


def test_an_area_needs_both_kinds() -> None:
    assert np.isnan(roc_auc(np.array([0.1, 0.2]), np.array([True, True]))(ones(2)))


def test_shares_are_a_softmax_at_a_scale_of_100() -> None:
    score_NC = np.array([[0.30, 0.28, 0.1], [-1.0, 1.0, 0.0]], np.float32)
    whole = np.exp(100 * score_NC.astype(float))
    expected = np.log(whole / whole.sum(1, keepdims=True))
    assert log_shares(score_NC) == pytest.approx(expected, abs=1e-4)


def test_the_interval_has_the_width_of_hanley_and_mcneil() -> None:
    num = 200
    scores = np.concatenate([np.arange(num) + 60.0, np.arange(num) + 0.5])
    positive = np.arange(2 * num) < num
    found = bootstrapped(roc_auc(scores, positive), 2 * num)
    area = found.value
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)  # Radiology 143 (1982), one-parameter
    variance = (area * (1 - area) + (num - 1) * (q1 + q2 - 2 * area**2)) / num**2
    assert area == pytest.approx(roc_auc_score(positive, scores))
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * variance**0.5, rel=0.2)
    assert found == bootstrapped(roc_auc(scores, positive), 2 * num)
    assert found != bootstrapped(roc_auc(scores, positive), 2 * num, seed=1)


def test_no_images_no_interval() -> None:
    found = bootstrapped(roc_auc(np.zeros(0), np.zeros(0, bool)), 0)
    assert np.isnan(found.value)
    assert found.low == -np.inf
