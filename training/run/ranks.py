"""The processes of a run: `torchrun` starts them, each has a device, all agree when to stop.

A single process does not form a group.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, TypeVar

import torch
from torch import distributed
from torch.distributed.rendezvous import rendezvous

from data.errors import RetryableError, UsageError
from data.streams import Stream
from data.texts import one_line
from training.objective.gather import num_ranks

T = TypeVar("T")

_LONGEST_WAIT: Final = timedelta(hours=2)  # while one rank makes token ids
_MEETING: Final = timedelta(minutes=10)  # to wait for the others to start
_OF_A_LOST_RANK: Final = ("gloo/transport", "ncclRemoteError", "Connection closed by peer")
_TORCHRUN: Final = {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}


@contextmanager
def process_group(device: torch.device) -> Iterator[None]:
    """Within this context the ranks that torchrun started form a process group.

    After an error it is not destroyed: on a GPU that would wait for the others.

    Raises:
        RetryableError: other processes do not start, or one of them ended.
    """
    if not os.environ.keys() >= _TORCHRUN or distributed.is_initialized():
        yield
        return
    cuda = device.type == "cuda"
    with _explaining_lost_ranks():
        store, number, size = next(rendezvous("env://", timeout=_MEETING))
        store.set_timeout(_MEETING)
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if cuda else "gloo",
            store=store,
            rank=number,
            world_size=size,
            device_id=device if cuda else None,
            timeout=_LONGEST_WAIT,
        )
        store.set_timeout(_LONGEST_WAIT)
        yield
        distributed.destroy_process_group()


@contextmanager
def _explaining_lost_ranks() -> Iterator[None]:
    """Within this context a missing or lost rank raises a RetryableError."""
    try:
        yield
    except distributed.DistStoreError as error:  # nobody joined, or the first rank ended
        raise RetryableError(
            f"expected {os.environ['WORLD_SIZE']} processes to meet at "
            f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}, as RANK, WORLD_SIZE and "
            "MASTER_ADDR say, found fewer; start them with torchrun, or unset these variables"
        ) from error
    except RuntimeError as error:
        found = str(error)
        if not any(name in found for name in _OF_A_LOST_RANK):
            raise
        reason = found.rpartition("] ")[2] if found.startswith("[") else found
        raise RetryableError(
            "another process of the run does not answer; if it ended, its own message says "
            f"why: {' '.join(reason.split())}"
        ) from error


def rank() -> int:
    """Return this process's number among the ranks."""
    return distributed.get_rank() if num_ranks() > 1 else 0


def seed_of(*key: int | str) -> int:
    """Return a seed for one of torch's generators."""
    return Stream("torch", *key).below(1 << 63)


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
    """Call on rank 0 first, so that the others find its files; its error is raised on all ranks."""
    if rank() > 0:
        meet()
        return work()
    try:
        return work()
    finally:
        meet()


def same_on_all_ranks(text: str) -> bool:
    """Tell whether every rank has the same text."""
    if num_ranks() == 1:
        return True
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:7])
    told = torch.tensor([number, -number])
    distributed.all_reduce(told, op=distributed.ReduceOp.MAX)
    most, least = told[0], -told[1]
    return bool(most == least)


def meet() -> None:
    """Wait for all ranks on the host, because a GPU's barrier times out after minutes."""
    if num_ranks() > 1:
        distributed.all_reduce(torch.zeros(1))
