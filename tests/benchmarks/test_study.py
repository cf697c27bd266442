"""The study's table: which rows it has, and what it says of them."""

import json
from pathlib import Path

import pytest

from benchmarks.study import FIGURES, methods, write_report
from training.config import settings_of
from training.evaluation.results import Results, Score


def results(composition: float) -> Results:
    summary = dict.fromkeys(FIGURES.values(), 0.5) | {FIGURES["composition"]: composition}
    score = Score(
        benchmark="scenes", task="a", kind="composition", measure="accuracy", value=composition,
        low=None, high=None, ties=0, items=1, expected=1, chance=0.5, text_only={"no image": 0.6},
    )  # fmt: skip
    return Results(model="small", weights="w", digest="d", scores=(score,), summary=summary)


def test_every_way_of_training_with_every_sort_of_negatives() -> None:
    labels = [method.label for method in methods()]
    assert len(labels) == len(set(labels)) == 1 + 4 + 3 * 5
    assert {"CLIP natural composites", "FSC-CLIP natural composites any"} <= set(labels)
    assert {"CLIP", "FSC-CLIP fsc-clip by type", "global alone natural any"} <= set(labels)


def test_every_row_is_a_configuration_of_the_trainer() -> None:
    for method in methods():
        section = {"preset": method.preset, "losses": method.losses, "model": "scenes-tiny"}
        objective = settings_of({"training": section | {"pretrained": None}}).objective
        found = {each.loss: each.options for each in objective.losses}
        assert ("global" in found) == (
            method.preset.startswith("fsc") and "local alone" not in method.label
        )
        heads = [found[name] for name in ("global", "local") if name in found]
        assert all((each.gamma == 0) == ("alone" in method.label) for each in heads)


@pytest.mark.parametrize(
    ("clip", "other", "verdict"),
    [
        ((0.60, 0.62), (0.70, 0.72), "+5.0 deviations"),
        ((0.60, 0.62), (0.60, 0.62), "+0.0 deviations"),
        ((0.60, 0.60), (0.70, 0.70), "no deviation"),
    ],
)
def test_the_report_says_how_far_a_row_is_from_clip(
    tmp_path: Path, clip: tuple[float, ...], other: tuple[float, ...], verdict: str
) -> None:
    found = {"CLIP": list(map(results, clip)), "FSC-CLIP": list(map(results, other))}
    write_report(tmp_path, results(0.5), found)
    (line,) = [x for x in (tmp_path / "study.txt").read_text().splitlines() if "FSC-CLIP" in x]
    assert line.endswith(verdict)
    content = json.loads((tmp_path / "study.json").read_text())
    assert content["FSC-CLIP"]["composition"] == list(other)
    assert (tmp_path / "tradeoff.svg").read_text().count('class="spot"') == 2
