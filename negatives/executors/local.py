"""Tasks in processes on this machine; with one worker, in this process."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from multiprocessing.process import BaseProcess

from data.errors import ShardError, UsageError
from negatives.executors import R, Run, T

_IN_FLIGHT = 2  # tasks per worker: one running, one waiting
_UNGUARDED = 78  # exit code of a worker that would open workers while it imports the script


@contextmanager
def workers_on_this_machine(
    num_workers: int, prepare: Callable[[], object], *, gpus: float = 0.0
) -> Iterator[Run]:
    """Open the workers and yield a Run; workers keep what they load.

    They call `prepare` while the first tasks are still being made; its errors surface in tasks. An
    error in the context, including Ctrl-C, ends them immediately. `gpus`: a task that needs a whole
    GPU runs in this process; with less, all workers share one.

    Raises:
        UsageError: the calling script has no `__main__` guard.
    """
    if num_workers == 1 or gpus >= 1:
        yield run_here
        return
    if _is_importing_main():
        sys.exit(_UNGUARDED)
    context = multiprocessing.get_context("spawn")
    threads = max(1, (os.cpu_count() or 1) // num_workers)
    reader, writer = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        num_workers, mp_context=context, initializer=_begin, initargs=(threads, reader)
    )
    workers: set[BaseProcess] = set()
    try:
        with suppress(BrokenProcessPool):  # tasks will raise it again
            others = set(multiprocessing.active_children())
            for _ in range(num_workers):
                pool.submit(prepare)
                workers |= set(multiprocessing.active_children()) - others
        yield partial(_run_in_pool, pool, num_workers, workers)
    except BaseException:
        writer.send_bytes(b"end")  # never written to: its closing wakes all workers
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        reader.close()
        writer.close()


def run_here(function: Callable[[T], R], tasks: Iterable[T], /) -> Iterator[R | ShardError]:
    """Do tasks in this process, one after another."""
    for task in tasks:
        yield _attempt(function, task)


def _run_in_pool(
    pool: ProcessPoolExecutor,
    num_workers: int,
    workers: Collection[BaseProcess],
    function: Callable[[T], R],
    tasks: Iterable[T],
    /,
) -> Iterator[R | ShardError]:
    tasks = iter(tasks)
    pending: set[Future[R | ShardError]] = set()
    try:
        while True:
            num_free = _IN_FLIGHT * num_workers - len(pending)
            pending |= {pool.submit(_attempt, function, task) for task in islice(tasks, num_free)}
            if not pending:
                return
            finished, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    except BrokenProcessPool as error:
        pool.shutdown()  # only then are the exit codes known
        if any(worker.exitcode == _UNGUARDED for worker in workers):
            raise UsageError(
                f"workers: expected one, or a script with a guard, found {num_workers} workers and "
                'no guard; put the call below `if __name__ == "__main__":`, because every worker '
                "imports the script"
            ) from None
        raise ShardError(
            "a worker process died, killed or out of memory; run the command again to resume"
        ) from error


def _is_importing_main() -> bool:
    """Return whether this process is a worker that still imports its parent's script."""
    return bool(getattr(multiprocessing.current_process(), "_inheriting", False))


def _attempt(function: Callable[[T], R], task: T) -> R | ShardError:
    try:
        return function(task)
    except ShardError as error:
        return error


def _begin(threads: int, closed: Connection) -> None:
    """Use only a share of the cores; end with the parent, even if it is killed, or with `closed`.

    Ctrl-C reaches every process of a terminal; only the parent acts on it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))  # for models loaded later
    parent = multiprocessing.parent_process()
    assert parent is not None, "an initializer runs in a worker"

    def watch() -> None:
        wait_for([parent.sentinel, closed])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
