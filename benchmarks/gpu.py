"""Ten minutes on one GPU: the speed and memory of a step, and the speed of its loader.

    python -m benchmarks.gpu                        # ViT-B/32, B = 256, K = 3, bf16
    python -m benchmarks.gpu --device cpu --small   # the same code, seconds, a tiny model

No network: weights are random, captions and images are generated. It prints one table, with the
bars beside the figures: 6,000 images/s, 20 GB, no host synchronisation. A part that fails, or for
which no time is left, gets a row that says so. With --study a few rows of `benchmarks.study` follow
on a larger scale; these take longer, and a later call continues them.
"""

import gc
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import click
import torch

from benchmarks.gpu_parts import (
    language_model_figures,
    loader_figures,
    objective_figures,
    run_figures,
)
from benchmarks.gpu_steps import Figure, Part, Setting, step_figures
from benchmarks.gpu_world import make_world
from benchmarks.learns import model_folder
from data.commit import write_atomically
from data.errors import RetryableError, ShardError, UsageError
from data.texts import one_line
from training.evaluation.tables import aligned
from training.presets import PRESETS

NO_GPU: Final = (
    "no GPU here: `python -m benchmarks.gpu --device cpu --small` runs the same code with a tiny "
    "model"
)
PARTS: Final = ("step", "loader", "run", "language-model", "compiled", "objectives")
_STUDIED: Final = ("CLIP, natural", "FSC-CLIP, natural", "FSC-CLIP, composed")


@click.command()
@click.option("--device", type=click.Choice(["auto", "cuda", "cpu"]), default="auto")
@click.option("--small", is_flag=True, help="A tiny model and few captions: seconds on a CPU.")
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--model", default="ViT-B-32", show_default=True)
@click.option("--batch-size", default=256, show_default=True)
@click.option("--workers", type=int, help="Of the loader; default: one per core, up to 16.")
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Of the parts; default: all.")
@click.option("--study", type=click.Path(path_type=Path), help="A folder for the larger study.")
@click.option(
    "--json", "file", type=click.Path(path_type=Path), help="Also write the figures there."
)
def main(  # noqa: PLR0913 - one parameter an option
    *,
    device: str,
    small: bool,
    minutes: float,
    model: str,
    batch_size: int,
    workers: int | None,
    only: tuple[str, ...],
    study: Path | None,
    file: Path | None,
) -> None:
    """Measure, and print one table."""
    if device != "cpu" and not torch.cuda.is_available():
        click.echo(NO_GPU)
        return
    where = torch.device("cpu" if device == "cpu" else "cuda:0")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        setting = Setting(
            root=root,
            device=where,
            model=model,
            batch_size=8 if small else batch_size,
            rounds=1 if small else 20,
            workers=min(os.cpu_count() or 1, 16) if workers is None else workers,
            deadline=begun + 60 * minutes,
            barred=where.type == "cuda" and not small,
        )
        if small:
            torch.set_num_threads(1)
            small_workers = 0 if workers is None else workers
            name = f"local-dir:{model_folder(root / 'model')}"
            setting = replace(setting, model=name, workers=small_workers)
        make_world(root, num_rows=24 if small else 12 * batch_size, num_images=3 if small else 128)
        found = list(figures(setting, only or PARTS, small=small))
        if study is not None:
            found += measured("study", partial(study_figures, setting, study, small=small))
    title = f"{device_name(where)}, torch {torch.__version__}, {'tiny model' if small else model}"
    click.echo(f"{title}, B={setting.batch_size}, K=3, bf16, {time.monotonic() - begun:.0f} s")
    click.echo(table(found))
    if file is not None:
        content = {"device": title, "figures": [each._asdict() for each in found]}
        write_atomically(file, json.dumps(content, indent=1) + "\n")


def device_name(device: torch.device) -> str:
    """Return a device's name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def figures(setting: Setting, wanted: Sequence[str], *, small: bool) -> Iterator[Figure]:
    """Yield the figures of the requested parts, the most important first."""
    parts: dict[str, tuple[float, Part]] = {
        "step": (0, partial(step_figures, setting)),
        "loader": (20, partial(loader_figures, setting)),
        "run": (30, partial(run_figures, setting)),
        "language-model": (40, partial(language_model_figures, setting, num_texts=_texts(small))),
        "compiled": (120, partial(step_figures, setting, name="step, compiled", compile=True)),
        "objectives": (40, partial(objective_figures, setting, tuple(PRESETS))),
    }
    for name, (needed_s, part) in parts.items():
        if name not in wanted or (name == "compiled" and setting.device.type != "cuda"):
            continue  # a CPU would compile for minutes
        if setting.left_s < needed_s:
            yield Figure(name, "not measured: no time left")
            continue
        yield from measured(name, part)


def _texts(small: bool) -> int:  # noqa: FBT001 - of one caller
    return 8 if small else 4096


def measured(name: str, part: Part) -> Iterator[Figure]:
    """Yield the figures of a part; an error becomes a row, and the other parts continue."""
    try:
        yield from part()
    except (UsageError, ShardError, RetryableError, ImportError) as error:
        yield Figure(name, f"not measured: {one_line(error)}")
    except (RuntimeError, torch.OutOfMemoryError) as error:  # of the device
        yield Figure(name, f"failed: {one_line(error)[:200]}")
    gc.collect()


def study_figures(setting: Setting, out: Path, *, small: bool) -> Iterator[Figure]:
    """Yield composition and retrieval of a few rows of the study, until the time is up."""
    from benchmarks.study import Scale, Study  # noqa: PLC0415  (spaCy's parser)
    from benchmarks.study_methods import METHODS  # noqa: PLC0415
    from benchmarks.study_tables import FIGURES, figures_of  # noqa: PLC0415

    scale = Scale(scenes=40, steps=1, tuning_scenes=40, tuning_steps=1) if small else Scale()
    study = Study(out, scale, device=str(setting.device.type))
    study.pretrain()
    for method in METHODS:
        if method.label in _STUDIED and setting.left_s > 0:
            found = figures_of(study.tune(method, 0))
            told = ", ".join(f"{name} {found[name]:.1f}" for name in ("binding", *FIGURES))
            yield Figure(f"study: {method.label}", told)


def table(found: list[Figure]) -> str:
    """Return the figures as a table, and whether each bar is met."""
    verdicts = {None: "", True: "met", False: "missed"}
    rows = [(each.what, each.found, each.bar, verdicts[each.met]) for each in found]
    return aligned([("", "found", "bar", ""), *rows])


if __name__ == "__main__":
    main()
