"""The paper's experiment on a small scale: what do hard negatives give, and what do they cost?

    python -m benchmarks.study OUT                # make study
    python -m benchmarks.study OUT --seeds 1      # a third of the time

A small CLIP is pre-trained on captions of scenes, then fine-tuned on those of another world: as
CLIP, as NegCLIP, with the global or the local hard-negative loss alone, as FSC-CLIP, and so by
LoRA. Negatives are those of `fsc-clip`, drawn by type as the paper does or any three, and those of
`natural`, any three, so that data and quota are told apart; and `natural` with composites, a
quarter of each batch, and with positives, which the paraphrase loss of READ-CLIP aligns. Every run
is measured on the benchmark `scenes`: composition, paraphrases, zero-shot classification and
retrieval. Combinations of kind and colour that the benchmark holds out are in no image trained on.

Two controls: CLIP on the same data and steps without negatives, and beside each composition what
the same text tower scores with one mean image for all ("no image").

Finished parts are kept: run it again to go on.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import open_clip
import torch

from data.commit import write_atomically
from data.scenes.render import write_images
from data.sources.scenes import Scenes
from negatives.building import build
from negatives.composing.options import ComposeOptions
from negatives.composing.run import compose
from negatives.config import build_config
from negatives.folders.merging import merge_folders
from training.config import settings_of
from training.evaluation.benchmarks import Benchmark
from training.evaluation.benchmarks.scenes import SceneStore, tasks
from training.evaluation.encoder import Encoder, Encoding
from training.evaluation.results import Results, read_results, write_results
from training.evaluation.run import NO_IMAGE, evaluate
from training.evaluation.subject import subjects
from training.evaluation.tables import aligned
from training.evaluation.tradeoff import tradeoff
from training.export import weights_of
from training.run.start import Places
from training.run.stopping import exit_code
from training.run.train import train

MODEL: Final = json.loads(files("training").joinpath("model/configs/scenes-tiny.json").read_text())
_SIZE: Final = MODEL["vision_cfg"]["image_size"]
FIGURES: Final = {
    "composition": "scenes composition macro",
    "paraphrases": "scenes paraphrases macro",
    "zero-shot": "scenes classification macro",
    "I2T R@1": "scenes I2T R@1",
    "T2I R@1": "scenes T2I R@1",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """How much is drawn and trained: scenes and epochs before and in fine-tuning."""

    scenes: int = 6000
    epochs: int = 8
    tuning_scenes: int = 800
    tuning_epochs: int = 2


_SCALE: Final = Scale()


class Method(NamedTuple):
    """A row of the table. `losses`, `draw`: None for those of the preset and its shards."""

    name: str
    preset: str
    losses: Sequence[str | Mapping[str, Any]] | None
    negatives: str
    draw: Mapping[str, int] | None
    composites: float | None = None

    @property
    def label(self) -> str:
        """Return the name in the table."""
        typed = "by type" if self.negatives and self.draw is None else ""
        any_of = "any" if self.draw and self.draw.get("any") else ""
        composed = "composites" if self.composites else ""
        return " ".join(
            part for part in (self.name, self.negatives, composed, typed or any_of) if part
        )


def _alone(name: str) -> tuple[str | Mapping[str, Any], ...]:
    """Return CLIP's loss and another, without regularization, as the paper's rows of one alone."""
    return ("clip", {"loss": name, "gamma": 0.0, "beta": 0.0})


_COMPOSITES: Final = 0.25
_ALIGNED: Final = ("clip", "global", "local", "paraphrase")
_WITH_POSITIVE: Final = {"any": 3, "positives": 1}


def methods() -> Iterator[Method]:
    """Yield the rows of the table."""
    yield Method("CLIP", "clip", None, "", None)
    both = {"negatives": "natural", "composites": _COMPOSITES}
    yield Method("CLIP", "clip", None, draw={}, **both)
    yield Method("NegCLIP", "negclip", None, draw={"any": 3}, **both)
    yield Method("FSC-CLIP", "fsc-clip", None, draw={"any": 3}, **both)
    yield Method("FSC-CLIP + paraphrase", "fsc-clip", _ALIGNED, draw=_WITH_POSITIVE, **both)
    for negatives, draw in (("fsc-clip", None), ("fsc-clip", {"any": 3}), ("natural", {"any": 3})):
        yield Method("NegCLIP", "negclip", None, negatives, draw)
        yield Method("global alone", "fsc-clip", _alone("global"), negatives, draw)
        yield Method("local alone", "fsc-clip", _alone("local"), negatives, draw)
        yield Method("FSC-CLIP", "fsc-clip", None, negatives, draw)
        yield Method("FSC-CLIP LoRA", "fsc-clip-lora", None, negatives, draw)


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--seeds", default=3, show_default=True)
@click.option("--scenes", default=_SCALE.scenes, show_default=True, help="To pre-train on.")
@click.option("--epochs", default=_SCALE.epochs, show_default=True, help="Of pre-training.")
@click.option("--tuning-scenes", default=_SCALE.tuning_scenes, show_default=True)
@click.option("--tuning-epochs", default=_SCALE.tuning_epochs, show_default=True)
@click.option("--device", default="auto", show_default=True)
def main(  # noqa: PLR0913 - one parameter an option
    *,
    out: Path,
    seeds: int,
    scenes: int,
    epochs: int,
    tuning_scenes: int,
    tuning_epochs: int,
    device: str,
) -> None:
    """Pre-train, fine-tune every way with every seed, and print the table."""
    scale = Scale(
        scenes=scenes, epochs=epochs, tuning_scenes=tuning_scenes, tuning_epochs=tuning_epochs
    )
    study = Study(out, scale, device=device)
    study.prepare()
    before = study.measure("pre-trained", None)
    found: dict[str, list[Results]] = {}
    for seed in range(seeds):
        for method in methods():
            found.setdefault(method.label, []).append(study.tune(method, seed))
        write_report(out, before, found)
    click.echo((out / "study.txt").read_text(encoding="utf-8"))


class Study:
    """A folder with the worlds, the pre-trained weights and a folder for each run."""

    def __init__(self, out: Path, scale: Scale, *, device: str) -> None:
        self._out, self._scale, self._device = out, scale, device
        self._benchmark = Benchmark(name="scenes", tasks=tasks(), store=SceneStore(size=_SIZE))

    def prepare(self) -> None:
        """Make the worlds and the pre-trained weights, if they are not there yet."""
        worlds = (
            ("first", {"num_images": self._scale.scenes}, ("natural",)),
            ("second", {"num_images": self._scale.tuning_scenes, "seed": 1},
             ("fsc-clip", "natural")),
        )  # fmt: skip
        for name, options, presets in worlds:
            self._world(name, {"name": "scenes", "hold_out": True, **options}, presets)
        self._compose("second-natural")
        self._pretrain()

    def tune(self, method: Method, seed: int) -> Results:
        """Return the results of a method with a seed."""
        name = f"{method.label} {seed}".replace(" ", "-").lower()
        run = self._out / "runs" / name
        path = self._out / "results" / f"{name}.json"
        if path.exists():
            return read_results(path)
        start = time.monotonic()
        section = {
            "preset": method.preset,
            "losses": method.losses,
            "draw": dict(method.draw) if method.draw else None,
            "seed": seed,
            "epochs": self._scale.tuning_epochs,
            "composites": method.composites,
            "optimizer": {"lr": 2e-3 if method.preset.endswith("lora") else 2e-4},
        }
        shards = f"second-{method.negatives or 'natural'}"
        self._train(run, shards + "-composed" * bool(method.composites), "second", section)
        results = self.measure(name, run)
        click.echo(f"{name}: {time.monotonic() - start:.0f} s", err=True)
        return results

    def measure(self, name: str, run: Path | None) -> Results:
        """Return the results of a run, or of the pre-trained weights."""
        path = self._out / "results" / f"{name}.json"
        if path.exists():
            return read_results(path)
        model = None if run else f"local-dir:{self._out / 'model'}"
        (subject,) = subjects(checkpoint=run, model=model, pretrained=None)
        encoding = Encoding(
            device=torch.device("cpu"), batch_size=256, workers=0, cache=self._out / "cache"
        )
        encoder = Encoder(subject.model, name=subject.name, encoding=encoding)
        results = evaluate(
            encoder, [self._benchmark], model="small", weights=name, cache=self._out / "cache"
        )
        write_results(results, path)
        return results

    def _world(self, name: str, source: dict[str, Any], presets: tuple[str, ...]) -> None:
        for preset in presets:
            shards = self._out / f"{name}-{preset}"
            if not (shards / "manifest.json").exists():
                options = {"preset": preset, "positives": preset == "natural"}
                sections = {"data": {"source": source}, "negatives": options}
                build(build_config(sections), out=shards, workers=2)
        options = {key: value for key, value in source.items() if key != "name"}
        scenes = Scenes(**options)
        pictures = self._out / f"{name}-pictures"
        if not pictures.exists():
            draft = self._out / f"{name}-pictures.tmp"
            every = (
                (f"{split}/{number:06d}.png", scenes.scene(number, split=split))
                for split in scenes.splits()
                for number in range(scenes.num_scenes(split))
            )
            write_images(draft, every, size=_SIZE)
            draft.rename(pictures)

    def _compose(self, shards: str) -> None:
        """Make composites of the captions of a folder, and a folder of both."""
        folder, composites, both = (self._out / f"{shards}{end}" for end in ("", "-2", "-composed"))
        if not (both / "manifest.json").exists():
            compose(folder, composites, options=ComposeOptions(), workers=2)
            merge_folders([folder, composites], both)

    def _pretrain(self) -> None:
        if (self._out / "model").exists():
            return
        torch.manual_seed(0)
        _write_model(self._out / "untrained", open_clip.CLIP(**MODEL).state_dict())
        section = {
            "preset": "clip",
            "epochs": self._scale.epochs,
            "optimizer": {"lr": 1e-3, "warmup_steps": 200, "clip_norm": 1.0},
        }
        run = self._out / "runs/pretrained"
        self._train(run, "first-natural", "first", section, model="untrained")
        _write_model(self._out / "model", weights_of(run).state_dict)

    def _train(
        self, run: Path, shards: str, world: str, section: dict[str, Any], *, model: str = "model"
    ) -> None:
        shared = {
            "model": f"local-dir:{self._out / model}",
            "precision": "fp32",
            "batch_size": 128,
            "run": {"workers": 0, "keep": 1, "device": self._device},
        }
        places = Places(shards=self._out / shards, images=self._out / f"{world}-pictures", out=run)
        ending = train(settings_of({"training": shared | section}), places, resume=True)
        if ending.signal:
            sys.exit(exit_code(ending.signal))


def _write_model(folder: Path, state_dict: dict[str, Any]) -> None:
    """Write a model as open_clip keeps one; the folder appears whole."""
    if folder.exists():
        return
    draft = folder.with_suffix(".tmp")
    draft.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": MODEL, "preprocess_cfg": {}}
    (draft / "open_clip_config.json").write_text(json.dumps(config))
    torch.save(state_dict, draft / "open_clip_pytorch_model.bin")
    draft.rename(folder)


def write_report(out: Path, before: Results, found: Mapping[str, list[Results]]) -> None:
    """Write study.txt, study.json and tradeoff.svg of what is there so far."""
    rows = [("", "seeds", *FIGURES, "no image", "against CLIP")]
    figures = [f"{100 * before.summary[f]:.1f}" for f in FIGURES.values()]
    rows.append(("pre-trained", "", *figures, f"{100 * without_images(before):.1f}", ""))
    clip = found["CLIP"]
    means = []
    for label, runs in found.items():
        cells = [_cell([run.summary[figure] for run in runs]) for figure in FIGURES.values()]
        cells.append(_cell([without_images(run) for run in runs]))
        rows.append((label, str(len(runs)), *cells, _verdict(clip, runs)))
        summary = {n: statistics.fmean(r.summary[f] for r in runs) for n, f in FIGURES.items()}
        means.append(replace(runs[0], weights=label, summary=summary))
    write_atomically(out / "study.txt", aligned(rows) + "\n")
    content = {
        label: {n: [r.summary[f] for r in runs] for n, f in FIGURES.items()}
        for label, runs in found.items()
    }
    write_atomically(out / "study.json", json.dumps(content, indent=1) + "\n")
    picture = tradeoff(means, across="zero-shot", up="composition")
    write_atomically(out / "tradeoff.svg", picture)


def without_images(results: Results) -> float:
    """Return the mean score in composition of the text tower with one mean image."""
    found = [s.text_only[NO_IMAGE] for s in results.scores if s.kind == "composition"]
    return statistics.fmean(found)


def _cell(shares: list[float]) -> str:
    values = [100 * share for share in shares]
    deviation = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.1f}{deviation}"


def _verdict(clip: list[Results], runs: list[Results]) -> str:
    """Return how composition differs from CLIP's, in deviations of the difference of two runs."""
    if clip is runs or len(runs) < 2:
        return ""
    figure = FIGURES["composition"]
    sides = [[run.summary[figure] for run in side] for side in (runs, clip)]
    spread = sum(statistics.variance(side) for side in sides) ** 0.5
    ahead = statistics.fmean(sides[0]) - statistics.fmean(sides[1])
    return f"{ahead / spread:+.1f} deviations" if spread else "no deviation"


if __name__ == "__main__":
    main()
