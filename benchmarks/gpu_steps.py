"""A training step on a device for `benchmarks.gpu`: its time, memory, work and waits.

Steps are the trainer's own (`training.run.loop.train_step`): gradient, update, clamp, with a batch
that is on the device.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from training.batches.loader import Step, steps
from training.batches.workers import Workers
from training.config import settings_of
from training.run.loop import Run, train_step
from training.run.start import Places, prepare
from training.run.train import assemble

PEAK_FLOPS: Final = {  # dense bfloat16, per second, by part of the device's name, longest first
    "H200": 989e12, "H100 PCIe": 756e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12,
    "RTX 4090": 165e12, "A10G": 70e12, "L4": 121e12, "A10": 125e12,
}  # fmt: skip
BY_TYPE: Final = {"swap": 1, "replace": 1, "shuffle": 1}
_WARM_UP: Final = 3
IMAGES_A_SECOND, MEMORY_GB, SYNCHRONISATIONS = 6000, 20, 0  # the bars


class Figure(NamedTuple):
    """A row of the table. `bar`: the requirement; `met`: whether it is met, None without one."""

    what: str
    found: str
    bar: str = ""
    met: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What is measured, and on which device.

    `root`: has `shards` and `images`. `deadline`: time of the clock. `barred`: whether the bars,
    which are those of ViT-B/32 on a GPU, apply.
    """

    root: Path
    device: torch.device
    model: str
    batch_size: int
    rounds: int
    workers: int
    deadline: float
    barred: bool

    @property
    def left_s(self) -> float:
        """Return the remaining seconds."""
        return self.deadline - time.monotonic()


def settings_for(setting: Setting, *, preset: str = "fsc-clip", **run: Any) -> Any:  # noqa: ANN401
    """Return the trainer's settings: random weights, bf16, the draws of the paper."""
    options = {"device": str(setting.device), "workers": setting.workers, "log_every": 5}
    own: dict[str, Any] = {"draw": BY_TYPE} if preset.startswith("fsc-clip") else {}
    own |= {"composites": 0} if preset == "clic" else {}  # here all captions are of one image
    in_place = setting.model.startswith("local-dir:")
    section = {
        "preset": preset, "model": setting.model, "batch_size": setting.batch_size,
        "validation": None, "epochs": 1000, "run": options | {"save_every": 10**6} | run, **own,
        **({} if in_place else {"pretrained": None}),
    }  # fmt: skip
    return settings_of({"training": section})


def run_of(setting: Setting, *, preset: str = "fsc-clip", **run: Any) -> Run:  # noqa: ANN401
    """Return a run before its first step."""
    settings = settings_for(setting, preset=preset, **run)
    places = Places(
        shards=setting.root / "shards",
        images=setting.root / "images",
        out=setting.root / "never",
        cache=setting.root / "cache",
    )
    prepared = prepare(settings, places)
    made = assemble(settings, prepared, places.out, device=setting.device)
    made.trained.train()
    return made


def one_step(run: Run) -> Step:
    """Return a batch on the device."""
    with closing(loading(run, workers=0)) as batches:
        return next(batches)


def loading(run: Run, *, workers: int) -> Any:  # noqa: ANN401 - a generator of steps
    """Yield the run's batches on the device, from the first."""
    sampler = run.sampler(run.samples.start())
    return steps(
        run.samples,
        sampler,
        workers=Workers(number=workers),
        device=run.device,
        form=run.model.form,
        num_micro_batches=run.settings.run.micro_batches,
    )


def wait_for(device: torch.device) -> None:
    """Wait until a device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def step_seconds(run: Run, step: Step, *, rounds: int) -> float:
    """Return the time of a whole step; as in training, nothing waits for the device in between."""
    for number in range(_WARM_UP):
        train_step(run, number, step)
    wait_for(run.device)
    start = time.perf_counter()
    for number in range(rounds):
        train_step(run, number, step)
    wait_for(run.device)
    return (time.perf_counter() - start) / rounds


def peak_gb(device: torch.device) -> float | None:
    """Return the peak memory of a GPU since the last reset; None elsewhere."""
    if device.type != "cuda":
        return None
    return torch.cuda.max_memory_allocated(device) / 1e9


def synchronisations(run: Run, step: Step) -> int | None:
    """Return how often a step waits for the GPU; None elsewhere."""
    if run.device.type != "cuda":
        return None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            train_step(run, 0, step)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(warning.message) for warning in caught)


def flops(run: Run, step: Step) -> int:
    """Return the floating-point operations of a step, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        train_step(run, 0, step)
    return counter.get_total_flops()


def peak_flops(device: torch.device, *, side: int) -> tuple[float, str]:
    """Return the possible operations per second, and the source of that figure."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        known = next((peak for part, peak in PEAK_FLOPS.items() if part in name), None)
        if known is not None:
            return known, f"of {known / 1e12:,.0f} TFLOP/s"
    matrix = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    taken = []
    for _ in range(6):
        start = time.perf_counter()
        _ = matrix @ matrix
        wait_for(device)
        taken.append(time.perf_counter() - start)
    found = 2 * side**3 / min(taken)
    return found, f"of {found / 1e12:,.2f} TFLOP/s measured"


def step_figures(setting: Setting, *, name: str = "step", **run: Any) -> Iterator[Figure]:  # noqa: ANN401
    """Yield a step's time, images per second, peak memory, MFU and synchronisations."""
    forget(setting.device)
    made = run_of(setting, **run)
    step = one_step(made)
    taken = step_seconds(made, step, rounds=setting.rounds)
    rate, peak = setting.batch_size / taken, peak_gb(setting.device)
    barred = partial(_barred, setting)
    yield Figure(f"{name}: time", f"{taken * 1000:,.1f} ms")
    yield barred(
        f"{name}: images/s", f"{rate:,.0f}", f"{IMAGES_A_SECOND:,} or more", rate >= IMAGES_A_SECOND
    )
    if peak is not None:
        memory = f"{MEMORY_GB} GB or less"
        yield barred(f"{name}: peak memory", f"{peak:.1f} GB", memory, peak <= MEMORY_GB)
    waits = synchronisations(made, step)
    if waits is not None:
        met = waits <= SYNCHRONISATIONS
        yield barred(f"{name}: host synchronisations", str(waits), "none", met)
    if not run.get("compile"):
        count = flops(made, step)
        most, where = peak_flops(
            setting.device, side=8192 if setting.device.type == "cuda" else 256
        )
        yield Figure(f"{name}: work", f"{count / 1e12:,.3f} TFLOP")
        yield Figure(f"{name}: MFU", f"{count / taken / most:.1%} {where}")


def _barred(setting: Setting, what: str, found: str, bar: str, met: bool) -> Figure:  # noqa: FBT001
    return Figure(what, found, bar, met) if setting.barred else Figure(what, found)


def forget(device: torch.device) -> None:
    """Reset a GPU's memory statistics."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


Part = Callable[[], Iterator[Figure]]
