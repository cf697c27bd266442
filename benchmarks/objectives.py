"""Time and memory of a step of each preset, relative to FSC-CLIP's, in one run.

    python -m benchmarks.objectives out                        # two CPU cores, float32
    python -m benchmarks.objectives out --device cuda --batch-size 256

`out` holds shards; captions, images and weights are those of benchmarks.steps. A preset has as many
negatives as it draws, three at most, and its positives, each filled with the next caption. A model
without a bias gets one if a loss needs it. Steps alternate, and share model and optimizer; medians
are reported. Peak memory is that of one process for each preset, without the imported libraries.
"""

import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import torch
from torch import Tensor, nn
from torch.optim import AdamW

from benchmarks.steps import CLOCKS, TYPES, Setting, peak_bytes, read_texts, seconds
from training.batches.batch import Batch, PositiveTexts, laid_out
from training.batches.draw import ANY, PAIRS, positives_of
from training.model.clip import ClipModel
from training.model.library import tokenizer
from training.model.loading import load_model
from training.model.teacher import follow, teacher_of
from training.objective.objective import Carried, Objective
from training.objective.specs import objective_of
from training.presets import PRESETS, draw_for
from training.run.backward import backward

FIRST = "fsc-clip"
LEFT_OUT = {"fsc-clip-lora"}  # the same losses


def make_batch(setting: Setting, model: ClipModel, preset: str) -> Batch:
    """Return a preset's batch, laid out."""
    draw = draw_for(preset, made_with=FIRST, available=TYPES)
    num_positives = positives_of(draw)[0]
    num_negatives = min(len(TYPES), sum(draw.get(name, 0) for name in (ANY, PAIRS, *TYPES)))
    captions = [texts[0] for texts in setting.texts]
    negatives = [text for texts in setting.texts for text in texts[1 : 1 + num_negatives]]
    positives = [
        captions[(number + place + 1) % len(captions)]
        for number in range(len(captions))
        for place in range(num_positives)
    ]
    caption_BL, negative_NL, positive_NL = (
        ids_of(setting, texts) for texts in (captions, negatives, positives)
    )
    side, generator = model.preprocess.height, torch.Generator().manual_seed(0)
    batch = Batch(
        ids=tuple(map(str, range(len(captions)))),
        image_BCHW=torch.randn(len(captions), 3, side, side, generator=generator),
        caption_BL=caption_BL,
        negative_NL=negative_NL,
        place_N=torch.arange(len(negatives)),
        caption_lengths=lengths_of(caption_BL),
        negative_lengths=lengths_of(negative_NL),
        num_negatives=num_negatives,
        positives=PositiveTexts(
            token_NL=positive_NL,
            place_N=torch.arange(len(positives)),
            lengths=lengths_of(positive_NL),
            num_places=num_positives,
        )
        if num_positives
        else None,
    )
    return laid_out(batch, model.form).to(setting.device)


def ids_of(setting: Setting, texts: list[str]) -> Tensor:
    """Return token ids, one row per text."""
    return tokenizer(setting.model)(texts) if texts else torch.zeros(0, 1, dtype=torch.int64)


def lengths_of(ids_TL: Tensor) -> tuple[int, ...]:
    """Return the tokens of each text up to EOT, which has the largest id."""
    return tuple((ids_TL.argmax(-1) + 1).tolist())


def make_step(
    setting: Setting, model: ClipModel, optimizer: AdamW, preset: str
) -> Callable[[], object]:
    """Return a function that does a whole step of a preset, including its teacher."""
    objective = objective_of(PRESETS[preset].losses).at(0)
    batch = make_batch(setting, model, preset)
    teacher = teacher_of(model) if objective.needs_teacher else None
    return partial(_step, setting, model, objective, batch, teacher, optimizer, {}, preset)


