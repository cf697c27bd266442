import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.streams import Stream
from tests.training.evaluation.features import scored
from training.evaluation.margin_tables import margin_tables
from training.evaluation.margins import (
    LEVELS,
    Floats,
    HardPositives,
    Margins,
    calibration_error,
    calibration_interval,
)
from training.evaluation.outcomes import compared
from training.evaluation.results import Results, Score, read_results, write_results
from training.evaluation.summary import summary_of
from training.evaluation.tables import table_of
from training.evaluation.tasks import (
    CAPTIONS,
    GROUP,
    PARAPHRASES,
    TEXT_ALONE,
    TRUE_BEFORE_FALSE,
    ImageRef,
    Item,
    Layout,
    Task,
)


def margins(
    layout: Layout, *scores: list[list[float]], scale: float = 1.0, gone: int = 0
) -> Margins | None:
    """Return the margins of items with these scores, images x captions, and more without images."""
    rows = sum(len(score) for score in scores)
    columns = sum(len(score[0]) for score in scores)
    table, items = np.zeros((rows, columns), np.float32), []
    row = column = 0
    for score in scores:
        height, width = len(score), len(score[0])
        table[row : row + height, column : column + width] = score
        images = tuple(ImageRef(str(n)) for n in range(row, row + height))
        items.append(Item("", images, tuple(map(str, range(column, column + width)))))
        row, column = row + height, column + width
    items += [Item("", (ImageRef("gone"),), ("0", "1"))] * gone
    encodings = replace(scored(table), scale=scale)
    return compared(Task(name="", layout=layout, items=tuple(items)), encodings).margins


def test_a_margin_is_that_of_the_closest_comparison() -> None:
    found = margins(CAPTIONS, [[3, 1, 2]], [[1, 4, 0]], [[5, 5, 5]], gone=2)
    assert found is not None
    assert found.mean == pytest.approx((1 - 3 + 0) / 3)
    assert found.quantiles == pytest.approx(np.quantile([1, -3, 0], LEVELS))
    assert found.hard_positives is None
    groups = margins(GROUP, [[5, 1], [2, 4]])
    assert groups is not None
    assert groups.mean == 2  # the second image prefers its caption by 2, the first by 4


def softmax(*logits: float) -> float:
    """Return the probability of the highest."""
    return max(math.exp(logit) for logit in logits) / sum(math.exp(logit) for logit in logits)


CHOICES: list[tuple[Layout, list[list[float]], list[tuple[tuple[float, ...], float]]]] = [
    (CAPTIONS, [[3, 1, 2]], [((3, 1, 2), 1)]),
    (CAPTIONS, [[1, 4]], [((1, 4), 0)]),
    (CAPTIONS, [[4, 4]], [((4, 4), 0.5)]),
    (PARAPHRASES, [[3, 1, 2]], [((3, 2), 1), ((1, 2), 0)]),
    (TRUE_BEFORE_FALSE, [[3, 2, 1, 0]], [((3, 1, 0), 1), ((2, 1, 0), 1)]),
    (GROUP, [[5, 1], [6, 4]], [((5, 1), 1), ((4, 6), 0), ((5, 6), 0), ((4, 1), 1)]),
]


@pytest.mark.parametrize(("layout", "score", "choices"), CHOICES)
@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_a_choice_is_a_softmax_at_the_models_temperature(
    layout: Layout,
    score: list[list[float]],
    choices: list[tuple[tuple[float, ...], float]],
    scale: float,
) -> None:
    found = margins(layout, score, scale=scale)
    assert found is not None
    sure = np.array([softmax(*(scale * logit for logit in logits)) for logits, _ in choices])
    over = sure.mean() - np.mean([right for _, right in choices])
    assert found.overconfidence == pytest.approx(over)
    assert found.calibration_error == pytest.approx(abs(over))  # one bin, of fewer than ten


def test_large_logits_do_not_overflow() -> None:
    found = margins(CAPTIONS, [[0, 1]], [[1, 0]], scale=1e6)
    assert found is not None
    assert found.overconfidence == 0.5


def test_texts_alone_have_no_temperature() -> None:
    rows = scored(np.eye(3, dtype=np.float32))
    task = Task(name="", layout=TEXT_ALONE, items=(Item("", (), ("0", "1", "2")),))
    found = compared(task, rows).margins
    assert found == Margins(mean=0.0, quantiles=(0.0,) * len(LEVELS))


def test_nothing_compared_has_no_margins() -> None:
    assert margins(CAPTIONS, [[1, 2]]) is not None
    task = Task(name="", layout=CAPTIONS, items=(Item("", (ImageRef("gone"),), ("0", "1")),))
    assert compared(task, scored(np.eye(2, dtype=np.float32))).margins is None


@pytest.mark.parametrize(
    ("bins", "expected"),
    [
        ([(0.8, 0.8)], 0),
        ([(0.8, 0.5)], 0.3),
        ([(0.6, 0.7), (0.9, 0.7)], 0.15),  # opposite gaps do not cancel out
        ([(0.1 * n, 0.0) for n in range(1, 4)], 0.2),
        ([(n / 100, n % 2) for n in range(30)], 0.355),  # 15 bins, of two levels each
    ],
)
def test_the_error_is_the_mean_gap_over_bins_of_equal_mass(
    bins: list[tuple[float, float]], expected: float
) -> None:
    sure = np.repeat([confidence for confidence, _ in bins], 10)
    right = np.concatenate([np.arange(10) < round(10 * share) for _, share in bins]).astype(float)
    assert calibration_error(sure, right) == pytest.approx(expected)
    assert calibration_error(sure[::-1], right[::-1]) == pytest.approx(expected)
    many = np.tile(sure, 50), np.tile(right, 50)
    assert calibration_error(*many) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("num_images", [200, 900])
