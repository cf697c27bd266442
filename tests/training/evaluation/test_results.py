import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UsageError
from data.measures.intervals import Interval, share_interval
from training.evaluation.outcomes import Outcomes
from training.evaluation.results import (
    Results,
    Score,
    content_of,
    read_results,
    score_of,
    with_notes,
    write_results,
)
from training.evaluation.tables import table_of


def outcomes_of(
    *marks: float,
    weights: list[float] | None = None,
    groups: list[int] | None = None,
    whole: Interval | None = None,
) -> Outcomes:
    return Outcomes(
        measure="accuracy",
        credits_N=np.array(marks),
        weights_N=np.array(weights or [1.0] * len(marks)),
        groups_N=np.array(groups or range(len(marks)), np.int64),
        chance=0.5,
        whole=whole,
    )


def score(outcomes: Outcomes, expected: int | None = None) -> Score:
    return score_of(
        outcomes, benchmark="b", task="t", kind="composition", expected=expected,
        text_only={"longer": 0.25}, asked="abc",
    )  # fmt: skip


def test_right_wrong_even_and_missing() -> None:
    found = score(outcomes_of(1, 0.5, math.nan, 0, 1), expected=50)
    assert found.value == 2.5 / 4
    assert (found.ties, found.items, found.expected, found.coverage) == (1, 4, 50, 0.08)
    assert (found.outcomes, found.asked, found.chance) == ("1=?01", "abc", 0.5)
    assert found.text_only == {"longer": 0.25}
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < 2.5 / 4 < found.high < 1


def test_without_a_count_of_the_authors_the_file_counts() -> None:
    found = score(outcomes_of(1, math.nan))
    assert (found.items, found.expected, found.coverage) == (1, 2, 0.5)


def test_nothing_there_is_no_value_and_no_coverage() -> None:
    found = score(outcomes_of(math.nan, math.nan))
    assert (found.value, found.low, found.high, found.coverage) == (None, None, None, 0.0)
    assert (found.items, found.outcomes) == (0, "??")
    assert score(outcomes_of()).coverage == 0


def test_the_interval_is_over_images() -> None:
    marks = [1, 1, 0, 1, 0, 0, 1, 1] * 5
    alone = score(outcomes_of(*marks))
    together = score(outcomes_of(*marks, groups=[n // 20 for n in range(40)]))
    expected = share_interval(np.array(marks, float), np.arange(40))
    assert (alone.value, alone.low, alone.high) == pytest.approx(tuple(expected))
    assert together.value == alone.value
    assert together.low != alone.low


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(1, 9)), min_size=2,
             max_size=30)
)  # fmt: skip
def test_a_weighted_share_is_within_its_interval(rows: list[tuple[float, int]]) -> None:
    marks = [credit for credit, _ in rows]
    weights = np.array([weight for _, weight in rows], float)
    weights /= weights.mean()
    found = score(outcomes_of(*marks, weights=weights.tolist()))
    mean = float(np.average(marks, weights=weights))
    assert found.value == pytest.approx(mean)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.high <= 1
    for all_of_them in (0.0, 1.0):  # weights alone are no deviation
        even = score(outcomes_of(*[all_of_them] * len(rows), weights=weights.tolist()))
        plain = score(outcomes_of(*[all_of_them] * len(rows)))
        assert (even.value, even.low, even.high) == pytest.approx(
            (plain.value, plain.low, plain.high)
        )


def test_the_interval_of_a_weighted_share_is_that_of_what_items_add() -> None:
    marks = np.arange(3000) % 3 < 1.5
    weights = np.where(np.arange(3000) < 300, 5.0, 5 / 9)  # a tenth of the items weighs a half
    found = score(outcomes_of(*marks.astype(float), weights=weights.tolist()))
    mean = float((marks * weights).mean())
    deviation = float(np.sqrt(((weights * (marks - mean)) ** 2).sum())) / 3000
    assert found.low == pytest.approx(mean - 1.96 * deviation, abs=1e-3)
    assert found.high == pytest.approx(mean + 1.96 * deviation, abs=1e-3)


def test_a_score_of_the_whole_has_no_outcomes() -> None:
    found = score(outcomes_of(0, 0, math.nan, whole=Interval(0.7, 0.4, 1.2)))
    assert (found.value, found.low, found.high) == (0.7, 0.4, 1.0)
    assert (found.outcomes, found.items, found.ties) == ("", 2, 0)
    none = score(outcomes_of(0, whole=Interval(math.nan, -math.inf, math.inf)))
    assert (none.value, none.low, none.high) == (None, None, None)


RESULTS = Results(
    model="ViT-B-32",
    weights="run",
    digest="d" * 64,
    alpha=0.5,
    scores=(score(outcomes_of(1, 0.5, math.nan)), score(outcomes_of(math.nan))),
    summary={"Comp (1 of 11)": 0.75},
    notes=("b: 1 of 2 items have their images",),
)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "new/results.json"
    write_results(RESULTS, path)
    assert read_results(path) == RESULTS
    assert json.loads(path.read_text()) == json.loads(json.dumps(content_of(RESULTS)))
    plain = replace(RESULTS, alpha=None)
    write_results(plain, path)
    assert read_results(path) == plain
    assert (plain.name, RESULTS.name) == ("run", "run a=0.5")


def test_results_are_json_for_any_reader(tmp_path: Path) -> None:
    """No NaN, which most readers refuse."""
    path = tmp_path / "results.json"
    nothing = outcomes_of(math.nan, whole=Interval(math.nan, -math.inf, math.inf))
    write_results(replace(RESULTS, scores=(score(nothing),)), path)

    def refused(constant: str) -> None:
        pytest.fail(constant)

    json.loads(path.read_text(), parse_constant=refused)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected results of `evaluate`, found something else"),
        ("[]", "expected results of `evaluate`, found something else"),
        ("{}", "expected results of `evaluate`, found something else"),
        ('{"version": 1}', "expected results of `evaluate`, found something else"),
        ('{"version": 1, "scores": [{"x": 1}], "notes": []}', "found something else"),
        ('{"version": 99}', "expected results of version 1"),
    ],
)
def test_damaged_results_are_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=message):
        read_results(path)


def test_a_missing_file_and_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_results(tmp_path / "none.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_results(RESULTS, tmp_path / "file/results.json")


def test_scores_are_found_by_name() -> None:
    assert RESULTS.score("b", "t", "accuracy") == RESULTS.scores[0]
    assert RESULTS.score("b", "t", "I2T R@1") is None


def test_notes_are_added() -> None:
    assert with_notes(RESULTS, ["more"]).notes == (*RESULTS.notes, "more")


def test_a_table_says_what_is_needed_to_read_a_score() -> None:
    lines = table_of(RESULTS).splitlines()
    assert lines[0] == "ViT-B-32, run a=0.5"
    first = next(line for line in lines if line.startswith("b t"))
    assert first.split() == [
        "b",
        "t",
        "75.0",
        *first.split()[3:4],
        "1",
        "2",
        "3",
        "50.0",
        "longer",
        "25",
    ]
    assert lines[-1] == RESULTS.notes[0]
    assert any(line.split() == ["b", "t", "-", "0", "1", "50.0", "longer", "25"] for line in lines)