def _step(  # noqa: PLR0913, PLR0917 - what a step is made of
    setting: Setting,
    model: ClipModel,
    objective: Objective,
    batch: Batch,
    teacher: ClipModel | None,
    optimizer: AdamW,
    carried: Carried,
    preset: str,
) -> None:
    for parameter in model.parameters():
        parameter.requires_grad = True
    if PRESETS[preset].frozen == "image":
        model.freeze("image")
    if not objective.needs_bias:
        model.clip.logit_bias.requires_grad = False
    backward(
        model, [batch], objective, teacher=teacher, carried=carried, precision=setting.precision
    )
    optimizer.step()
    optimizer.zero_grad()
    model.clamp_scale()
    if teacher is not None:
        follow(teacher, model, decay=0.9996)


def make_model(setting: Setting) -> ClipModel:
    """Return a model with random weights, and with a bias."""
    torch.manual_seed(0)
    model = load_model(setting.model)
    if not model.has_bias:
        model.clip.logit_bias = nn.Parameter(torch.tensor(-10.0))
        model.has_bias = True
    return model.to(setting.device)


def medians_of(
    steps: dict[str, Callable[[], object]], setting: Setting, *, rounds: int
) -> dict[str, float]:
    """Return each preset's median seconds per step; presets alternate after a round to warm up."""
    times: dict[str, list[float]] = {preset: [] for preset in steps}
    for number in range(rounds + 1):
        for preset, step in steps.items():
            taken = seconds(step, setting)
            times[preset] += [taken] if number else []
    return {preset: statistics.median(taken) for preset, taken in times.items()}


@click.command()
@click.argument("shards", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--model", default="ViT-B-32", show_default=True)
@click.option("--batch-size", default=16, show_default=True)
@click.option("--device", default="cpu", show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--threads", default=2, show_default=True, help="CPU threads.")
@click.option("--clock", type=click.Choice(tuple(CLOCKS)), default="wall", show_default=True)
@click.option("--only", type=click.Choice(tuple(PRESETS)), help="Print the peak of one preset.")
def main(  # noqa: PLR0913 - one parameter an option of the command line
    *,
    shards: Path,
    model: str,
    batch_size: int,
    device: str,
    rounds: int,
    threads: int,
    clock: str,
    only: str | None,
) -> None:
    """Time a step of each preset, and measure its peak memory in a process of its own."""
    torch.set_num_threads(threads)
    setting = Setting(
        model=model,
        device=device,
        precision=torch.bfloat16 if device == "cuda" else None,
        clock=CLOCKS[clock],
        texts=read_texts(shards, batch_size),
    )
    if len(setting.texts) < batch_size:
        raise click.UsageError(
            f"{len(setting.texts)} captions have negatives of {TYPES}: lower the batch"
        )
    libraries = peak_bytes(device)
    built = make_model(setting)
    optimizer = AdamW(built.parameters(), lr=5e-6, weight_decay=0.1, fused=True)
    if only:
        step = make_step(setting, built, optimizer, only)
        for _ in range(2):
            step()
        click.echo(f"{peak_bytes(device) - libraries}")
        return
    presets = [FIRST, *(name for name in PRESETS if name not in {FIRST, *LEFT_OUT})]
    steps = {name: make_step(setting, built, optimizer, name) for name in presets}
    report(medians_of(steps, setting, rounds=rounds), {name: peak_alone(name) for name in presets})


def report(medians: dict[str, float], peaks: dict[str, int]) -> None:
    """Print a table."""
    click.echo("| preset | seconds a step | of fsc-clip's | peak memory, without libraries |")
    click.echo("|---|---:|---:|---:|")
    for name, median_s in medians.items():
        share, peak = median_s / medians[FIRST], peaks[name] / 1e9
        click.echo(f"| `{name}` | {median_s:.3f} | {share:.2f} | {peak:.2f} GB |")


def peak_alone(preset: str) -> int:
    """Return the peak memory of a process for one preset, in bytes."""
    command = [sys.executable, "-m", "benchmarks.objectives", *sys.argv[1:], "--only", preset]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    return int(done.stdout)


if __name__ == "__main__":
    main()
