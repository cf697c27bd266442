"""A whole run: what it leaves, how it goes on, and what it refuses."""

import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from data.errors import UsageError
from tests.training.runs import losses, places, records, settings, world
from training.batches.loader import Step
from training.config import Settings
from training.export import weights_of
from training.publish import card
from training.run.checkpoint import latest, paths, read
from training.run.loop import State, fit
from training.run.start import prepare
from training.run.train import Ending, assemble, train


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def whole(root: Path) -> Path:
    """Return the folder of an undisturbed run."""
    out = places(root, "whole")
    ending = train(settings(root), out)
    assert ending == Ending(step=10, num_steps=10, signal=0, begun_at=0)
    return out.out


def weights(folder: Path) -> dict[str, torch.Tensor]:
    path = latest(folder)
    assert path is not None
    return read(path).state_dict


def equal(one: Path, other: Path) -> bool:
    ours, theirs = weights(one), weights(other)
    return all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


def test_a_run_leaves_a_log_and_its_last_checkpoints(whole: Path) -> None:
    found = records(whole)
    assert [record["step"] for record in found] == list(range(1, 11))
    assert set(found[0]) == {
        "step", "epoch", "lr", "loss", "clip", "global", "global_p0", "local", "local_p0",
        "scale", "gradient_norm", "images_per_s", "tokens_per_s", "wait_share", "negatives",
        "peak_memory_mb",
    }  # fmt: skip
    assert sum(found[0]["negatives"].values()) == 24
    assert [path.stem for path in paths(whole)] == ["step-00000005", "step-00000010"]
    assert found[1]["lr"] == 1e-3
    assert found[-1]["lr"] < found[-2]["lr"] < 1e-3
    assert 0 < found[0]["wait_share"] < 1


@pytest.mark.parametrize("at", [1, 4, 5, 7])
def test_a_run_goes_on_as_if_nothing_had_happened(root: Path, whole: Path, at: int) -> None:
    here = places(root, f"cut-{at}")
    first = train(settings(root), here, limit_steps=at)
    second = train(settings(root, run={"workers": 1}), here, resume=True)
    assert (first.step, second.begun_at, second.step) == (at, at, 10)
    assert losses(here.out) == losses(whole)
    assert equal(here.out, whole)


def test_what_changes_no_number_may_be_another_one(root: Path, whole: Path) -> None:
    here = places(root, "parts")
    train(settings(root), here, limit_steps=3)
    options = {
        "micro_batches": 2,
        "checkpointing": True,
        "log_every": 2,
        "save_every": 3,
        "keep": 2,
    }
    train(settings(root, run=options), here, resume=True)
    assert [path.stem for path in paths(here.out)] == ["step-00000009", "step-00000010"]
    mean = {step: loss for step, loss in losses(here.out).items() if step in {3, 10}}
    assert mean[3] == losses(whole)[3]
    assert mean[10] == pytest.approx(losses(whole)[10], rel=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of torch's compiler
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a compiler")
def test_compiled_towers_learn_the_same(root: Path, whole: Path) -> None:
    here = places(root, "compiled")
    train(settings(root, run={"compile": True, "save_every": 5}), here, limit_steps=5)
    found = losses(whole)
    assert losses(here.out) == pytest.approx({step: found[step] for step in range(1, 6)}, rel=1e-5)
    train(settings(root), here, resume=True)  # the checkpoint is that of any other run
    assert losses(here.out) == pytest.approx(found, rel=1e-4)


def test_a_finished_run_is_left_as_it_is(root: Path, whole: Path) -> None:
    before = (whole / "log.jsonl").read_bytes()
    ending = train(settings(root), places(root, "whole"), resume=True)
    assert ending.begun_at == ending.step == 10
    assert (whole / "log.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": {"lr": 1e-4}}, r"optimizer.lr: 0.001 -> 0.0001"),
        ({"seed": 1}, "seed: 0 -> 1"),
        ({"draw": {"swap": 1}}, r"draw.any: 3 -> null; draw.swap: null -> 1"),
        ({"split": "val"}, "rows: .*split: "),
        ({"preset": "clip"}, "losses: "),
    ],
)
def test_another_run_is_refused(
    root: Path, whole: Path, options: dict[str, Any], message: str
) -> None:
    del whole
    with pytest.raises(UsageError, match=message):
        train(settings(root, **options), places(root, "whole"), resume=True)


def test_a_run_of_an_earlier_version_is_refused_in_one_sentence(root: Path, tmp_path: Path) -> None:
    chosen, here = settings(root), replace(places(root), out=tmp_path / "run")
    train(chosen, here, limit_steps=1)
    content = json.loads((here.out / "run.json").read_text())
    del content["config"]["losses"]
    content["config"]["loss"] = {"contrastive": "clip", "global_weight": 0.5}
    (here.out / "run.json").write_text(json.dumps(content))
    with pytest.raises(
        UsageError, match=r"run.json: from a run of an earlier version .* another --out"
    ):
        train(chosen, here, resume=True)
    with pytest.raises(UsageError, match=r"earlier version.*use `train export` for its weights"):
        card(weights_of(here.out), repository="user/name", validation=None)


