from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from data.errors import UsageError
from training.evaluation.compare import compared_runs, mcnemar
from training.evaluation.results import Results, Score
from training.evaluation.tables import compared_table


def score(outcomes: str, **changes: object) -> Score:
    found = [mark for mark in outcomes if mark != "?"]
    value = sum({"1": 1.0, "=": 0.5, "0": 0.0}[mark] for mark in found) / max(1, len(found))
    plain = Score(
        benchmark="b", task="t", kind="composition", measure="accuracy", value=value, low=0.0,
        high=1.0, ties=outcomes.count("="), items=len(found), expected=len(outcomes), chance=0.5,
        outcomes=outcomes, asked="abc",
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def run(*scores: Score) -> Results:
    return Results(model="m", weights="w", digest="d", scores=scores)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_test_is_the_exact_binomial_one(gained: int, lost: int) -> None:
    total = gained + lost
    expected = binomtest(gained, total).pvalue if total else 1.0
    assert mcnemar(gained, lost) == pytest.approx(expected, rel=1e-9)


@pytest.mark.timeout(10)
def test_the_test_is_quick_and_exact_for_many_items() -> None:
    assert mcnemar(12_400, 12_600) == pytest.approx(binomtest(12_400, 25_000).pvalue, rel=1e-9)
    assert mcnemar(25_000, 0) == 0


def test_items_that_only_one_run_has_right_are_counted() -> None:
    (pair,) = compared_runs(run(score("1100=0=?")), run(score("1011100?")))
    assert (pair.gained, pair.lost) == (3, 1)  # a tie is right in neither
    assert pair.p == pytest.approx(binomtest(3, 4).pvalue)
    assert (pair.before, pair.after) == (3 / 7, 4 / 7)


def test_a_run_beside_itself_differs_in_nothing() -> None:
    (pair,) = compared_runs(run(score("10=?")), run(score("10=?")))
    assert (pair.gained, pair.lost, pair.p) == (0, 0, 1.0)


def test_what_only_one_run_has_is_left_out() -> None:
    unscored = score("??", task="u", value=None)
    before = run(score("10"), score("10", task="only before"), unscored)
    after = run(score("01"), score("10", task="only after"), replace(unscored, value=0.5))
    assert [pair.task for pair in compared_runs(before, after)] == ["t"]


def test_a_measure_of_the_whole_has_no_p() -> None:
    whole = score("", items=5, value=0.75)
    (pair,) = compared_runs(run(whole), run(replace(whole, value=0.5)))
    assert (pair.p, pair.before, pair.after) == (None, 0.75, 0.5)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (score("10"), score("101"), "the same items in both runs"),
        (score("10"), score("10", asked="other"), "the same items in both runs"),
        (score("10?"), score("101"), "the same images in both runs, found 2 and 3"),
        (score("10?"), score("1?0"), "the same images in both runs, found 2 and 2"),
        (score("", items=5), score("", items=6), "the same images in both runs, found 5 and 6"),
        (score("10"), score("10", benchmark="c"), "no scored task in common"),
    ],
)
def test_what_cannot_be_compared_is_refused(before: Score, after: Score, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compared_runs(run(before), run(after))


def test_the_table_has_a_line_for_each_figure() -> None:
    whole = score("", items=5, measure="ROC AUC")
    before, after = run(score("1100"), whole), run(score("1111"), whole)
    lines = compared_table(compared_runs(before, after)).splitlines()
    assert lines[0].split() == ["before", "after", "gained", "lost", "p"]
    assert lines[1].split() == ["b", "t", "50.0", "100.0", "2", "0", "0.5"]
    assert lines[2].split()[:4] == ["b", "t", "ROC", "AUC"]