def test_the_errors_interval_is_as_wide_as_new_images_move_it(num_images: int) -> None:
    def drawn(seed: int) -> tuple[Floats, Floats]:
        stream = Stream("choices", seed)
        sure = np.array([0.5 + stream.unit() / 2 for _ in range(num_images)])
        right = [stream.chance(share) for share in 0.8 * sure]
        return sure, np.array(right, np.float64)

    errors = [calibration_error(*drawn(seed)) for seed in range(60)]
    sure, right = drawn(0)
    ends = calibration_interval(sure, right, np.arange(num_images))
    assert ends is not None
    assert sum(ends) / 2 == pytest.approx(errors[0])
    assert ends[1] - ends[0] == pytest.approx(2 * 1.96 * np.std(errors), rel=0.25)
    assert calibration_interval(sure, right, np.arange(num_images)) == ends
    copies = np.repeat(sure, 2), np.repeat(right, 2), np.arange(2 * num_images) // 2
    twice = calibration_interval(*copies)
    assert twice is not None  # more choices of the same images narrow nothing
    assert twice[1] - twice[0] == pytest.approx(ends[1] - ends[0], rel=0.15)
    assert calibration_interval(sure, right, np.zeros(num_images, np.int64)) is None


POSITIVES = [
    ([[3, 2, 1]], (1, 0, 0)),
    ([[3, 1, 2]], (1, 1, 1)),
    ([[1, 3, 2]], (0, 0, 1)),
    ([[1, 0, 2]], (0, 1, 0)),
    ([[3, 2, 2]], (1, 0.5, 0.5)),
    ([[2, 2, 2]], (0.5, 0.5, 0)),
    ([[3, 1, 4, 2]], (1, 0.5, 1)),
]


@pytest.mark.parametrize(("score", "shares"), POSITIVES)
def test_hard_positives_are_accepted_or_rejected(
    score: list[list[float]], shares: tuple[float, ...]
) -> None:
    found = margins(PARAPHRASES, score)
    assert found is not None
    assert found.hard_positives == HardPositives(
        accepted=shares[0], rejected=shares[1], brittle=shares[2]
    )


def test_hard_positives_are_shares_of_items() -> None:
    found = margins(PARAPHRASES, *(score for score, _ in POSITIVES[:4]))
    assert found is not None
    assert found.hard_positives == HardPositives(accepted=0.5, rejected=0.5, brittle=0.5)
    alone = margins(PARAPHRASES, [[1, 0]])
    assert alone is not None
    assert alone.hard_positives is None


FOUND = Margins(
    mean=0.0123, quantiles=(-0.01, 0.0, 0.01, 0.02, 0.03), calibration_error=0.071,
    calibration_interval=(0.05, 0.092), overconfidence=-0.02,
    hard_positives=HardPositives(accepted=0.9, rejected=0.4, brittle=0.3),
)  # fmt: skip
SCORE = Score(
    benchmark="hard_positives", task="swap augmented", kind="paraphrases", measure="accuracy",
    value=0.5, low=0.4, high=0.6, ties=0, items=2, expected=2, chance=0.3, margins=FOUND,
)  # fmt: skip
ALONE = replace(SCORE, task="t", margins=Margins(mean=0.5, quantiles=(0.5,) * 5))
RESULTS = Results(model="m", weights="w", digest="d", scores=(SCORE, ALONE))


def test_margins_are_in_the_file_and_older_files_have_none(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(RESULTS, path)
    assert read_results(path) == RESULTS
    content = json.loads(path.read_text())
    for score in content["scores"]:
        del score["margins"]["calibration_interval"]
    path.write_text(json.dumps(content))
    found = read_results(path).scores[0].margins
    assert found == replace(FOUND, calibration_interval=None)
    for score in content["scores"]:
        del score["margins"]
    path.write_text(json.dumps(content))
    assert [score.margins for score in read_results(path).scores] == [None, None]


def test_tables_have_what_there_is() -> None:
    text = table_of(RESULTS)
    (line,) = (line for line in text.splitlines() if "-1.00" in line)
    assert " ".join(line.split()[3:]) == "1.23 -1.00 0.00 1.00 2.00 3.00 7.10 (5.00-9.20) -2.00"
    assert "hard_positives swap augmented      90.0      40.0     30.0" in text
    assert "margins" not in table_of(replace(RESULTS, scores=(replace(SCORE, margins=None),)))
    assert ALONE.margins is not None
    spread, positives = margin_tables([("a", [FOUND, FOUND]), ("b", [FOUND, ALONE.margins])])
    assert spread[0] == (
        *("margins", "mean", "after", "5 %", "after", "50 %", "after", "ECE (95 %)", "after"),
        *("overconfident", "after"),
    )
    assert " ".join(spread[2]) == "b 1.23 50.00 -1.00 50.00 1.00 50.00 7.10 (5.00-9.20) - -2.00 -"
    assert [" ".join(row) for row in positives[1:]] == ["a 90.0 90.0 40.0 40.0 30.0 30.0"]


def test_brittleness_is_in_the_summary_by_kind() -> None:
    found = summary_of([SCORE, ALONE, replace(SCORE, benchmark="scenes", task="paraphrases")])
    named = {name: value for name, value in found.items() if "brittleness" in name}
    assert named == {
        "hard_positives swap brittleness": 0.3, "scenes paraphrases brittleness": 0.3,
    }  # fmt: skip
