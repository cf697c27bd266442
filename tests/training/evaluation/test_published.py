"""Published models beside runs: like beside like alone."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from benchmarks.known_results import file_of
from data.errors import UsageError
from negatives.pipeline.published import published_of
from training.cli import evaluate as command
from training.evaluation.beside import Average, averages_of, with_published
from training.evaluation.published import (
    backbone_of,
    checked_against,
    known_models,
    own_figures,
    published,
)
from training.evaluation.results import Results, Score, content_of, read_results, write_results
from training.evaluation.tables import table_of

SVG = "{http://www.w3.org/2000/svg}"
MODELS = {model.name: model for model in published().models}


def score(benchmark: str, task: str, value: float | None, **changes: object) -> Score:
    plain = Score(
        benchmark=benchmark, task=task, kind="composition", measure="accuracy", value=value,
        low=0.0, high=1.0, ties=0, items=10, expected=10, chance=0.5,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


CREPE = [score("crepe", task, 0.2) for task in ("atom", "swap", "negate")]
GROUP = [score("winoground", part, 0.1) for part in ("text", "image", "group")]
RECALLS = [
    score(name, task, 0.5, kind="retrieval", measure=measure)
    for name, task in (("coco", ""), ("flickr30k", ""), ("coco_counterfactuals", "retrieval"))
    for measure in ("I2T R@1", "I2T R@5", "T2I R@1")
]
SETS = [score("zeroshot", name, 0.6, kind="classification") for name in ("imagenet", "cifar10")]
RUN = Results(
    model="ViT-B-32-quickgelu", weights="mine", digest="d", scores=(*CREPE, *GROUP, *SETS)
)


def test_the_file_has_the_published_averages() -> None:
    """Figures as results.csv and the paper's table have them."""
    assert len(MODELS) == len(published().models) == 214
    openai, ours = MODELS["ViT-B-32/openai"], MODELS["fsc-clip/openai_coco/ViT-B-32"]
    for name, per_cent in (
        ("aro", 57.55), ("sugarcrepe", 73.03), ("imagecode", 21.72), ("eqben", 26.49),
        ("mmvp_vlm", 6.67), ("vlchecklist", 70.77), ("coco I2T R@1", 50.12),
        ("zeroshot imagenet", 63.34),
    ):  # fmt: skip
        assert openai.figures[name] == pytest.approx(per_cent / 100, abs=1e-9), name
    (average,) = averages_of([openai.figures], [openai])[1:2]
    assert (average.label, len(average.parts)) == ("ZS", 21)
    assert average.of(openai.figures) == pytest.approx(0.570952, abs=1e-4)
    assert {name: ours.figures[name] for name in ("ZS", "I2T", "T2I")} == pytest.approx(
        {"ZS": 0.5568, "I2T": 0.6626, "T2I": 0.5832}
    )
    assert all(0 <= share <= 1 for model in MODELS.values() for share in model.figures.values())
    assert {model.source for model in MODELS.values()} == set(published().sources)


BACKBONES = {
    "ViT-B-32": "ViT-B-32", "ViT-B-32-quickgelu": "ViT-B-32", "roberta-ViT-B-32": "ViT-B-32",
    "hf-hub:laion/CLIP-ViT-B-32-laion2B": "ViT-B-32", "diht_vitl14_336px": "ViT-L-14",
    "ViT-bigG-14": "ViT-bigG-14", "ViT-g-14": "ViT-g-14", "StableRep-pp_vitb16": "ViT-B-16",
    "ViT-B-16-SigLIP": "ViT-B-16-SigLIP", "RN50-quickgelu": "RN50", "RN50x64": "RN50x64",
    "auto-ViT-63M-32-Text-31M": "auto-ViT-63M-32-Text-31M", "model": "model",
}  # fmt: skip


@pytest.mark.parametrize(("name", "backbone"), BACKBONES.items())
def test_a_backbone_is_an_image_tower(name: str, backbone: str) -> None:
    assert backbone_of(name) == backbone


