import re
from typing import Any

import pytest
import yaml

from data.errors import UsageError
from tests.training.tiny import OBJECTIVES
from training.batches.draw import positives_of
from training.config import LoraOptions, settings_of
from training.objective.objective import Objective, weighted
from training.presets import BACKBONES, BY_TYPE, PRESETS, backbone_of, draw_for

FSC_CLIP = ["clip", "global", "local"]


@pytest.mark.parametrize(
    ("preset", "model", "batch", "losses", "weights", "lr", "rank"),
    [
        ("fsc-clip", "ViT-B-32", 256, FSC_CLIP, (0.5, 0.2), 5e-6, 0),
        ("fsc-clip", "ViT-B/32", 256, FSC_CLIP, (0.5, 0.2), 5e-6, 0),
        ("fsc-clip", "ViT-B-16", 128, FSC_CLIP, (0.5, 0.5), 5e-6, 0),
        ("fsc-clip", "ViT-L-14", 256, FSC_CLIP, (0.5, 0.5), 5e-6, 0),
        ("fsc-clip", "RN50", 256, FSC_CLIP, (0.5, 0.2), 5e-6, 0),
        ("fsc-clip-lora", "ViT-B-32-quickgelu", 256, FSC_CLIP, (0.5, 0.2), 5e-5, 4),
        ("negclip", "ViT-B-32", 256, ["negclip"], (), 5e-6, 0),
        ("clip", "ViT-B-16", 128, ["clip"], (), 5e-6, 0),
    ],
)
def test_presets_by_backbone(  # noqa: PLR0917 - a table
    preset: str,
    model: str,
    batch: int,
    losses: list[str],
    weights: tuple[float, ...],
    lr: float,
    rank: int,
) -> None:
    found = settings_of({"training": {"preset": preset, "model": model}})
    names = [each.loss for each in found.objective.losses]
    assert (found.batch_size, names) == (batch, losses)
    assert tuple(each.weight for each in found.objective.losses[1:]) == weights
    assert (found.optimizer.lr, found.lora.rank, found.lora.alpha) == (lr, rank, 1.0)
    for each in found.objective.losses[1:]:
        assert (each.options.gamma, each.options.beta) == (2.0, 0.02)
    optimizer = found.optimizer
    assert (optimizer.betas, optimizer.eps, optimizer.weight_decay) == ((0.9, 0.98), 1e-6, 0.1)
    assert (optimizer.warmup_steps, found.epochs) == (50, 5)
    assert found.config.precision == "bf16"


def test_presets_are_the_objectives_that_are_tested() -> None:
    for name, objective in OBJECTIVES.items():
        assert settings_of({"training": {"preset": name}}).objective == objective


