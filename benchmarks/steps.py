"""A whole training step, ours and the same step in the published form.

    python -m benchmarks.steps out                        # two CPU cores, float32
    python -m benchmarks.steps out --device cuda --batch-size 256

`out` holds shards; captions with a negative of each of the first K types are taken in order, images
and weights are random. Both forms share model, batch and optimizer. The published form pads every
text to 77, encodes captions and negatives in one list, and computes the loss type by type, with
each token's view of the image. Steps alternate; medians are reported. Peak memory is that of one
process for each form: on the CPU its largest resident set, of which the imported libraries are
stated and excluded from the first ratio.
"""

import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

import click
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.published import OBJECTIVE, published_loss
from data.manifest import read_all_rows, read_manifest
from data.records import Row
from training.batches.batch import Batch, laid_out
from training.model.clip import ClipModel
from training.model.library import tokenizer
from training.model.loading import load_model
from training.run.backward import backward

Way = Literal["ours", "published"]
PEAK_FLOPS = 989e12  # an H100's, dense bfloat16
TYPES = ("swap", "replace", "shuffle")
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What is measured: model, device, precision and clock, and the captions of a batch."""

    model: str
    device: str
    precision: torch.dtype | None
    clock: Callable[[], float]
    texts: tuple[tuple[str, ...], ...]  # each caption and its K negatives


def read_texts(folder: Path, batch_size: int) -> tuple[tuple[str, ...], ...]:
    """Return the first captions that have a negative of each type, with those negatives."""
    rows = read_all_rows(folder, read_manifest(folder))
    whole = (row for row in rows if set(TYPES) <= {negative.type for negative in row.negatives})
    return tuple(islice(map(with_one_of_each, whole), batch_size))


def with_one_of_each(row: Row) -> tuple[str, ...]:
    """Return a caption and its first negative of each type."""
    first = {negative.type: negative.text for negative in reversed(row.negatives)}
    return (row.caption, *(first[name] for name in TYPES))


def make_batch(setting: Setting, model: ClipModel) -> Batch:
    """Return the batch on its device, laid out as by a loader."""
    tokenize = tokenizer(setting.model)
    caption_BL = tokenize([texts[0] for texts in setting.texts])
    negative_NL = tokenize([text for texts in setting.texts for text in texts[1:]])
    side = model.preprocess
    batch = Batch(
        ids=tuple(map(str, range(len(caption_BL)))),
        image_BCHW=torch.randn(
            len(caption_BL),
            3,
            side.height,
            side.width,
            generator=torch.Generator().manual_seed(0),
        ),
        caption_BL=caption_BL,
        negative_NL=negative_NL,
        place_N=torch.arange(len(negative_NL)),
        caption_lengths=tuple((caption_BL.argmax(-1) + 1).tolist()),
        negative_lengths=tuple((negative_NL.argmax(-1) + 1).tolist()),
        num_negatives=len(TYPES),
    )
    return laid_out(batch, model.form).to(setting.device)


def make_steps(setting: Setting) -> dict[Way, Callable[[], object]]:
    """Return both forms as functions that do a whole step and return its loss."""
    torch.manual_seed(0)
    model = load_model(setting.model).to(setting.device)
    batch = make_batch(setting, model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-6, weight_decay=0.1, fused=True)

    def ours() -> Tensor:
        return backward(model, [batch], OBJECTIVE, precision=setting.precision)["loss"]

    def published() -> Tensor:
        enabled = setting.precision is not None
        with torch.autocast(setting.device, dtype=setting.precision, enabled=enabled):
            loss = published_loss(model, batch)
        torch.autograd.backward(loss)
        return loss.detach()

    def whole(gradient: Callable[[], Tensor]) -> Tensor:
        loss = gradient()
        optimizer.step()
        optimizer.zero_grad()
        model.clamp_scale()
        return loss

    return {"ours": partial(whole, ours), "published": partial(whole, published)}


def seconds(step: Callable[[], object], setting: Setting) -> float:
    """Return the seconds of one step."""
    start = setting.clock()
    step()
    if setting.device == "cuda":
        torch.cuda.synchronize()
    return setting.clock() - start


def peak_bytes(device: str) -> int:
    """Return the peak memory of this process on its device so far."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    # getrusage would give the parent's peak if that was higher: it survives fork and exec.
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    [line] = [line for line in status if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def describe_cuda(step: Callable[[], object], median_s: float) -> str:
    """Return host synchronisations and MFU (FLOPs done, forward and backward) of one step."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        step()
        torch.cuda.set_sync_debug_mode("default")
    syncs = sum("synchroniz" in str(warning.message) for warning in caught)
    with FlopCounterMode(display=False) as counter:
        step()
    mfu = counter.get_total_flops() / median_s / PEAK_FLOPS
    return (
        f", {counter.get_total_flops() / 1e12:.2f} TFLOP, MFU {mfu:.1%}, {syncs} synchronisations"
    )


@click.command()
@click.argument("shards", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--model", default="ViT-B-32", show_default=True)
@click.option("--batch-size", default=16, show_default=True)
@click.option("--device", default="cpu", show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--threads", default=2, show_default=True, help="CPU threads.")
@click.option(
    "--clock",
    type=click.Choice(tuple(CLOCKS)),
    default="wall",
    show_default=True,
    help="cpu, with one thread, holds on a machine that others use.",
)
@click.option(
    "--only", type=click.Choice(["ours", "published"]), help="Print the peak of one form."
)
def main(  # noqa: PLR0913 - one parameter an option of the command line
    *,
    shards: Path,
    model: str,
    batch_size: int,
    device: str,
    rounds: int,
    threads: int,
    clock: str,
    only: Way | None,
) -> None:
    """Time both forms, and measure each one's peak memory in a process of its own."""
    torch.set_num_threads(threads)
    precision = torch.bfloat16 if device == "cuda" else None
    texts = read_texts(shards, batch_size)
    setting = Setting(
        model=model, device=device, precision=precision, clock=CLOCKS[clock], texts=texts
    )
    if len(texts) < batch_size:
        raise click.UsageError(f"{len(texts)} captions have negatives of {TYPES}: lower the batch")
    libraries = peak_bytes(device)
    steps = make_steps(setting)
    if only:
        for _ in range(2):
            steps[only]()
        click.echo(f"{libraries} {peak_bytes(device)}")
        return
    report(steps, setting, rounds=rounds)


def report(steps: dict[Way, Callable[[], object]], setting: Setting, *, rounds: int) -> None:
    """Print each form's time and peak memory, and their ratios."""
    times: dict[Way, list[float]] = {way: [] for way in steps}
    for number in range(rounds + 1):
        for way, step in steps.items():
            taken = seconds(step, setting)
            times[way] += [taken] if number else []  # the first round warms up
    medians = {way: statistics.median(taken) for way, taken in times.items()}
    libraries, peaks = 0, dict[Way, int]()
    for way in steps:
        libraries, peaks[way] = peaks_alone(way)
    for way, step in steps.items():
        extra = describe_cuda(step, medians[way]) if setting.device == "cuda" else ""
        click.echo(
            f"{way:<9} {medians[way]:.3f} s a step, "
            f"{len(setting.texts) / medians[way]:.2f} images/s, "
            f"peak {peaks[way] / 1e9:.2f} GB{extra}"
        )
    click.echo(
        f"ours is {medians['published'] / medians['ours']:.2f} times as fast, "
        f"with {(peaks['ours'] - libraries) / (peaks['published'] - libraries):.2f} of the memory "
        f"({peaks['ours'] / peaks['published']:.2f} with the {libraries / 1e9:.2f} GB of libraries)"
    )


def peaks_alone(way: Way) -> tuple[int, int]:
    """Return the memory of a process for one form before its model was built, and its peak."""
    command = [sys.executable, "-m", "benchmarks.steps", *sys.argv[1:], "--only", way]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    libraries, peak = map(int, done.stdout.split())
    return libraries, peak


if __name__ == "__main__":
    main()