def test_a_folder_with_a_run_is_not_overwritten(root: Path, whole: Path) -> None:
    with pytest.raises(UsageError, match="step-00000010; continue it with --resume"):
        train(settings(root), places(root, whole.name))


def test_a_signal_ends_a_run_at_the_next_step(root: Path, whole: Path) -> None:
    here = places(root, "signal")

    def watch(number: int, _step: Step) -> None:
        if number == 6:
            os.kill(os.getpid(), signal.SIGTERM)

    ending = train(settings(root, validation="val"), here, watch=watch)
    assert (ending.signal, ending.step) == (signal.SIGTERM, 7)
    assert [path.stem for path in paths(here.out)] == ["step-00000005", "step-00000007"]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    train(settings(root, validation="val"), here, resume=True)
    assert losses(here.out) == losses(whole)


def test_a_split_is_measured_and_the_best_checkpoint_kept(root: Path) -> None:
    here = places(root, "best")
    train(settings(root, validation="val", run={"save_every": 2, "keep": 1}), here)
    found = {r["step"]: r["validation"] for r in records(here.out) if "validation" in r}
    assert sorted(found) == [2, 4, 6, 8, 10]
    best = min(found, key=lambda step: found[step]["loss"])
    assert read(here.out / "best.pt").step == best
    assert read(paths(here.out)[0]).best == found[best]["loss"]
    assert found[2]["captions"] == 8
    assert found[2]["composition_chance"] == pytest.approx(1 / 3)
    assert 0 <= found[2]["retrieval"] <= 1


@pytest.mark.parametrize(
    "options",
    [
        {"preset": "fsc-clip-lora"},
        {"preset": "negclip"},
        {"preset": "clip"},
        {"precision": "bf16"},
        {"precision": "fp16"},
        {
            "draw": {"swap": 1, "shuffle": 1},
            "losses": ["clip", {"loss": "local", "attention": "sparse"}],
        },
        {"optimizer": {"lr": 1e-3, "clip_norm": 0.1}},
    ],
    ids=str,
)
def test_every_kind_of_run_goes_on_as_it_would_have(
    root: Path, options: dict[str, Any], tmp_path: Path
) -> None:
    chosen = settings(root, **{"optimizer": {"lr": 3e-3, "warmup_steps": 2}} | options)
    here = replace(places(root), out=tmp_path / "one")
    twice = replace(here, out=tmp_path / "two")
    train(chosen, here)
    train(chosen, twice, limit_steps=3)
    train(chosen, twice, resume=True)
    assert losses(here.out) == losses(twice.out)
    assert equal(here.out, twice.out)


def test_a_loss_that_is_no_number_ends_a_run(root: Path, tmp_path: Path) -> None:
    chosen = settings(root, optimizer={"lr": 1e30, "warmup_steps": 0}, run={"save_every": 1})
    here = replace(places(root), out=tmp_path)
    with pytest.raises(UsageError, match="is not finite at step"):
        train(chosen, here)
    last = latest(tmp_path)
    assert last is not None
    assert last.stem == "step-00000001"


@pytest.mark.parametrize(("precision", "ends"), [("bf16", True), ("fp16", False)])
def test_a_gradient_that_is_no_number_spoils_no_checkpoint(
    root: Path, tmp_path: Path, precision: str, *, ends: bool
) -> None:
    chosen = settings(root, precision=precision, epochs=1, run={"save_every": 1})
    here = replace(places(root), out=tmp_path)
    run = assemble(chosen, prepare(chosen, here), tmp_path, device=torch.device("cpu"))
    run.model.clip.logit_scale.register_hook(lambda grad: grad * torch.inf)
    start = State(step=0, position=run.samples.start())
    if ends:
        with pytest.raises(UsageError, match="gradient is not finite at step 1"):
            fit(run, start)
        assert latest(tmp_path) is None
    else:  # the loss scale falls, and the step is left out
        fit(run, start)
        assert weights(tmp_path)["logit_scale"] == run.model.clip.logit_scale
        assert run.scaler.get_scale() < 65536


def test_texts_are_laid_out_by_workers(root: Path, tmp_path: Path) -> None:
    seen = []

    def watch(_number: int, step: Step) -> None:
        seen.append([batch.layout is not None for batch in step.micro_batches])

    chosen: Settings = settings(root, run={"micro_batches": 4}, epochs=1)
    train(chosen, replace(places(root), out=tmp_path), watch=watch)
    assert seen == [[True] * 4] * 5
    with pytest.raises(
        UsageError, match=r"run.micro_batches: expected a divisor of the 8 captions"
    ):
        train(
            settings(root, run={"micro_batches": 3}), replace(places(root), out=tmp_path / "other")
        )
