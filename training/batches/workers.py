"""Worker processes that read ahead of the loop, which learns of every failure in them.

Workers are processes, not threads: besides decoding, an image costs a few tenths of a millisecond
in Python, and a trainer that launches kernels needs its interpreter for itself.

Workers pass tensors through shared memory. Python's queue drops an item that it cannot send and
only prints the reason, and torch would wait for that item forever; here the reason is sent instead.
"""

import atexit
import os
import signal
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from ctypes import c_byte
from dataclasses import dataclass
from functools import partial
from multiprocessing import Lock, parent_process
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any, Final, TypeVar

from torch.utils.data import DataLoader, Dataset

from data.errors import RetryableError, UsageError

T = TypeVar("T")

_SHARED: Final = Path("/dev/shm")  # noqa: S108 - where Linux has shared memory; only its size is read
_FEWER: Final = "fewer workers (training.run.workers, or evaluate --workers)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Workers:
    """Processes that read items: their number, 0 to read in this process.

    `ahead`: items that each reads in advance.
    """

    number: int = 2
    ahead: int = 2


def read_ahead(
    data: Dataset[T], order: Iterable[Any], *, workers: Workers, pinned: bool = False
) -> Generator[T]:
    """Yield the items of `order`, in that order; the workers end when the generator is closed.

    `pinned`: in page-locked memory, for asynchronous copies to a GPU.

    Raises:
        UsageError: as raised by `data`; torch would lose its type.
        RetryableError: as raised by `data`, or an item cannot be sent.
    """
    several = workers.number > 0
    if several:
        _refuse_without_locks(workers.number)
    ending = RawValue("b", 0)
    loader = DataLoader(
        _Guarded(data),
        batch_size=None,  # an item is one index of `order`, of any content
        sampler=order,
        collate_fn=_as_it_is,
        num_workers=workers.number,
        prefetch_factor=workers.ahead if several else None,
        pin_memory=pinned,
        worker_init_fn=partial(_begin, ending) if several else None,
    )

    def end() -> None:
        ending.value = 1

    atexit.register(end)  # before multiprocessing's own, which would wait for its workers
    try:
        for item in _received(loader):
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        end()
        atexit.unregister(end)


def _received(loader: DataLoader[T]) -> Iterator[T]:
    """Yield what workers send; one that runs out of open files only closes the connection.

    Tensors are sent as open files. A worker that cannot open another prints the reason in its own
    thread and closes the connection, so only the end of the connection arrives here.
    """
    try:
        yield from loader
    except (EOFError, ConnectionError) as error:
        raise RetryableError(_too_many_files()) from error


@contextmanager
def explaining_worker_deaths() -> Iterator[None]:
    """Within this context the death of a worker raises a RetryableError.

    torch raises its own error from a signal handler, wherever the main thread is.
    """
    try:
        yield
    except RuntimeError as error:
        reason = _explain(f"{error}; {error.__cause__ or ''}")  # the cause names the signal
        if reason is None:
            raise
        raise RetryableError(reason) from error


def _refuse_without_locks(number: int) -> None:
    """Raise RetryableError if shared memory has no room for the workers' locks."""
    try:
        locks = [Lock() for _ in range(4 * number + 12)]  # four per queue, and those of an event
    except OSError as error:
        raise RetryableError(_too_little_memory(error.strerror or str(error))) from error
    del locks


def _explain(message: str) -> str | None:
    """Return what an error of torch's loader means, None if it is another error."""
    if "Too many open files" in message or "received 0 items of ancdata" in message:
        return _too_many_files()
    if message.startswith("Pin memory thread exited"):
        return f"the thread that copies for the GPU died: {message}"
    if not message.startswith("DataLoader worker"):
        return None
    if "Bus error" in message:
        return _too_little_memory("Bus error")
    why = "killed: out of memory?" if "by signal: Killed" in message else _first_sentence(message)
    return f"a worker process died ({why}); give it more memory, or use {_FEWER}"


def _first_sentence(message: str) -> str:
    return " ".join(message.split()).partition(". ")[0].partition(";")[0]


def _too_little_memory(reason: str) -> str:
    size = ""
    if _SHARED.is_dir():
        found = os.statvfs(_SHARED)
        size = f", {found.f_blocks * found.f_frsize / 2**20:,.2f} MB at {_SHARED},"
    return (
        f"the shared memory{size} is too small for the workers' data ({reason}): make it "
        f"larger (docker run --shm-size=8g; mount -o remount,size=8g {_SHARED}), or use {_FEWER}; "
        "without workers none is needed"
    )


def _too_many_files() -> str:
    return f"too many open files for the workers' data: raise `ulimit -n`, or use {_FEWER}"


def _why_unsent(error: Exception) -> str:
    message = " ".join(str(error).split())
    if "Too many open files" in message:
        return _too_many_files()
    if "shared memory" in message:
        return _too_little_memory(message)
    return f"a worker cannot send what it read: {type(error).__name__}: {message}"


class _Guarded(Dataset[T | Exception]):
    """Items, or the user's errors in their place: a raised error would lose its type on the way."""

    def __init__(self, data: Dataset[T]) -> None:
        self._data = data

    def __getitem__(self, index: Any) -> T | Exception:  # noqa: ANN401 - as the dataset's
        try:
            return self._data[index]
        except (UsageError, RetryableError) as error:
            return error


def _as_it_is(item: T) -> T:
    return item


def _begin(ending: c_byte, _worker: int) -> None:
    """Prepare a worker: it reports what it cannot send, and ends with the trainer, not before.

    It ignores a signal to the whole job, since the loop may still take its last step.
    """

    def stop(_signal: int, _frame: object) -> None:
        if ending.value:
            os._exit(0)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    Queue._on_queue_feeder_error = _send_reason  # type: ignore[attr-defined]  # noqa: SLF001


def _send_reason(queue: "Queue[Any]", error: Exception, unsent: tuple[object, object]) -> None:
    """Send the reason why an item cannot be sent in place of the item.

    The queue calls this instead of printing the error and dropping the item.
    """
    number, _ = unsent
    queue.put((number, RetryableError(_why_unsent(error))))


def _end_with_parent() -> None:
    """End if the trainer was killed: torch does this only for forked processes."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