@pytest.mark.parametrize(
    ("scores", "names"),
    [
        (CREPE, ["crepe"]),
        (CREPE[:2], []),  # another mean than the published one
        ([*CREPE[:2], replace(CREPE[2], items=9)], []),  # other items
        ([*CREPE[:2], replace(CREPE[2], value=None)], []),
        (GROUP, ["winoground"]),
        ([score("sugarcrepe_pp", "a ITT", 0.1), score("scenes", "count", 0.1)], []),
        (RECALLS[:3], ["coco I2T R@1", "coco T2I R@1"]),
        ([replace(one, task="val2017") for one in RECALLS[:3]], []),
        (RECALLS, [*(f"{name} {side} R@1" for name in ("coco", "flickr30k", "coco_counterfactuals")
                     for side in ("I2T", "T2I")), "I2T", "T2I"]),
        (SETS, ["zeroshot imagenet", "zeroshot cifar10"]),
    ],
)  # fmt: skip
def test_only_what_is_like_a_published_figure_stands_beside_it(
    scores: list[Score], names: list[str]
) -> None:
    assert list(own_figures(scores)) == names


def test_a_mean_is_over_what_most_have_and_says_so() -> None:
    names = ("ViT-B-32/openai", "NegCLIP/coco-ft", "fsc-clip/openai_coco/ViT-B-32")
    models = [MODELS[name] for name in names]
    run = dict.fromkeys((*MODELS["ViT-B-32/openai"].figures, "spec"), 0.5)
    comp, zero_shot, *singles = averages_of([run], models)
    assert (comp.label, zero_shot.label) == ("Comp (10 of 11)", "ZS")
    assert "spec" not in comp.parts
    assert "spec" in {average.name for average in singles}
    assert comp.of(models[2].figures) is not None
    assert zero_shot.of(models[2].figures) == pytest.approx(0.5568)  # published as a mean alone
    fewer = Average("ZS", zero_shot.parts[1:])
    assert fewer.label == "ZS (20 of 21)"
    assert fewer.of(models[2].figures) is None


def test_models_of_the_backbone_stand_below_the_run(tmp_path: Path) -> None:
    found = with_published(RUN)
    beside = found.beside
    assert beside is not None
    assert beside.figures == ("Comp (2 of 11)", "ZS (2 of 21)", "crepe", "winoground")
    assert beside.own == pytest.approx((0.15, 0.6, 0.2, 0.1))
    assert len(beside.models) == len(known_models("ViT-B-32")) == 53
    means = [row.shares[0] or 0 for row in beside.models]
    assert means == sorted(means, reverse=True)
    assert "Comp (2 of 11) is the mean of crepe, winoground" in beside.notes
    assert any("arXiv 2406.09388" in note and "commit" in note for note in beside.notes)
    write_results(found, tmp_path / "a.json")
    assert read_results(tmp_path / "a.json") == found
    lines = [" ".join(line.split()) for line in table_of(found).splitlines()]
    assert "this run: mine 15.0 60.0 20.0 10.0" in lines
    assert "fsc-clip/openai_coco/ViT-B-32 25.8 - 42.2 9.5" in lines


@pytest.mark.parametrize(
    ("results", "backbone", "note"),
    [
        (
            replace(RUN, model="model"),
            None,
            "no published model has the backbone 'model': name another",
        ),
        (replace(RUN, scores=()), None, "no figure of this run is published for ViT-B-32"),
    ],
)
def test_a_note_says_that_there_is_nothing_like_it(
    results: Results, backbone: str | None, note: str
) -> None:
    found = with_published(results, backbone)
    assert found.beside is None
    assert found.notes[-1].startswith(note)
    assert with_published(RUN, "RN50").beside is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("publishd", "expected published or published:BACKBONE, found 'publishd'"),
        (
            "published:ViT-B-33",
            "no published model has the backbone 'ViT-B-33'; did you mean 'ViT-B-3",
        ),
    ],
)
def test_what_cannot_be_set_beside_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        checked_against(text)
    assert (checked_against("published"), checked_against("published:RN50")) == (None, "RN50")


