import io
import json
import math
from pathlib import Path

import pytest
import torch
from rich.console import Console

from tests.training.tiny import batch_of, clip_model
from training.batches.loader import Step
from training.batches.sampler import Position
from training.run.logs import JsonLines, Meter, flat
from training.run.view import Lines, Screen, clock

RECORD = {
    "step": 20, "epoch": 0.5, "lr": 1e-3, "loss": 1.25, "clip": 1.0, "global": 0.5, "local": 0.4,
    "global_p0": 0.7, "local_p0": 0.6, "scale": 14.3, "gradient_norm": 2.0,
    "images_per_s": 100.0, "tokens_per_s": 900.0, "wait_share": 0.015,
    "negatives": {"swap": 3}, "peak_memory_mb": 1234,
}  # fmt: skip
MEASURED = {
    "step": 20,
    "validation": {
        "loss": 2.0, "retrieval": 0.25, "composition": 0.75, "composition_chance": 0.4,
        "captions": 96,
    },
}  # fmt: skip


def step_of(*, waited_s: float, counts: dict[str, int]) -> Step:
    batch = batch_of(clip_model(), [1, 0])
    return Step((batch,), Position(), waited_s, counts)


def test_a_record_is_the_mean_of_its_steps() -> None:
    meter = Meter(torch.device("cpu"))
    for value, counts in ((1.0, {"swap": 2}), (3.0, {"swap": 1, "broken images replaced": 1})):
        terms = {"loss": torch.tensor(value), "scale": torch.tensor(14.0)}
        meter.add(step_of(waited_s=0.0, counts=counts), terms, torch.tensor(value * 2))
    found = meter.record()
    assert (found["loss"], found["gradient_norm"], found["scale"]) == (2.0, 4.0, 14.0)
    assert found["negatives"] == {"swap": 3}
    assert found["broken images replaced"] == 1
    batch = step_of(waited_s=0.0, counts={}).micro_batches[0]
    tokens = 2 * (sum(batch.caption_lengths) + sum(batch.negative_lengths))
    rate = found["tokens_per_s"], found["images_per_s"]
    assert rate[0] / rate[1] == pytest.approx(tokens / 4)
    assert found["wait_share"] == 0
    assert found["peak_memory_mb"] > 50
    meter.add(step_of(waited_s=1e6, counts={}), {"loss": torch.tensor(5.0)}, torch.tensor(1.0))
    again = meter.record()
    assert again["loss"] == 5.0
    assert again["negatives"] == {}
    assert again["wait_share"] > 1  # more seconds than there were: the share is of these steps


def test_a_log_that_goes_on_drops_what_came_after_its_checkpoint(tmp_path: Path) -> None:
    log = JsonLines(tmp_path, after_step=0)
    for step in (1, 2, 3):
        log.note({"step": step})
    log.close()
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 4, "lo')  # a kill in the middle of a line
    log = JsonLines(tmp_path, after_step=2)
    log.note({"step": 3, "again": True})
    log.close()
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"step": 1}, {"step": 2}, {"step": 3, "again": True},
    ]  # fmt: skip


def test_numbers_that_are_none_are_null(tmp_path: Path) -> None:
    log = JsonLines(tmp_path, after_step=0)
    log.note({"step": 1, "gradient_norm": math.inf, "validation": {"loss": math.nan, "n": 2}})
    log.close()
    (line,) = (tmp_path / "log.jsonl").read_text().splitlines()
    assert line == '{"step": 1, "gradient_norm": null, "validation": {"loss": null, "n": 2}}'


def test_numbers_of_a_record_have_names() -> None:
    assert dict(flat({"a": 1, "b": {"c": 2.0, "d": "no"}})) == {"a": 1, "b/c": 2.0}


def test_the_screen_shows_terms_speed_and_time_left() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, height=60)
    screen = Screen(console, num_steps=100, batch_size=50)
    screen.note(RECORD)
    screen.note(MEASURED)
    screen.close()
    text = console.file.getvalue()
    for part in ("20 of 100", "1.2500", "0.7000", "1.5%", "1,234 MB", "0:00:40", "75.0%"):
        assert part in text


def test_lines_stand_in_for_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(num_steps=100, batch_size=50)
    lines.note(RECORD)
    lines.note(MEASURED)
    lines.close()
    first, second = capsys.readouterr().err.splitlines()
    for part in ("step 20/100", "global 0.5000", "100 images/s", "waiting 1.5%", "0:00:40 left"):
        assert part in first
    assert "composition 75.0% (chance 40.0%) of 96 captions" in second


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (59.6, "0:01:00"), (3725, "1:02:05")]
)
def test_durations(seconds: float, text: str) -> None:
    assert clock(seconds) == text
