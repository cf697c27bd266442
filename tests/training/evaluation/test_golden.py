import json
from pathlib import Path

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


COLUMNS = {
    "aro::VG_Relation": ("aro", "vg_relation", "mean of means"),
    "aro::COCO_Order": ("aro", "coco_order", "accuracy"),
    "eqben::eqbenag::group": ("eqben", "eqbenag group", "accuracy"),
    "svo_probes::subj_neg": ("svo", "subj_neg", "accuracy"),
    "valse::counting-small-quant": ("valse", "counting_small_quant", "accuracy"),
    "vl_checklist::Object_Size_large": ("vlchecklist", "object_size_large", "mean of means"),
    "whatsup::COCO_QA_ONE": ("whatsup", "coco_qa_one_obj", "accuracy"),
    "coco_karpathy::t2i/R@5": ("coco", "", "T2I R@5"),
    "flickr30k::i2t/R@1": ("flickr30k", "", "I2T R@1"),
    "mmvp_vlm::Texts::group": ("mmvp_vlm", "Text group", "accuracy"),
    "elevator::stanfordcar": ("zeroshot", "stanford_cars", "accuracy"),
    "elevator::eurosat-clip": ("zeroshot", "eurosat", "accuracy"),
    "elevator::voc2007classification": ("zeroshot", "voc2007", "11-point mAP"),
}


def test_a_file_of_published_results_is_read_by_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "individual_results.csv"
    head = ",".join(("arch", "pretrained", "family", *COLUMNS, "elevator::other", "mean"))
    cells = ",".join(str(n) for n in range(len(COLUMNS)))
    path.write_text(f"{head}\nViT-B-32,openai,CLIP,{cells},5,6\nDAC-LLM,cc3m-ft,X,,{cells},7\n")
    found = golden(f"{path}:ViT-B-32/openai")
    assert found == {figure: n / 100 for n, figure in enumerate(COLUMNS.values())}
    assert ("aro", "vg_relation", "mean of means") not in golden(f"{path}:DAC-LLM/cc3m-ft")
    for name, message in (
        (f"{path}:ViT-B-32/open", "did you mean 'ViT-B-32/openai'"),
        (f"{tmp_path}/none.csv:ViT-B-32/openai", "none.csv: expected the table"),
    ):
        with pytest.raises(UsageError, match=message):
            golden(name)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="arch and pretrained"):
        golden(f"{path}:ViT-B-32/openai")


def test_checkpoints_that_share_a_name_are_told_apart_by_family(tmp_path: Path) -> None:
    path = tmp_path / "individual_results.csv"
    path.write_text("arch,pretrained,family,crepe::atom\na,x,CLIP,1\na,x,LaCLIP,2\nb,x,CLIP,3\n")
    found = {name: golden(f"{path}:{name}") for name in ("a/x/CLIP", "a/x/LaCLIP", "b/x")}
    assert [list(figures.values()) for figures in found.values()] == [[0.01], [0.02], [0.03]]
    with pytest.raises(UsageError, match="unknown checkpoint 'a/x'"):
        golden(f"{path}:a/x")


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
