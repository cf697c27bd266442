"""What `benchmarks.gpu` measures besides a step: presets, loader, a whole run, a language model."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice

from benchmarks.gpu_steps import (
    Figure,
    Setting,
    forget,
    loading,
    one_step,
    peak_gb,
    run_of,
    settings_for,
    step_seconds,
    wait_for,
)
from benchmarks.gpu_world import rows as made_rows
from data.errors import UsageError
from training.run.logs import all_records
from training.run.start import Places
from training.run.summary import figures_of
from training.run.train import train


def objective_figures(setting: Setting, presets: tuple[str, ...]) -> Iterator[Figure]:
    """Yield the time and memory of each preset's step, relative to the first one's.

    Different draws give different texts, so batches differ in size as they do in training.
    """
    first: tuple[float, float | None] | None = None
    for preset in presets:
        if setting.left_s < 20:
            return
        forget(setting.device)
        try:
            made = run_of(setting, preset=preset)
        except UsageError as error:  # a model without a bias
            yield Figure(f"objective {preset}", f"not measured: {error}")
            continue
        taken = step_seconds(made, one_step(made), rounds=setting.rounds)
        peak = peak_gb(setting.device)
        first = first or (taken, peak)
        memory = f", {peak:.1f} GB" if peak is not None else ""
        yield Figure(
            f"objective {preset}",
            f"{taken * 1000:,.1f} ms{memory}, {taken / first[0]:.2f} of the first",
        )
        del made


def loader_figures(setting: Setting) -> Iterator[Figure]:
    """Yield images per second of the loader alone, on the device, with all workers."""
    made = run_of(setting)
    with closing(loading(made, workers=setting.workers)) as batches:
        next(batches)
        num_steps = max(2, setting.rounds)
        start = time.perf_counter()
        for _ in islice(batches, num_steps):
            pass
        wait_for(setting.device)
        rate = num_steps * setting.batch_size / (time.perf_counter() - start)
    per_worker = f", {rate / setting.workers:,.0f} per worker" if setting.workers else ""
    yield Figure(f"loader: images/s, {setting.workers} workers", f"{rate:,.0f}{per_worker}")


def run_figures(setting: Setting) -> Iterator[Figure]:
    """Yield the speed of a run of `train`, as medians without the first records."""
    out = setting.root / "run"
    settings = settings_for(setting)
    places = Places(
        shards=setting.root / "shards",
        images=setting.root / "images",
        out=out,
        cache=setting.root / "cache",
    )
    quick = replace(settings, run=replace(settings.run, log_every=2))
    train(quick, places, limit_steps=2 * setting.rounds + 2)
    speed = figures_of(all_records(out)[1:], batch_size=setting.batch_size)["speed"]
    yield Figure("whole run: images/s", f"{speed['images_per_s']:,.0f}")
    yield Figure("whole run: waiting for data", f"{speed['wait_share']:.1%}")
    yield Figure("whole run: tokens/s", f"{speed['tokens_per_s']:,.0f}")


def language_model_figures(setting: Setting, *, num_texts: int) -> Iterator[Figure]:
    """Yield SmolLM2's tokens per second, read (scoring texts) and written (greedily)."""
    from data.streams import Stream  # noqa: PLC0415
    from negatives.fluency.neural import open_model  # noqa: PLC0415  (loads transformers)
    from negatives.llm.generating import Order, write_texts  # noqa: PLC0415

    on_gpu = setting.device.type == "cuda"
    model = open_model(
        device=setting.device.type,
        dtype="bfloat16" if on_gpu else "float32",
        batch_tokens=16_384 if on_gpu else None,
    )
    texts = [row.negatives[0].text for row in made_rows(num_texts, images=1)]
    tokens = model.network.tokens_of(texts)
    model.log_probabilities(texts[: num_texts // 4])
    start = time.perf_counter()
    model.log_probabilities(texts)
    rate = sum(map(len, tokens)) / (time.perf_counter() - start)
    yield Figure(f"{model.name}: tokens/s, read", f"{rate:,.0f}")
    length = 24 if on_gpu else 4
    orders = [
        Order((model.network.start, *each), length, 0.0, Stream("gpu", n))
        for n, each in enumerate(tokens[: 256 if on_gpu else 4])
    ]
    start = time.perf_counter()
    written = write_texts(model.network, orders)
    rate = sum(map(len, written)) / (time.perf_counter() - start)
    yield Figure(f"{model.name}: tokens/s, written", f"{rate:,.0f}")
