"""The study's table: which rows it has, and what it says of them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.study import check_design
from benchmarks.study_methods import METHODS
from benchmarks.study_page import main
from benchmarks.study_tables import (
    FIGURES,
    binding_table,
    figures_of,
    markdown,
    picture,
    read_all,
    table,
    write_report,
)
from data.errors import UsageError
from data.scenes.questions import ON_BINDING
from training.config import settings_of
from training.evaluation.results import Results, Score, write_results

DOCS = Path(__file__).parents[2] / "docs"


def results(composition: float) -> Results:
    summary = dict.fromkeys(FIGURES.values(), 0.5) | {FIGURES["composition"]: composition}
    scores = tuple(
        Score(
            benchmark="scenes", task=task, kind="composition", measure="accuracy", value=value,
            low=None, high=None, ties=0, items=1, expected=1, chance=0.5,
            text_only={"no image": 0.6}, image_alone=0.4,
        )
        for task, value in (*((task, 0.7) for task in ON_BINDING), ("count", 0.1))
    )  # fmt: skip
    return Results(model="small", weights="w", digest="d", scores=scores, summary=summary)


def test_every_row_has_a_control_with_the_same_captions_that_draws_no_negatives() -> None:
    by_label = {method.label: method for method in METHODS}
    assert len(by_label) == len(METHODS)
    for method in METHODS:
        control = by_label[method.control]
        assert control.preset == "clip"
        assert control.draw == {}
        assert method.data in {
            control.data,
            f"{control.data} by natural",
            f"{control.data} by fsc-clip",
        }


def test_every_row_is_a_configuration_of_the_trainer() -> None:
    for method in METHODS:
        section = {"preset": method.preset, "losses": method.losses, "model": "scenes-tiny"}
        objective = settings_of({"training": section | {"pretrained": None}}).objective
        found = {each.loss: each.options for each in objective.losses}
        heads = [found[name] for name in ("global", "local") if name in found]
        if method.preset.startswith("fsc-clip"):
            assert heads
            assert all((each.gamma == 0) == ("alone" in method.label) for each in heads)


def test_figures_are_in_per_cent_and_binding_is_the_mean_of_its_tasks() -> None:
    found = figures_of(results(0.25))
    assert (found["composition"], found["count"]) == (25, 10)
    assert found["binding"] == pytest.approx(70)
    assert found["no image"] == found["swap_att, no image"] == pytest.approx(60)
    assert found["images alone"] == pytest.approx(40)
    assert found["swap_att, images alone"] == pytest.approx(40)


def row(*values: float) -> list[dict[str, float]]:
    zeros = dict.fromkeys([*FIGURES, "binding", "no image", "images alone"], 0.0)
    return [zeros | {"composition": value} for value in values]


@pytest.mark.parametrize(
    ("clip", "other", "against"),
    [
        ((60, 62), (70, 72), "+10.0 (+5.0)"),
        ((60, 62), (60, 62), "+0.0 (+0.0)"),
        ((60,), (70,), "+10.0"),
    ],
)
def test_a_row_is_held_to_its_control(
    clip: tuple[float, ...], other: tuple[float, ...], against: str
) -> None:
    found = {
        "CLIP, natural": row(*clip),
        "FSC-CLIP, natural": row(*other),
        "CLIP, composed": row(*other),
        "FSC-CLIP, composed": row(*other),
    }
    lines = {name: cells for name, *cells in table(found)}
    assert lines["FSC-CLIP, natural"][-3] == against
    assert lines["FSC-CLIP, composed"][-3].startswith("+0.0")
    assert lines["CLIP, natural"][-3] == ""


def test_the_report_has_the_runs_of_all_seeds(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    for name, share in (("pretrained", 0.5), ("CLIP, natural 0", 0.6), ("CLIP, natural 1", 0.7)):
        write_results(results(share), tmp_path / "results" / f"{name}.json")
    write_report(tmp_path)
    assert list(read_all(tmp_path / "results")) == ["pretrained", "CLIP, natural"]
    content = json.loads((tmp_path / "study.json").read_text())
    assert [run["composition"] for run in content["CLIP, natural"]] == [60, 70]
    assert (tmp_path / "tradeoff.svg").read_text().count('class="spot"') == 2


def test_the_page_has_the_figures_of_the_committed_results() -> None:
    found = json.loads((DOCS / "study.json").read_text(encoding="utf-8"))
    assert set(found) <= {"pretrained", *(method.label for method in METHODS)}
    page = (DOCS / "study.md").read_text(encoding="utf-8")
    assert markdown(table(found)) in page
    assert markdown(binding_table(found)) in page
    assert (DOCS / "pictures/study.svg").read_text(encoding="utf-8") == picture(found)


def test_the_page_is_written_from_a_folder_of_results(tmp_path: Path) -> None:
    for name, share in (("pretrained", 0.5), ("CLIP, statements 0", 0.6)):
        write_results(results(share), tmp_path / "results" / f"{name}.json")
    (tmp_path / "pictures").mkdir()
    page = (DOCS / "study.md").read_text(encoding="utf-8")
    (tmp_path / "study.md").write_text(page, encoding="utf-8")
    run = CliRunner().invoke(main, [str(tmp_path), "--docs", str(tmp_path)])
    assert run.exit_code == 0, run.output
    found = json.loads((tmp_path / "study.json").read_text())
    assert list(found) == ["pretrained", "CLIP, statements"]
    assert markdown(table(found)) in (tmp_path / "study.md").read_text(encoding="utf-8")


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    run = CliRunner().invoke(main, [str(tmp_path)])
    assert isinstance(run.exception, UsageError)


def test_a_folder_of_another_scale_is_refused(tmp_path: Path) -> None:
    check_design(tmp_path, {"design": 2, "steps": 1650})
    check_design(tmp_path, {"design": 2, "steps": 1650})
    with pytest.raises(UsageError, match=r"steps 1650 \(asked for 10\)"):
        check_design(tmp_path, {"design": 2, "steps": 10})
