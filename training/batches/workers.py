"""Worker processes that read ahead of the loop; whatever happens to one, the loop hears of it.

Workers are processes, not threads: beside decoding, an image costs a few tenths of a millisecond
in Python, and a trainer that launches kernels cannot share its interpreter with that.

Workers hand over tensors in shared memory. Python's queue drops an item that it cannot send and
only prints why, and torch would wait for that item forever; here the reason is sent in its place.
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
    """Processes that read items: their number (0: none, all in this process).

    `ahead`: items that each reads before they are asked for.
    """

    number: int = 2
    ahead: int = 2


def read_ahead(
    data: Dataset[T], order: Iterable[Any], *, workers: Workers, pinned: bool = False
) -> Generator[T]:
    """Yield the items of `order`, in that order; the workers end when the generator is closed.

    `pinned`: in page-locked memory, for copies to a GPU that overlap work.

    Raises:
        UsageError: as `data`; its type is kept, which torch would lose.
        RetryableError: as `data`, or an item cannot be handed over.
    """
    several = workers.number > 0
    if several:
        _refuse_without_locks(workers.number)
    ending = RawValue("b", 0)
    loader = DataLoader(
        _Guarded(data),
        batch_size=None,  # an item is one index of `order`, whatever is in it
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
    """Yield what workers hand over; one that runs out of open files only hangs up.

    Tensors travel as open files. A worker that cannot open one more prints why in a thread of its
    own and closes the connection, so all that arrives here is its end.
    """
    try:
        yield from loader
    except (EOFError, ConnectionError) as error:
        raise RetryableError(_too_many_files()) from error


@contextmanager
def deaths_told() -> Iterator[None]:
    """Within this context the death of a worker is a RetryableError.

    torch raises its own from a signal handler, wherever the main thread happens to be.
    """
    try:
        yield
    except RuntimeError as error:
        told = _explain(f"{error}; {error.__cause__ or ''}")  # the cause names the signal
        if told is None:
            raise
        raise RetryableError(told) from error


def _refuse_without_locks(number: int) -> None:
    """Raise RetryableError where shared memory has no room for the locks of so many workers."""
    try:
        locks = [Lock() for _ in range(4 * number + 12)]  # four a queue, and those of an event
    except OSError as error:
        raise RetryableError(_too_little_memory(error.strerror or str(error))) from error
    del locks


def _explain(message: str) -> str | None:
    """Return what an error of torch's loader means, None if it is of something else."""
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
        f"the shared memory{size} is too small for what workers hand over ({reason}): make it "
        f"larger (docker run --shm-size=8g; mount -o remount,size=8g {_SHARED}), or use {_FEWER}; "
        "without workers none is needed"
    )


def _too_many_files() -> str:
    return f"too many open files for what workers hand over: raise `ulimit -n`, or use {_FEWER}"


def _why_unsent(error: Exception) -> str:
    message = " ".join(str(error).split())
    if "Too many open files" in message:
        return _too_many_files()
    if "shared memory" in message:
        return _too_little_memory(message)
    return f"a worker cannot hand over what it read: {type(error).__name__}: {message}"


class _Guarded(Dataset[T | Exception]):
    """Items, or what a user can mend in their place: an error would lose its type on its way."""

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

    It lives on when the whole job is told to stop, since the loop may still take its last step.
    """

    def stop(_signal: int, _frame: object) -> None:
        if ending.value:
            os._exit(0)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    Queue._on_queue_feeder_error = _send_reason  # type: ignore[attr-defined]  # noqa: SLF001


def _send_reason(queue: "Queue[Any]", error: Exception, unsent: tuple[object, object]) -> None:
    """Send, in the place of an item of this number, why it cannot be sent.

    The queue calls this where it would otherwise print the error and drop the item.
    """
    number, _ = unsent
    queue.put((number, RetryableError(_why_unsent(error))))


def _end_with_parent() -> None:
    """End where the trainer was killed: torch asks for that only of processes that it forked."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
