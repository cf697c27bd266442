"""A run that is told to stop leaves whatever it waits for."""

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.training.runs import ROWS, world
from training.run.checkpoint import latest
from training.run.stopping import Stopping, ending_if_stuck, exit_code, noting_signals

ROOT = Path(__file__).parents[3]
STOPS = [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT]


def itself(number: int) -> Callable[[], None]:
    """Return what sends a signal to this process, and then waits for long."""

    def call() -> None:
        os.kill(os.getpid(), number)
        time.sleep(30)

    return call


@pytest.mark.parametrize(
    ("number", "code"), [(0, 0), (signal.SIGTERM, 75), (signal.SIGUSR1, 75), (signal.SIGINT, 130)]
)
def test_exit_codes(number: int, code: int) -> None:
    assert exit_code(number) == code


@pytest.mark.parametrize("number", STOPS)
def test_signals_are_remembered_and_then_as_before(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with noting_signals() as stopping:
        assert stopping.agreed() == 0
        os.kill(os.getpid(), number)
        assert stopping.agreed() == number
    assert signal.getsignal(number) is before


def test_a_second_interrupt_ends_at_once() -> None:
    with noting_signals() as stopping:
        stopping.note(signal.SIGINT)
        stopping.note(signal.SIGINT)  # the same one, from a terminal and from a parent
        time.sleep(1.1)
        with pytest.raises(KeyboardInterrupt):
            stopping.note(signal.SIGINT)


@pytest.mark.parametrize("number", STOPS)
def test_a_wait_is_broken_off(number: signal.Signals) -> None:
    start = time.monotonic()
    with noting_signals() as stopping:
        assert stopping.unless_stopped(lambda: 5) == 5
        assert stopping.unless_stopped(itself(number)) is None
        assert stopping.unless_stopped(lambda: 5) is None  # not begun any more
        assert stopping.agreed() == number
    assert time.monotonic() - start < 10


def test_what_was_told_before_a_wait_ends_it_too() -> None:
    with noting_signals() as stopping:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopping.unless_stopped(lambda: time.sleep(30)) is None


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (signal.SIGTERM, SystemExit, (75,)),
        (signal.SIGUSR1, SystemExit, (75,)),
        (signal.SIGINT, KeyboardInterrupt, ()),
    ],
)
def test_nothing_is_waited_for_where_nothing_is_to_be_kept(
    number: signal.Signals, kind: type[BaseException], code: tuple[int, ...]
) -> None:
    with noting_signals() as stopping:
        with pytest.raises(kind) as caught, stopping.at_once():
            itself(number)()
        assert caught.value.args == code


def test_who_writes_is_not_hurried() -> None:
    stopping = Stopping()
    before = stopping.patience_s
    with stopping.undisturbed():
        assert stopping.patience_s == math.inf
    assert stopping.patience_s == before


DEAF = """
import ctypes, signal
from training.run.stopping import noting_signals

with noting_signals() as stopping:
    stopping.patience_s = 1.0
    c, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(64)
    c.pthread_mutex_lock(mutex)
    print("waits", flush=True)
    c.pthread_mutex_lock(mutex)  # never comes back, as a library that waits for what is gone
"""


@contextmanager
def running(
    *command: str, folder: Path | None = None, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 75), (signal.SIGINT, 130)])
def test_one_of_several_that_waits_inside_a_library_is_ended(number: int, code: int) -> None:
    with running(sys.executable, "-c", DEAF, WORLD_SIZE="2") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert "still waiting for other processes of the run" in errors


def test_one_process_alone_is_never_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    before = signal.set_wakeup_fd(-1)
    with ending_if_stuck():
        assert signal.set_wakeup_fd(-1) == -1
    signal.set_wakeup_fd(before)


@pytest.mark.parametrize(
    ("number", "workers", "code"),
    [
        (signal.SIGTERM, 0, 75),
        pytest.param(signal.SIGTERM, 1, 75, marks=pytest.mark.slow),
        (signal.SIGINT, 1, 130),
    ],
)
def test_a_run_that_waits_for_its_images_ends_with_a_checkpoint(
    tmp_path: Path, number: int, workers: int, code: int
) -> None:
    world(tmp_path)
    options = f"precision=fp32 batch_size=8 epochs=100000 validation=null run.workers={workers}"
    options += " run.device=cpu run.log_every=1 run.save_every=1000000"
    with running(
        sys.executable, "-m", "training.cli", "--shards", "shards", "--images", "images",
        "--model", "local-dir:model", "--out", "run", "--quiet",
        *(f"--set=training.{option}" for option in options.split()),
        folder=tmp_path,
    ) as process:  # fmt: skip
        wait_until(lambda: num_steps(tmp_path / "run") > 0)
        for row in ROWS:
            unreadable(tmp_path / "images" / row.image)
        wait_until(lambda: not grows(tmp_path / "run"))
        done = num_steps(tmp_path / "run")
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (code, "")
    last = latest(tmp_path / "run")
    assert last is not None
    assert last.stem == f"step-{done:08d}"


def unreadable(image: Path) -> None:
    """Let whoever reads an image wait for ever, as for a server that does not answer."""
    pipe = image.with_suffix(".pipe")
    os.mkfifo(pipe)
    pipe.rename(image)


def num_steps(run: Path) -> int:
    log = run / "log.jsonl"
    return log.read_text().count("\n") if log.exists() else 0


def grows(run: Path) -> bool:
    before = num_steps(run)
    time.sleep(2)
    return num_steps(run) > before


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