def test_the_plot_has_the_cloud_behind_the_runs(tmp_path: Path) -> None:
    for name, value in (("a", 0.2), ("b", 0.3)):
        scores = (*(replace(one, value=value) for one in CREPE), *GROUP, *SETS)
        write_results(replace(RUN, weights=name, scores=scores), tmp_path / f"{name}.json")
    files = [str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    line = ["plot", *files, "--out", str(tmp_path / "p.svg"), "--against"]
    told = CliRunner().invoke(command, [*line, "published:RN50"])
    assert told.exception is None, told.output
    assert "Comp (2 of 11) is the mean of crepe, winoground" in told.output
    root = ET.parse(tmp_path / "p.svg").getroot()  # noqa: S314 - our own
    names = [str(title.text) for title in root.iter(f"{SVG}title")]
    assert names[0] == "Comp (2 of 11) against ZS (2 of 21)"
    assert sum(name.startswith("CyCLIP") for name in names) == 1
    assert {"a: 60.0, 15.0", "b: 60.0, 20.0"} < set(names)
    groups = [group.attrib["class"] for group in root.iter(f"{SVG}g") if "class" in group.attrib]
    assert groups.count("cloud") == 12
    assert groups.index("spot") > groups.index("cloud")
    refused = CliRunner().invoke(command, [*line, "published", "-y", "spec"])
    assert isinstance(refused.exception, UsageError)
    assert "no figure 'spec' that all runs" in str(refused.exception)


def test_the_page_shows_them_if_they_were_asked_for() -> None:
    plain = [content_of(replace(RUN, alpha=alpha)) for alpha in (0.0, 1.0)]
    assert published_of(plain) is None
    asked = [content_of(with_published(replace(RUN, alpha=alpha))) for alpha in (0.0, 1.0)]
    found = published_of(json.loads(json.dumps(asked)))
    assert found is not None
    assert found.rows[:2] == [[f"this run, {n}", "15.0", "60.0", "20.0", "10.0"] for n in (0, 1)]
    assert len(found.rows) == 55
    assert str(found.chart).count("cloud") == 45  # those that have single sets
    older = [{name: part for name, part in run.items() if name != "beside"} for run in plain]
    assert published_of(older) is None  # as files from before this have it


def test_the_file_is_made_of_the_authors_tables(tmp_path: Path) -> None:
    individual, extended = tmp_path / "individual_results.csv", tmp_path / "extended_results.csv"
    individual.write_text(
        "arch,pretrained,family,imagecode::videos,imagecode::static,winoground::text,"
        "winoground::group,coco_karpathy::i2t/R@1,coco_karpathy::i2t/R@5,elevator::imagenet-1k\n"
        "NegCLIP,coco-ft,X,10,20,30,8,59.344,70,60\nCyCLIP,cc3m,Y,10,20,30,8,59.3,70,60\n"
    )
    columns = (
        "aro,crepe,eqben,imagecode,sugarcrepe,svo_probes,valse,vl_checklist,whatsup,winoground,spec,"
        "Comp,ZS,I2T Ret,T2I Ret"
    )
    cells = ",".join(map(str, range(15)))
    extended.write_text(f"CLIP,Pretrained_Finetined,Arch,{columns}\na,b,ViT-B-16,{cells}\n")
    content = json.loads(file_of(individual, extended))
    assert content["figures"][:3] == ["imagecode", "winoground", "coco I2T R@1"]
    first, second, third = content["models"]
    assert first[:7] == ["NegCLIP/coco-ft", "ViT-B-32", "vl_compo", 11.87, 8.0, 59.34, 60.0]
    assert second[:2] == ["CyCLIP/cc3m", "RN50"]
    assert third[:5] == ["a/b/ViT-B-16", "ViT-B-16", "fsc-clip", 3.0, 9.0]
    assert set(first[7:]) == {None}
