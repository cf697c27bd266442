"""The processes of a run: `torchrun` starts them, each has a device, all agree when to stop.

One process alone is a group of none.
"""

import hashlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import Final, TypeVar

import torch
from torch import distributed

from data.errors import UsageError
from data.texts import one_line
from training.gather import num_ranks

T = TypeVar("T")

REQUEUE = 75
"""The exit code of a run that was told to stop and can go on (EX_TEMPFAIL of sysexits.h)."""
INTERRUPTED = 130

_LONGEST_WAIT: Final = timedelta(hours=2)  # for one rank that makes token ids
_TORCHRUN: Final = {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Within this context the ranks that torchrun started are a process group."""
    if not os.environ.keys() >= _TORCHRUN or distributed.is_initialized():
        yield
        return
    cuda = device.type == "cuda"
    backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"
    distributed.init_process_group(
        backend, device_id=device if cuda else None, timeout=_LONGEST_WAIT
    )
    try:
        yield
    finally:
        distributed.destroy_process_group()


def rank() -> int:
    """Return this process's number among the ranks."""
    return distributed.get_rank() if num_ranks() > 1 else 0


def device_of(name: str) -> torch.device:
    """Return this rank's device.

    Raises:
        UsageError: there is no such device.
    """
    kind = name
    if name == "auto":
        kind = "cuda" if torch.cuda.is_available() else "cpu"
    if kind == "cuda":
        kind = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    try:
        device = torch.device(kind)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = one_line(error)
        raise UsageError(f"run.device: {name} cannot be used here: {reason}") from error
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return device


def first_then_others(work: Callable[[], T]) -> T:
    """Do on rank 0 first what leaves files that the others find; what it raises, all raise."""
    if rank() > 0:
        meet()
        return work()
    try:
        return work()
    finally:
        meet()


def same_on_all_ranks(text: str) -> bool:
    """Tell whether every rank has this text."""
    if num_ranks() == 1:
        return True
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:7])
    told = torch.tensor([number, -number])
    distributed.all_reduce(told, op=distributed.ReduceOp.MAX)
    most, least = told[0], -told[1]
    return bool(most == least)


def meet() -> None:
    """Wait for all ranks, on the host: a GPU's barrier is given up after minutes."""
    if num_ranks() > 1:
        distributed.all_reduce(torch.zeros(1))


@dataclass
class Stopping:
    """Whether the run was told to stop, by a signal; a second SIGINT stops it at once."""

    signal: int = 0

    def agreed(self) -> int:
        """Return the signal that any rank got, 0 for none: the same on all ranks.

        A number on the host is exchanged, so no GPU is waited for.
        """
        if num_ranks() == 1:
            return self.signal
        told = torch.tensor(self.signal)
        distributed.all_reduce(told, op=distributed.ReduceOp.MAX)
        return int(told)

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Remember a signal."""
        if number == signal.SIGINT and self.signal == number:
            raise KeyboardInterrupt
        self.signal = number


@contextmanager
def told_to_stop() -> Iterator[Stopping]:
    """Within this context SIGTERM, SIGUSR1 and SIGINT are remembered, not obeyed at once."""
    stopping = Stopping()
    before = {}
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
        with suppress(ValueError):  # not the main thread: signals stay as they are
            before[number] = signal.signal(number, stopping.note)
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code(number: int) -> int:
    """Return what a run exits with that a signal ended; 0 for none."""
    if number == 0:
        return 0
    return INTERRUPTED if number == signal.SIGINT else REQUEUE
