"""Runs with the losses of other papers: state that is carried, what is trained, exact resume."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from data.edits import Edit, Replacement
from data.errors import UsageError
from data.records import Positive
from tests.training.folders import finished, picture_folder, pictures_of
from tests.training.runs import MODEL, ROWS, losses, model_folder, places, records, settings
from tests.training.text_models import text_model_folder
from tests.training.tiny import clip_model
from training.config import Settings
from training.export import weights_of, write_weights
from training.model.lora import add_lora
from training.model.teacher import follow, teacher_of
from training.run.checkpoint import Checkpoint, latest, read
from training.run.start import Places, prepare
from training.run.train import train

DRAW = {"any": 3, "positives": 2}
RUNS: dict[str, dict[str, Any]] = {
    "ce-clip": {"losses": ["negclip", "intra_modal", "ranking"]},
    "degla": {"losses": ["negclip", "text_grounded", "distillation"], "teacher": {"decay": 0.5}},
    "siglip": {"losses": ["sigmoid", "phrases", "attended_phrases"], "draw": DRAW},
    "read-clip": {"losses": ["negclip", "paraphrase", "reconstruction"], "draw": DRAW},
    "turns": {
        "losses": [{"loss": "sigmoid", "every": 2}, {"loss": "clip", "every": 2, "at": 1}],
    },
    "clic": {
        "losses": [
            {"loss": "clip", "every": 2, "at": 1},
            {"loss": "several_captions", "every": 2},
            {"loss": "separate_negatives", "every": 2},
            {"loss": "text_distance", "every": 2},
        ],
        "draw": DRAW,
        "frozen": "image",
    },
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("world")
    model_folder(root / "plain")
    model_folder(root / "model", MODEL | {"init_logit_bias": -3.0, "init_logit_scale": 5.0})
    edit = Edit((Replacement(0, 1, "this"),))
    finished(root / "shards", {"train": [
        row._replace(positives=tuple(
            Positive(f"this {row.caption} {n}", "rewrite", "np", "rule", "rule", edit, None, 0)
            for n in range(number % 3)
        ))
        for number, row in enumerate(ROWS)
    ]})  # fmt: skip
    picture_folder(root / "images", pictures_of(ROWS))
    text_model_folder(root / "t5", "t5", ["this", "caption"])
    return root


def run(root: Path, kind: str, name: str, **options: Any) -> Path:  # noqa: ANN401
    chosen, limit = chosen_for(root, kind, **options), options.pop("limit_steps", None)
    here = places(root, f"{kind}-{name}")
    if (here.out / "checkpoints/step-00000005.pt").exists():
        return here.out
    train(chosen, here, resume=True, limit_steps=limit)
    return here.out


def chosen_for(root: Path, kind: str, **options: Any) -> Settings:  # noqa: ANN401
    given = {name: value for name, value in options.items() if name != "limit_steps"}
    decoder = {"decoder": str(root / "t5")} if kind == "read-clip" else {}
    return settings(root, epochs=1, **RUNS[kind] | decoder | given)


def last(folder: Path) -> Checkpoint:
    path = latest(folder)
    assert path is not None
    return read(path)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", sorted(RUNS.keys() - {"turns"}))
def test_a_run_goes_on_to_the_bit_with_all_that_it_carries(root: Path, kind: str) -> None:
    whole = run(root, kind, "whole")
    cut = run(root, kind, "cut", limit_steps=3)
    between = last(cut)
    assert bool(between.teacher) == (kind == "degla")
    assert set(between.carried) == ({"ranking"} if kind == "ce-clip" else set())
    assert set(between.heads) == ({"prompt.weight"} if kind == "read-clip" else set())
    cut = run(root, kind, "cut")
    assert losses(cut) == losses(whole)
    for name in ("state_dict", "teacher", "carried", "heads"):
        assert same(getattr(last(cut), name), getattr(last(whole), name)), name


def test_micro_batches_change_nothing_but_rounding(root: Path) -> None:
    parts = run(root, "ce-clip", "parts", run={"micro_batches": 2})
    whole = run(root, "ce-clip", "whole")
    assert losses(parts) == pytest.approx(losses(whole), rel=1e-4)


def test_thresholds_grow_out_of_what_was_seen(root: Path) -> None:
    found = records(run(root, "ce-clip", "whole"))
    assert all("ranking_threshold" in record for record in found if "loss" in record)
    (threshold_K,) = last(run(root, "ce-clip", "whole")).carried.values()
    assert threshold_K.shape == (3,)
    assert ((threshold_K >= 0) & (threshold_K <= 10)).all()


def test_losses_take_turns_in_the_log(root: Path) -> None:
    found = records(run(root, "clic", "whole"))
    turns = [("clip" in record, "several_captions" in record) for record in found]
    assert turns == [(False, True), (True, False)] * 2 + [(False, True)]
    both = run(root, "clic", "both", run={"log_every": 5})
    (record,) = records(both)
    assert {"clip", "several_captions", "text_distance"} <= set(record)  # means over their steps


def test_a_frozen_tower_stays_and_the_other_learns(root: Path) -> None:
    prepared = prepare(chosen_for(root, "clic"), places(root))
    first = prepared.model.clip.state_dict()
    after = last(run(root, "clic", "whole")).state_dict
    moved = {name for name, tensor in after.items() if not torch.equal(tensor, first[name])}
    assert not any(name.startswith("visual.") for name in moved)
    assert {"token_embedding.weight", "text_projection", "logit_scale"} <= moved
    model = clip_model()
    model.freeze("text")
    trained = {name for name, p in model.clip.named_parameters() if p.requires_grad}
    assert all(name.startswith("visual.") or name == "logit_scale" for name in trained)
    assert "visual.proj" in trained


def test_a_sigmoid_trains_the_models_bias_and_leaves_its_scale_alone(root: Path) -> None:
    sigmoid, softmax = (run(root, *names) for names in (("siglip", "whole"), ("ce-clip", "whole")))
    ours, others = last(sigmoid).state_dict, last(softmax).state_dict
    assert ours["logit_bias"] != -3
    assert others["logit_bias"] == -3
    assert ours["logit_scale"] > 4.9  # exp(4.9) is beyond the 100 of CLIP's
    assert others["logit_scale"] <= 4.6053
    turns = last(run(root, "turns", "whole", limit_steps=2)).state_dict  # the second without it
    assert turns["logit_bias"] != -3
    assert turns["logit_scale"] > 4.9


@pytest.mark.parametrize(("kind", "rank"), [("siglip", 0), ("siglip", 4), ("ce-clip", 4)])
def test_a_sigmoid_trains_the_bias_with_lora_too(root: Path, kind: str, rank: int) -> None:
    model = prepare(chosen_for(root, kind, lora={"rank": rank}), places(root)).model
    assert model.clip.logit_bias.requires_grad == (kind == "siglip")
    assert model.clip.visual.conv1.weight.requires_grad == (rank == 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "plain"}, "need a model with a bias, such as SigLIP"),
        ({"draw": {"any": 3}}, r"no place for any; use training.draw=\{any: 3, positives: 1\}"),
        ({"shards": "none"}, "no caption of 'train' has one; `siblings: true` in training.draw"),
    ],
)
def test_what_a_loss_needs_and_does_not_find_is_refused(
    root: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    here: Places = replace(places(root), out=tmp_path / "run")
    if options.pop("shards", None):
        here = replace(here, shards=finished(tmp_path / "shards", {"train": ROWS[:8]}))
    if "model" in options:
        options["model"] = f"local-dir:{root / options['model']}"
    with pytest.raises(UsageError, match=message):
        train(chosen_for(root, "siglip", **options), here)


def test_units_are_drawn_in_pairs_with_their_foils(root: Path) -> None:
    message = r"the loss units needs positives .*; use training.draw=\{pairs: 2\}$"
    with pytest.raises(UsageError, match=message):
        prepare(chosen_for(root, "siglip", losses=["clip", "units"]), places(root))
    found = prepare(
        chosen_for(root, "siglip", losses=["clip", "units"], draw={"pairs": 2}), places(root)
    )
    sample = found.samples[2]  # two positives
    assert all(ids is not None for ids in (*sample.negatives, *sample.positives))


def test_a_decoder_stays_out_of_checkpoints_and_exports(root: Path, tmp_path: Path) -> None:
    folder = run(root, "read-clip", "whole")
    found, first = last(folder), prepare(chosen_for(root, "read-clip"), places(root))
    assert found.state_dict.keys() == first.model.clip.state_dict().keys()
    assert found.config["decoder"][0] == "t5"
    assert str(root) not in str(found.config)
    assert not torch.equal(found.heads["prompt.weight"], first.model.heads["prompt"].weight)
    assert all("reconstruction" in record for record in records(folder) if "loss" in record)
    sample = first.samples[1]
    assert [ids is None for ids in sample.targets] == [ids is None for ids in sample.positives]
    write_weights(weights_of(folder), tmp_path / "clip.pt")
    exported = torch.load(tmp_path / "clip.pt", weights_only=True)
    assert exported["state_dict"].keys() == found.state_dict.keys()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decoder": None}, "needs a frozen text model .*: give training.decoder=FOLDER"),
        ({"decoder": "nowhere"}, "training.decoder nowhere: cannot be opened"),
    ],
)
def test_a_decoder_that_is_missing_is_refused(
    root: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        prepare(chosen_for(root, "read-clip", **options), places(root))


def test_captions_without_a_positive_are_counted(root: Path) -> None:
    prepared = prepare(chosen_for(root, "siglip"), places(root))
    assert "14 of 40 captions have no positive that can be drawn" in prepared.notes


@pytest.mark.parametrize("rank", [0, 4])
def test_a_teacher_follows(rank: int) -> None:
    model = clip_model()
    if rank:
        add_lora(model.clip, rank=rank, generator=torch.Generator().manual_seed(0))
    teacher = teacher_of(model)
    assert not any(parameter.requires_grad for parameter in teacher.parameters())
    before = deepcopy(model.state_dict())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    follow(teacher, model, decay=0.75)
    for name, tensor in teacher.state_dict().items():
        assert torch.allclose(
            tensor, before[name] + 0.25 * (model.state_dict()[name] - before[name])
        )
    follow(teacher, model, decay=1.0)
    follow(teacher, model, decay=0.0)
    assert all(map(torch.equal, teacher.parameters(), model.parameters()))


def test_a_checkpoint_of_an_earlier_version_is_read(root: Path) -> None:
    path = latest(run(root, "ce-clip", "whole"))
    assert path is not None
    content = torch.load(path, weights_only=True)
    for name in ("teacher", "carried", "heads"):
        del content[name]
    earlier = path.with_name("earlier.pt")
    torch.save(content, earlier)
    assert (read(earlier).teacher, read(earlier).carried) == ({}, {})
    earlier.unlink()
