import json

import pytest

from data.config import plain
from data.errors import UsageError
from training.evaluation.golden import checked_golden, golden, golden_table
from training.evaluation.results import Results, Score

NAME = "ViT-B-32/openai"


def score(benchmark: str, task: str, measure: str, value: float | None, items: int = 10) -> Score:
    return Score(
        benchmark=benchmark, task=task, kind="composition", measure=measure, value=value, low=0.0,
        high=1.0, ties=0, items=items, expected=10, chance=0.5,
    )  # fmt: skip


def run(*scores: Score) -> Results:
    return Results(model="m", weights="w", digest="d", scores=scores)


def test_published_figures_are_shares() -> None:
    figures = golden(NAME)
    assert len(figures) == 46
    assert figures["sugarcrepe", "swap_obj", "accuracy"] == pytest.approx(0.6122)
    assert figures["coco", "", "T2I R@10"] == pytest.approx(0.6686)
    assert all(0 < value < 1 for value in figures.values())


def test_a_run_that_gives_the_figures_agrees() -> None:
    scores = [score(*key, value + 0.001) for key, value in golden(NAME).items()]
    checked = checked_golden(run(*scores), NAME)
    assert [each.verdict for each in checked] == [""] * 46


@pytest.mark.parametrize(
    ("value", "items", "verdict"),
    [
        (0.6122, 10, ""),
        (0.6165, 10, ""),
        (0.6177, 10, "differs"),
        (0.6067, 10, "differs"),
        (0.6122, 9, "9 of 10 items"),
        (0.1, 9, "9 of 10 items"),
    ],
)
def test_what_differs_and_what_is_incomplete_is_marked(
    value: float, items: int, verdict: str
) -> None:
    checked = checked_golden(run(score("sugarcrepe", "swap_obj", "accuracy", value, items)), NAME)
    assert [each.verdict for each in checked] == [verdict]
    table = golden_table(checked).splitlines()
    assert table[0].split() == ["published", "here"]
    assert table[1].split()[:4] == ["sugarcrepe", "swap_obj", "61.22", f"{100 * value:.2f}"]
    assert table[1].endswith(verdict)


def test_another_measure_is_another_figure() -> None:
    """ARO's figure is a mean over relations: one over items is not compared with it."""
    with pytest.raises(UsageError, match="expected one of its benchmarks in this run"):
        checked_golden(run(score("aro", "vg_relation", "accuracy", 0.599)), NAME)


def test_what_was_not_scored_is_not_compared() -> None:
    found = run(score("sugarcrepe", "swap_obj", "accuracy", None), score("svo", "", "accuracy", 1))
    with pytest.raises(UsageError, match="expected one of its benchmarks in this run"):
        checked_golden(found, NAME)


def test_an_unknown_model_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match="unknown 'ViT-B-32/opnai'; did you mean 'ViT-B-32/openai'"
    ):
        golden("ViT-B-32/opnai")


def test_figures_can_be_json() -> None:
    checked = checked_golden(run(score("sugarcrepe", "swap_obj", "accuracy", 0.6)), NAME)
    (found,) = json.loads(json.dumps(plain(checked)))
    assert found["published"] == pytest.approx(0.6122)
