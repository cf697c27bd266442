"""A stage's process hears of the signals that the pipeline gets, and imports our packages alone."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("open_clip", reason="the extra `train` is not installed")

from negatives.pipeline import programs
from tests.training.runs import world
from training.run.checkpoint import latest

ROOT = Path(__file__).parents[3]
CALL = """
import sys
from negatives.pipeline.programs import Programs
programs = Programs(jobs=int(sys.argv.pop(1)))
with programs.passing_signals():
    sys.exit(programs("stage", sys.argv[1:]))
"""
TRAIN = (
    "train", "--shards", "shards", "--images", "images", "--model", "local-dir:model",
    "--out", "run", "--quiet",
    *(f"--set=training.{option}" for option in (
        "precision=fp32", "batch_size=8", "epochs=100000", "validation=null", "run.device=cpu",
        "run.workers=0", "run.log_every=1", "run.save_every=1000000",
    )),
)  # fmt: skip


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 75), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)],
)
def test_a_stage_that_is_told_to_stop_ends_as_it_would_alone(
    tmp_path: Path, number: int, code: int
) -> None:
    world(tmp_path)
    for name in ("data.py", "negatives.py", "training.py"):
        (tmp_path / name).write_text("raise AssertionError('not ours')")
    with subprocess.Popen(
        [sys.executable, "-P", "-c", CALL, "2", *TRAIN],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # without a terminal, which would send Ctrl-C to both
    ) as pipeline:
        try:
            log = tmp_path / "run/log.jsonl"
            until = time.monotonic() + 100
            while not (log.exists() and log.stat().st_size) and time.monotonic() < until:
                time.sleep(0.05)
            pipeline.send_signal(number)
            _, errors = pipeline.communicate(timeout=60)
        finally:
            pipeline.kill()
    assert (pipeline.returncode, errors) == (code, "")
    assert latest(tmp_path / "run") is not None


@pytest.mark.parametrize(
    ("program", "jobs", "start"),
    [("negatives", 1, ""), ("train", 2, "stage | "), ("evaluate", 1, "")],
)
def test_programs_start_whatever_lies_in_the_folder(
    tmp_path: Path, program: str, jobs: int, start: str
) -> None:
    for name in ("data.py", "negatives.py", "training.py", "click.py"):
        (tmp_path / name).write_text("raise AssertionError('not ours')")
    done = subprocess.run(
        [sys.executable, "-P", "-c", CALL, str(jobs), program, "--help"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    first, *_ = done.stderr.splitlines()
    assert (done.returncode, first.startswith(f"{start}Usage: {program}")) == (0, True), first


def test_a_signal_ends_all_programs_that_run_and_no_other_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = {"wait": "import time; main = lambda: (print('ready', flush=True), time.sleep(60))"}
    monkeypatch.setattr(programs, "_PROGRAMS", waiting)
    read, write = os.pipe()
    run = programs.Programs(jobs=2)
    with (
        os.fdopen(write, "w") as shown,
        os.fdopen(read, "rb") as lines,
        ThreadPoolExecutor(2) as pool,
        run.passing_signals(),
    ):
        monkeypatch.setattr(sys, "stderr", shown)
        both = [pool.submit(run, name, ["wait"]) for name in ("one", "other")]
        assert {lines.readline(), lines.readline()} == {b"one | ready\n", b"other | ready\n"}
        signal.raise_signal(signal.SIGTERM)
        assert [each.result(timeout=20) for each in both] == [-signal.SIGTERM] * 2
        assert run("next", ["wait"]) == -signal.SIGTERM