def test_what_is_given_wins_over_the_preset() -> None:
    section = {
        "preset": "fsc-clip-lora",
        "losses": ["clip", {"loss": "global", "weight": 1, "gamma": None}],
        "lora": {"rank": 8},
        "optimizer": {"lr": 1e-3},
        "batch_size": 8,
    }
    found = settings_of({"training": section})
    assert found.objective == Objective((weighted("clip"), weighted("global", weight=1.0)))
    assert found.lora == LoraOptions(rank=8)
    assert (found.optimizer.lr, found.batch_size) == (1e-3, 8)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"epoch": 1}, "unknown option 'epoch'; did you mean 'epochs'"),
        ({"preset": "fscclip"}, "did you mean 'fsc-clip'"),
        ({"losses": {"clip": 1}}, r"training\.losses: expected a list"),
        ({"losses": []}, r"training\.losses: expected a list"),
        ({"losses": ["clap"]}, r"training\.losses: expected \{loss: NAME.*did you mean 'clip'"),
        ({"losses": ["clip", {"weight": 1}]}, "expected {loss: NAME, ...}, found {'weight': 1}"),
        ({"losses": ["clip", "clip"]}, "expected each loss once, found 'clip' twice"),
        ({"losses": [{"loss": "clip", "gamma": 1}]}, "losses.clip: unknown option 'gamma'"),
        ({"losses": [{"loss": "global", "gama": 1}]}, "did you mean 'gamma'"),
        ({"losses": [{"loss": "global", "weight": 0}]}, "expected a positive number, found 0"),
        ({"losses": [{"loss": "local", "beta": 2}]}, "local.beta: expected 0 to 1, found 2"),
        ({"losses": [{"loss": "local", "attention": "max"}]}, r"losses\.local\.attention"),
        ({"lora": {"rank": -1}}, "lora.rank: expected 0 or more, found -1"),
        ({"optimizer": {"lr": -1}}, "lr: expected a positive number, found -1"),
        ({"optimizer": {"betas": [0.9, 1.0]}}, "betas: expected 0 to 1"),
        ({"optimizer": {"clip_norm": 0}}, "clip_norm: expected a positive number"),
        ({"run": {"workers": -1}}, "run.workers: expected 0 or more"),
        ({"run": {"worker": 1}}, "did you mean 'workers'"),
        ({"precision": "float"}, r"training\.precision"),
        ({"epochs": 0}, r"training\.epochs"),
        ({"frozen": "vision"}, r"training\.frozen"),
        ({"teacher": {"decay": 2}}, "teacher.decay: expected 0 to 1, found 2"),
        ({"losses": ["clip", {"loss": "ranking", "upper_bound": -1}]}, "upper_bound: expected 0"),
        ({"losses": ["clip", {"loss": "margin", "margin": 0}]}, "a margin above 0"),
        ({"losses": ["clip", {"loss": "margin", "doubt": 1}]}, "less than the margin of 0.5"),
        ({"losses": ["clip", {"loss": "text_distance", "first": 0}]}, "first: expected 1 or more"),
        ({"losses": ["clip", {"loss": "text_grounded", "scale": 0}]}, "a positive number, found 0"),
        ({"composites": 1}, "composites: expected a share from 0 to below 1"),
        ({"composites": {"evry": 2}}, "composites: unknown option 'evry'; did you mean 'every'"),
        ({"crop": [0.5, 1.5]}, "crop: expected shares"),
    ],
)
def test_a_wrong_section_is_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        settings_of({"training": section})


@pytest.mark.parametrize(
    ("section", "now"),
    [
        (
            {"run": {"parts": 4}},
            r"training.run.parts: was renamed .found 4.; use training.run.micro_batches",
        ),
        ({"loss": {"global_weight": 1.0}}, r"\[clip, \{loss: global, weight: 1.0\}, local\]"),
        ({"loss": {"global_weight": 0, "gamma": None}}, r"\[clip, local\]"),
        ({"loss": {"contrastive": "negclip"}, "preset": "clip"}, r"training.losses: \[negclip\]"),
        ({"loss": {"local_weight": 2}, "preset": "clip"}, r"\[clip, \{loss: local, weight: 2\}\]"),
        (
            {"loss": {"gamma": 1, "attention": "sparse"}},
            r"\[clip, \{loss: global, gamma: 1\}, \{loss: local, gamma: 1, attention: sparse\}\]",
        ),
        ({"loss": None}, r"training.losses: \[clip, global, local\]"),
    ],
)
def test_an_old_spelling_is_refused_with_the_new_one(section: dict[str, Any], now: str) -> None:
    with pytest.raises(UsageError, match=now) as caught:
        settings_of({"training": section})
    written = re.search(r"training.losses: (\[.*\])", str(caught.value))
    if written:
        given = {**section, "losses": yaml.safe_load(written[1])}
        del given["loss"]
        assert settings_of({"training": given})


def test_other_sections_are_let_be() -> None:
    assert settings_of({"negatives": {"seed": 1}, "data": None}) == settings_of({})
    with pytest.raises(UsageError, match="unknown section 'trainig'"):
        settings_of({"trainig": {}})


def test_what_shapes_the_weights_is_the_content_and_nothing_else() -> None:
    same = {"run": {"workers": 9, "micro_batches": 2, "compile": True}, "validation": "val"}
    assert settings_of({"training": same}).content() == settings_of({}).content()
    for other in (
        {"seed": 1},
        {"epochs": 2},
        {"losses": ["clip", {"loss": "global", "gamma": 1}]},
        {"optimizer": {"lr": 1}},
    ):
        assert settings_of({"training": other}).content() != settings_of({}).content()


