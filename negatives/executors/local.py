"""Tasks in processes of this machine; with one worker, in this process."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait as wait_for
from typing import TypeVar

from data.errors import ShardError

T = TypeVar("T")
R = TypeVar("R")

_IN_FLIGHT = 2  # tasks a worker: one at work, one waiting for it


def run(
    function: Callable[[T], R], tasks: Iterable[T], *, workers: int
) -> Iterator[R | ShardError]:
    """Yield the result of each task as it finishes, or the ShardError that it raised.

    Raises:
        ShardError: a worker died (killed, or out of memory); finished work stays.
    """
    if workers == 1:
        for task in tasks:
            yield _attempt(function, task)
        return
    tasks = iter(tasks)
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)
    with pool:
        pending: set[Future[R | ShardError]] = set()
        try:
            while True:
                room = _IN_FLIGHT * workers - len(pending)
                pending |= {pool.submit(_attempt, function, task) for task in islice(tasks, room)}
                if not pending:
                    return
                finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        except BrokenProcessPool as error:
            raise ShardError(
                "a worker process died, killed or out of memory; run the command again, "
                "it goes on where it stopped"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _attempt(function: Callable[[T], R], task: T) -> R | ShardError:
    try:
        return function(task)
    except ShardError as error:
        return error


def _end_with_parent() -> None:
    """End this worker when its parent is gone, even if the parent was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait_for([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
