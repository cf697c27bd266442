"""Tiny runs: a model in a folder, shards and images, and the options that make a run short."""

import json
from pathlib import Path
from typing import Any

import open_clip
import torch

from tests.training.folders import finished, picture_folder, pictures_of, rows_of
from training.config import Settings, settings_of
from training.run.start import Places

MODEL = {
    "embed_dim": 16,
    "vision_cfg": {
        "layers": 2, "width": 16, "head_width": 8, "patch_size": 4, "image_size": 8,
    },
    "text_cfg": {
        "context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2,
    },
}  # fmt: skip
ROWS = rows_of(40, types=("swap", "replace", "replace", "shuffle"))
OTHERS = rows_of(12, types=("swap", "replace"))


def model_folder(folder: Path, model: dict[str, Any] = MODEL) -> Path:
    """Write a model with random weights, as open_clip keeps one."""
    folder.mkdir(parents=True)
    content = {"model_cfg": model, "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(content))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.save(open_clip.CLIP(**model).state_dict(), folder / "open_clip_pytorch_model.bin")
    return folder


def world(root: Path) -> Path:
    """Write a model, shards and images."""
    model_folder(root / "model")
    finished(root / "shards", {"train": ROWS, "val": OTHERS})
    picture_folder(root / "images", pictures_of(ROWS))
    return root


def places(root: Path, name: str = "run") -> Places:
    """Return the places of a run in a world."""
    return Places(shards=root / "shards", images=root / "images", out=root / name)


def settings(root: Path, **options: Any) -> Settings:  # noqa: ANN401 - the section's options
    """Return the options of a short run: 2 epochs of 5 steps."""
    run = {"workers": 0, "log_every": 1, "device": "cpu"} | options.pop("run", {})
    section = {
        "model": f"local-dir:{root / 'model'}",
        "precision": "fp32",
        "batch_size": 8,
        "epochs": 2,
        "validation": None,
        "optimizer": {"lr": 1e-3, "warmup_steps": 2},
        "run": run,
    }
    return settings_of({"training": section | options})


def records(folder: Path) -> list[dict[str, Any]]:
    """Return the log of a run."""
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def losses(folder: Path) -> dict[int, float]:
    """Return the loss of each step of a run."""
    return {r["step"]: r["loss"] for r in records(folder) if "loss" in r}