@pytest.mark.parametrize(
    ("preset", "made_with", "available", "draw"),
    [
        ("fsc-clip", "fsc-clip", ("swap", "replace", "shuffle"), BY_TYPE),
        ("fsc-clip-lora", "fsc-clip", ("shuffle", "replace", "swap", "add"), BY_TYPE),
        ("fsc-clip", "natural", ("swap", "replace", "shuffle"), {"any": 3}),
        ("fsc-clip", "fsc-clip", ("swap", "replace"), {"any": 3}),
        ("fsc-clip", None, ("unknown",), {"any": 3}),
        ("negclip", "negclip", ("swap",), {"any": 1}),
        ("clip", "fsc-clip", ("swap", "replace", "shuffle"), {}),
    ],
)
def test_negatives_are_drawn_as_the_shards_have_them(
    preset: str, made_with: str | None, available: tuple[str, ...], draw: dict[str, int]
) -> None:
    assert draw_for(preset, made_with=made_with, available=available) == draw


def test_every_backbone_is_found_by_its_variants() -> None:
    for name, backbone in BACKBONES.items():
        assert backbone_of(f"{name}-quickgelu") == backbone
    assert backbone_of("ViT-L-14-336").weights == {"local": 0.5}
    assert set(PRESETS) == {
        "fsc-clip", "fsc-clip-lora", "negclip", "clip", "ce-clip", "degla", "read-clip", "clic",
        "cs-clip", "sparcl", "c2lip", "siglip",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("preset", "losses", "draw", "shape"),
    [
        (
            "ce-clip",
            {"negclip": 1.0, "intra_modal": 0.3, "ranking": 0.2},
            {"any": 4},
            (378, 10, 5e-6, None),
        ),
        (
            "degla",
            {"negclip": 1.0, "global": 0.1, "text_grounded": 0.1, "distillation": 1.28},
            {"any": 4},
            (256, 5, 1e-6, None),
        ),
        (
            "read-clip",
            {"negclip": 1.0, "paraphrase": 0.5},
            {"any": 3, "positives": 1, "siblings": True},
            (256, 5, 1e-5, None),
        ),
        (
            "clic",
            {"clip": 1.0, "several_captions": 0.5, "separate_negatives": 0.5, "text_distance": 1.0},
            {"any": 1, "positives": 3, "reordered": True},
            (800, 1, 1e-6, "image"),
        ),
        (
            "sparcl",
            {"clip": 1.0, "margin": 0.01},
            {"any": 3, "positives": 1},
            (256, 5, 5e-6, None),
        ),
        ("cs-clip", {"negclip": 1.0, "units": 0.5}, {"pairs": 2}, (128, 5, 5e-6, None)),
        (
            "c2lip",
            {"sigmoid": 1.0, "phrases": 1.0, "attended_phrases": 0.01},
            {"positives": 4},
            (768, 5, 1e-5, None),
        ),
        ("siglip", {"sigmoid": 1.0}, {}, (256, 5, 5e-6, None)),
    ],
)
def test_presets_of_other_papers(
    preset: str, losses: dict[str, float], draw: dict[str, Any], shape: tuple[object, ...]
) -> None:
    found = settings_of({"training": {"preset": preset, "model": "ViT-B-32"}})
    assert {each.loss: each.weight for each in found.objective.losses} == losses
    assert draw_for(preset, made_with="fsc-clip", available=("swap",)) == draw
    lr = found.optimizer.lr
    assert (found.batch_size, found.epochs, lr, found.frozen) == shape
    needs = positives_of(draw)[0] > 0
    assert needs == found.objective.needs_positives or preset == "sparcl"  # which can do without


def test_what_an_older_run_did_not_know_is_no_difference() -> None:
    assert not {"frozen", "teacher", "composites", "decoder"} & set(settings_of({}).content())
    degla = settings_of({"training": {"preset": "degla"}}).content()
    assert degla["teacher"] == {"decay": 0.9996}
    clic = settings_of({"training": {"preset": "clic"}})
    assert clic.content()["frozen"] == "image"
    assert clic.content()["composites"] == {"share": 1.0, "every": 2, "at": 0}
    share = settings_of({"training": {"preset": "clic", "composites": 0.5}})
    assert share.content()["composites"] == 0.5
    assert settings_of({"training": {"preset": "clic", "frozen": "none"}}).frozen is None
