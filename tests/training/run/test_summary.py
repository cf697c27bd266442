"""The one file with every figure of a run."""

import json
import math
from pathlib import Path

import pytest
import torch

from tests.training.runs import places, records, settings, world
from training.run.summary import figures_of
from training.run.train import train


def step(number: int, **changes: object) -> dict[str, object]:
    record = {
        "step": number, "epoch": 0.5, "lr": 1e-3, "loss": 2.0, "clip": 1.0, "gradient_norm": 3.0,
        "images_per_s": 100.0, "tokens_per_s": 900.0, "wait_share": 0.1,
        "negatives": {"swap": 3}, "peak_memory_mb": 12,
    }  # fmt: skip
    return record | changes


def measured(number: int, loss: float | None) -> dict[str, object]:
    return {"step": number, "validation": {"loss": loss, "retrieval": 0.5}}


def test_figures_of_a_log() -> None:
    log = [
        step(2), measured(2, 0.5),
        step(4, images_per_s=200.0, loss=1.0, peak_memory_mb=30, negatives={"swap": 1, "add": 2}),
        measured(4, 0.25), measured(5, None),
        step(6, images_per_s=400.0, **{"broken images replaced": 2}), measured(6, 0.75),
    ]  # fmt: skip
    found = figures_of(log, batch_size=10)
    assert found["terms"]["first"] == {"step": 2, "loss": 2.0, "clip": 1.0, "gradient_norm": 3.0}
    assert found["terms"]["last"]["step"] == 6
    best = {"step": 4, "loss": 0.25, "retrieval": 0.5}
    assert found["validation"] == {"last": best | {"step": 6, "loss": 0.75}, "best": best}
    speed = {"images_per_s": 200.0, "tokens_per_s": 900.0, "wait_share": 0.1, "peak_memory_mb": 30}
    assert found["speed"] == speed | {"seconds": pytest.approx(20 / 100 + 20 / 200 + 20 / 400)}
    assert found["negatives"] == {"swap": 7, "add": 2}
    assert found["broken images replaced"] == 2


def test_a_log_without_records_has_no_figures() -> None:
    found = figures_of([], batch_size=10)
    assert (found["terms"], found["speed"]) == ({}, {})
    assert found["validation"] == {"last": None, "best": None}


def test_a_run_leaves_its_figures_and_one_that_goes_on_those_of_the_whole(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    root = world(tmp_path)
    chosen = settings(root, epochs=1, validation="val")
    train(chosen, places(root), limit_steps=2)
    path = root / "run/summary.json"
    halfway = json.loads(path.read_text())
    assert (halfway["finished"], halfway["step"], halfway["steps"]) == (False, 2, 5)
    train(chosen, places(root), resume=True)
    found = json.loads(path.read_text())
    assert (found["finished"], found["signal"]) == (True, 0)
    log = records(root / "run")
    losses = [record["loss"] for record in log if "loss" in record]
    assert [found["terms"][which]["loss"] for which in ("first", "last")] == [losses[0], losses[-1]]
    least = min(record["validation"]["loss"] for record in log if "validation" in record)
    assert found["validation"]["best"]["loss"] == least
    assert found["settings"] == json.loads((root / "run/run.json").read_text())["config"]
    assert found["run"]["log_every"] == 1
    assert math.isfinite(found["speed"]["seconds"])
