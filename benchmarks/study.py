"""The paper's experiment on a small scale: what do hard negatives give, and what do they cost?

    python -m benchmarks.study OUT                        # make study
    python -m benchmarks.study OUT --seeds 1 --rows FSC   # the rows whose label has FSC in it

A small CLIP is pre-trained on captions of scenes, then fine-tuned on fresh scenes in every way of
`study_methods`, all for about the same number of steps. Every run is measured on the benchmark
`scenes`, on combinations of kind and colour, too, that no image trained on has.

Two controls stand beside every row: CLIP on the same captions and steps without negatives, and what
the same text tower scores in composition with one mean image for all ("no image").

Finished parts are kept: run it again to resume. Runs of other rows may share a folder.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import click
import torch

from benchmarks.study_methods import COMPOSITES, METHODS, Method
from benchmarks.study_tables import write_report
from benchmarks.study_worlds import World
from data.commit import write_atomically
from data.errors import UsageError
from data.sources.scenes import Scenes
from training.batches.rows import open_rows
from training.config import settings_of
from training.evaluation.benchmarks import Benchmark
from training.evaluation.benchmarks.scenes import SceneStore, tasks
from training.evaluation.encoder import Encoder, Encoding
from training.evaluation.results import Results, read_results, write_results
from training.evaluation.run import evaluate
from training.evaluation.subject import subjects
from training.export import weights_of, write_weights
from training.run.start import Places
from training.run.stopping import exit_code
from training.run.train import train

MODEL: Final = "scenes-tiny"
_SIZE: Final = 64  # pixels of its images
_BATCH_SIZE: Final = 64
_DESIGN: Final = 2
"""Raise it whenever runs made before a change cannot be compared with those made after it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """How much is drawn and trained: scenes of both worlds, and steps before and in tuning."""

    scenes: int = 60_000
    steps: int = 7500
    tuning_scenes: int = 30_000
    tuning_steps: int = 1650


_SCALE: Final = Scale()


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--seeds", default=3, show_default=True)
@click.option("--rows", default="", help="Only rows with this in their label.")
@click.option("--scenes", default=_SCALE.scenes, show_default=True, help="To pre-train on.")
@click.option("--steps", default=_SCALE.steps, show_default=True, help="Of pre-training.")
@click.option("--tuning-scenes", default=_SCALE.tuning_scenes, show_default=True)
@click.option("--tuning-steps", default=_SCALE.tuning_steps, show_default=True)
@click.option("--device", default="auto", show_default=True)
def main(  # noqa: PLR0913 - one parameter an option
    *,
    out: Path,
    seeds: int,
    rows: str,
    scenes: int,
    steps: int,
    tuning_scenes: int,
    tuning_steps: int,
    device: str,
) -> None:
    """Pre-train, fine-tune every way with every seed, and print the table."""
    scale = Scale(
        scenes=scenes, steps=steps, tuning_scenes=tuning_scenes, tuning_steps=tuning_steps
    )
    study = Study(out, scale, device=device)
    study.pretrain()
    study.measure("pretrained")
    for seed in range(seeds):
        for method in METHODS:
            if rows in method.label:
                study.tune(method, seed)
                write_report(out)
    click.echo((out / "study.txt").read_text(encoding="utf-8"))


class Study:
    """A folder with the worlds, the runs, and the results of each."""

    def __init__(self, out: Path, scale: Scale, *, device: str) -> None:
        self._out, self._scale, self._device = out, scale, device
        check_design(out, {"design": _DESIGN, "model": MODEL, **asdict(scale)})
        first = Scenes(num_images=scale.scenes, captions_per_image=2, hold_out=True)
        fresh = Scenes(num_images=scale.tuning_scenes, captions_per_image=3, hold_out=True, seed=1)
        self._first = World(out / "first", first)
        self._fresh = World(out / "fresh", fresh)
        self._benchmark = Benchmark(name="scenes", tasks=tasks(), store=SceneStore(size=_SIZE))

    def pretrain(self) -> None:
        """Train the model that all rows begin with, on captions without negatives."""
        section = {
            "preset": "clip",
            "optimizer": {"lr": 1e-3, "warmup_steps": 200, "clip_norm": 1.0},
        }
        self._train("pretrained", self._first, "natural", section, steps=self._scale.steps)

    def tune(self, method: Method, seed: int) -> Results:
        """Return the results of a method with a seed."""
        name = f"{method.label} {seed}"
        start = time.monotonic()
        section = {
            "preset": method.preset,
            "pretrained": str(self._exported()),
            "losses": method.losses,
            "draw": None if method.draw is None else dict(method.draw),
            "seed": seed,
            "composites": COMPOSITES if method.data == "composed" else None,
            "optimizer": {"lr": method.lr},
        }
        self._train(name, self._fresh, method.data, section, steps=self._scale.tuning_steps)
        results = self.measure(name)
        click.echo(f"{name}: {time.monotonic() - start:.0f} s", err=True)
        return results

    def measure(self, name: str) -> Results:
        """Return the results of a run."""
        path = self._out / "results" / f"{name}.json"
        if path.exists():
            return read_results(path)
        (subject,) = subjects(checkpoint=self._out / "runs" / name, model=None, pretrained=None)
        cache = self._out / "cache"
        encoding = Encoding(device=torch.device("cpu"), batch_size=256, workers=0, cache=cache)
        encoder = Encoder(subject.model, name=subject.name, encoding=encoding)
        results = evaluate(encoder, [self._benchmark], model="small", weights=name, cache=cache)
        write_results(results, path)
        return results

    def _exported(self) -> Path:
        """Return the file of the pretrained weights."""
        path = self._out / "pretrained.safetensors"
        if not path.exists():
            write_weights(weights_of(self._out / "runs/pretrained"), path)
        return path

    def _train(
        self, name: str, world: World, data: str, section: dict[str, Any], *, steps: int
    ) -> None:
        run = self._out / "runs" / name
        if (self._out / "results" / f"{name}.json").exists():
            return
        world.draw(size=_SIZE)
        shards = world.shards(data)
        shared = {
            "model": MODEL,
            "pretrained": None,
            "validation": None,
            "precision": "fp32",
            "batch_size": _BATCH_SIZE,
            "epochs": _epochs(shards, steps, composites=section.get("composites") or 0.0),
            "run": {"workers": 0, "keep": 1, "device": self._device, "log_every": 100},
        }
        places = Places(shards=shards, images=world.pictures, out=run)
        ending = train(settings_of({"training": shared | section}), places, resume=True)
        if ending.signal:
            sys.exit(exit_code(ending.signal))


def check_design(out: Path, design: dict[str, Any]) -> None:
    """Note what the runs of a folder have in common, or compare it with what is noted."""
    path = out / "design.json"
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(design, indent=1) + "\n")
    elif (noted := json.loads(path.read_text(encoding="utf-8"))) != design:
        differ = ", ".join(
            f"{name} {noted.get(name)} (asked for {value})"
            for name, value in design.items()
            if noted.get(name) != value
        )
        raise UsageError(f"{out} has runs of another study: {differ}; name another folder")


def _epochs(shards: Path, steps: int, *, composites: float) -> int:
    """Return the epochs that come nearest to so many steps."""
    rows = open_rows(shards, split="train")
    captions = int((~rows.are_composites()).sum()) if composites else len(rows)
    a_step = _BATCH_SIZE - round(composites * _BATCH_SIZE)
    return max(1, round(steps / (captions // a_step)))


if __name__ == "__main__":
    main()
