"""Items that workers cannot send, and workers that die: one line, and no waiting."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset

from data.errors import RetryableError, UsageError
from tests.training.runs import world
from tests.training.small_machines import (
    ENVIRONMENT,
    needs_mount,
    python,
    run,
    with_open_files,
    with_shared_memory,
)
from training.batches.workers import Workers, explaining_worker_deaths, read_ahead

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")  # fewer cores

READS = """
import torch
from training.batches.workers import Workers, explaining_worker_deaths, read_ahead

class Zeros(torch.utils.data.Dataset):
    def __getitem__(self, number):
        return [torch.zeros({size}) for _ in range({tensors})]

kept = []
try:
    with explaining_worker_deaths():
        for item in read_ahead(Zeros(), range(64), workers=Workers(number=1, ahead=2)):
            kept.append(item)
except Exception as error:
    print(type(error).__name__, error)
"""
WAITS = """
import os, time, torch
from contextlib import closing
from training.batches.workers import Workers, explaining_worker_deaths, read_ahead

class Waiting(torch.utils.data.Dataset):
    def __getitem__(self, number):
        print(os.getpid(), flush=True)
        time.sleep(1000)

reading = read_ahead(Waiting(), range(9), workers=Workers(number=1))
with explaining_worker_deaths(), closing(reading) as items:
    next(items)
"""
TRAIN = (
    "-m", "training.cli", "--shards", "shards", "--images", "images",
    "--model", "local-dir:model", "--out", "run", "--quiet",
    *(f"--set=training.{option}" for option in (
        "precision=fp32", "batch_size=8", "validation=null", "run.device=cpu", "run.workers=1",
    )),
)  # fmt: skip
EVALUATE = (
    "-m", "training.evaluation", "--model", "local-dir:model", "--benchmark", "scenes",
    "--device", "cpu", "--workers", "1", "--cache", "cache", "--quiet",
)  # fmt: skip


class Items(Dataset[Tensor]):
    """Tensors with their number; `strike` is called in a worker before each is made."""

    def __init__(self, strike: Callable[[int], None]) -> None:
        self._strike = strike

    def __getitem__(self, number: int) -> Tensor:
        self._strike(number)
        return torch.full((3,), number)


def nothing(_number: int) -> None:
    pass


def unreadable(number: int) -> None:
    if number == 3:
        raise UsageError("3 cannot be read")


def unreachable(number: int) -> None:
    if number == 3:
        raise RetryableError("3 cannot be reached")


def killed(number: int) -> None:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)


def out_of_memory(number: int) -> None:
    if number == 3:
        os.kill(os.getpid(), signal.SIGBUS)


def ended(number: int) -> None:
    if number == 3:
        os._exit(3)


def numbers(strike: Callable[[int], None], *, workers: int) -> Iterator[float]:
    reading = read_ahead(Items(strike), [5, 4, 3, 2], workers=Workers(number=workers))
    with explaining_worker_deaths(), closing(reading) as items:
        for item in items:
            yield item[0].item()


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_items_come_in_order(workers: int) -> None:
    assert list(numbers(nothing, workers=workers)) == [5, 4, 3, 2]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("strike", "kind", "message"),
    [
        (unreadable, UsageError, "3 cannot be read"),
        (unreachable, RetryableError, "3 cannot be reached"),
    ],
)
def test_an_error_keeps_its_type_and_its_place(
    strike: Callable[[int], None], kind: type[Exception], message: str, workers: int
) -> None:
    found = numbers(strike, workers=workers)
    assert [next(found), next(found)] == [5, 4]
    with pytest.raises(kind, match=f"^{message}$"):
        next(found)


@pytest.mark.parametrize(
    ("strike", "message"),
    [
        (killed, "a worker process died (killed: out of memory?)"),
        (out_of_memory, "the shared memory"),
        (ended, "a worker process died"),
    ],
)
def test_the_death_of_a_worker_is_told(strike: Callable[[int], None], message: str) -> None:
    with pytest.raises(RetryableError) as caught:
        list(numbers(strike, workers=2))
    assert str(caught.value).startswith(message)
    assert "fewer workers" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_errors_of_others_are_left_alone() -> None:
    with pytest.raises(RuntimeError, match="something else"), explaining_worker_deaths():
        raise RuntimeError("something else")


@needs_mount
@pytest.mark.parametrize("size", ["16k", "64k"])  # too small for locks; for tensors of 80 kB
def test_too_little_shared_memory_is_told(size: str) -> None:
    command = python(READS.format(size=20_000, tensors=1))
    done = run(with_shared_memory(size, command))
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"RetryableError the shared memory, {int(size[:2]) / 1024:.2f} MB at ")
    assert "--shm-size" in line
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [30, 60])
def test_too_many_open_files_are_told(number: int) -> None:
    done = run(with_open_files(number, python(READS.format(size=1, tensors=20))))
    assert "RetryableError too many open files" in done.stdout, done.stderr


class HangsUp:
    """An item whose files cannot be fetched from the worker: it has closed the connection."""

    def __init__(self, error: type[Exception]) -> None:
        self._error = error

    def __reduce__(self) -> tuple[Callable[[type[Exception]], None], tuple[type[Exception]]]:
        return hang_up, (self._error,)


def hang_up(error: type[Exception]) -> None:
    raise error


@pytest.mark.parametrize("error", [EOFError, ConnectionResetError])
def test_a_worker_that_hangs_up_has_too_many_open_files(error: type[Exception]) -> None:
    items = read_ahead([HangsUp(error)], [0], workers=Workers(number=1))  # type: ignore[arg-type]
    with pytest.raises(RetryableError, match="too many open files"):
        list(items)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, -15), (signal.SIGINT, -2)])
def test_a_reader_that_is_told_to_stop_waits_for_no_worker(number: int, code: int) -> None:
    with subprocess.Popen(
        python(WAITS), env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == code
    until = time.monotonic() + 20
    while Path(f"/proc/{worker}").exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(f"/proc/{worker}").exists()


@needs_mount
@pytest.mark.parametrize(
    ("name", "arguments"), [("train", TRAIN), ("evaluate", EVALUATE)], ids=["train", "evaluate"]
)
def test_a_command_ends_with_one_line(
    tmp_path: Path, name: str, arguments: tuple[str, ...]
) -> None:
    world(tmp_path)
    command = (sys.executable, *arguments)
    done = run(with_shared_memory("64k", command), folder=tmp_path)
    assert done.stderr.startswith(f"{name}: the shared memory, 0.06 MB at /dev/shm, is too small")
    assert done.stderr.count("\n") == 1
    assert done.returncode == 1
