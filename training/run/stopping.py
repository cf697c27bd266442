"""How a run hears that it is to stop, and leaves whatever it waits for.

SIGTERM, SIGUSR1 and SIGINT are remembered: the loop looks at them before each step, and breaks off
its wait for the next batch. Before there is anything to keep, they end the run at once. One process
of several may wait for the others inside a library, where Python runs no handler of a signal; there
a thread ends it in the end.
"""

import math
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Final, TypeVar

import torch
from torch import distributed

from training.objective.gather import num_ranks

T = TypeVar("T")

REQUEUE: Final = 75
"""The exit code of a run that was told to stop and can go on (EX_TEMPFAIL of sysexits.h)."""
INTERRUPTED: Final = 130

_SIGNALS: Final = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
_ONE_PRESS_S: Final = 1.0
_AT_ONCE_S: Final = 10.0  # enough to leave a library that has only been slow
_STEP_S: Final = 60.0
_STEPS: Final = 4  # that the others may take, before they are taken to be gone


class _BreakError(BaseException):
    """A signal came in a wait that may be broken off; no `except Exception` may keep it."""


@dataclass
class Stopping:
    """Whether the run was told to stop, by a signal; a second SIGINT stops it at once.

    What comes within a second is one and the same: a terminal and a parent may both pass it on.
    `patience_s`: how long, after a signal, the main thread may take to act on it.
    """

    signal: int = 0
    patience_s: float = _AT_ONCE_S
    _ends_at_once: bool = False
    _may_break: bool = False
    _told_at: float = math.inf
    _looked_at: float = math.inf
    _longest_s: float = 0.0

    def agreed(self) -> int:
        """Return the signal that any rank got, 0 for none: the same on all ranks.

        A number on the host is exchanged, so no GPU is waited for.
        """
        if num_ranks() == 1:
            return self.signal
        told = torch.tensor(self.signal)
        distributed.all_reduce(told, op=distributed.ReduceOp.MAX)
        now = time.monotonic()
        self._longest_s = max(self._longest_s, now - self._looked_at)
        self._looked_at = now
        agreed = int(told)
        self.patience_s = math.inf if agreed else max(_STEP_S, _STEPS * self._longest_s)
        return agreed

    def unless_told(self, call: Callable[[], T]) -> T | None:
        """Return what a call returns that may wait for long; None if a signal came before."""
        try:
            self._may_break = True
            return None if self.signal else call()
        except _BreakError:
            return None
        finally:
            self._may_break = False

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Within this context a signal ends the run by SystemExit or KeyboardInterrupt."""
        self._ends_at_once = True
        try:
            yield
        finally:
            self._ends_at_once = False

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Within this context the main thread takes its time: it writes what is to be kept."""
        before, self.patience_s = self.patience_s, math.inf
        try:
            yield
        finally:
            self.patience_s = before
            self._looked_at = time.monotonic()

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Remember a signal, or act on it.

        Raises:
            KeyboardInterrupt: it is the second SIGINT, or nothing is to be kept.
            SystemExit: it is another, and nothing is to be kept.
        """
        now = time.monotonic()
        again = self.signal == number and now - self._told_at > _ONE_PRESS_S
        if not self.signal:
            self._told_at = now
        self.signal = number
        if number == signal.SIGINT and (again or self._ends_at_once):
            self._may_break = self._ends_at_once = False
            raise KeyboardInterrupt
        if self._ends_at_once:
            self._ends_at_once = False
            raise SystemExit(exit_code(number))
        if self._may_break:
            self._may_break = False
            raise _BreakError


@contextmanager
def told_to_stop() -> Iterator[Stopping]:
    """Within this context SIGTERM, SIGUSR1 and SIGINT are remembered, not obeyed at once."""
    stopping = Stopping()
    before = {}
    for number in _SIGNALS:
        with suppress(ValueError):  # not the main thread: signals stay as they are
            before[number] = signal.signal(number, stopping.note)
    try:
        with ended_when_deaf(lambda: stopping.patience_s):
            yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ended_when_deaf(patience_s: Callable[[], float] = lambda: _AT_ONCE_S) -> Iterator[None]:
    """Within this context a thread ends a process of several that cannot act on a signal.

    Python handles a signal when its main thread comes back from a library, which may wait there for
    processes that are gone. `patience_s`: how long that may take; infinity: as long as it likes.
    """
    if not is_one_of_several() or threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    watch = threading.Thread(target=_watch, args=(reader, patience_s), daemon=True)
    watch.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writer)  # which ends the thread
        watch.join()
        os.close(reader)


def is_one_of_several() -> bool:
    """Tell whether this process was started as one of several of a run."""
    return num_ranks() > 1 or int(os.environ.get("WORLD_SIZE") or 1) > 1


def _watch(reader: int, patience_s: Callable[[], float]) -> None:
    number, told_at = 0, math.inf
    while True:
        ready, _, _ = select.select([reader], [], [], 1.0 if number else None)
        if ready:
            found = os.read(reader, 64)
            if not found:
                return
            came = [each for each in found if each in _SIGNALS]
            if came and not number:
                number, told_at = came[0], time.monotonic()
        waited_s = time.monotonic() - told_at
        if number and waited_s > patience_s():
            sys.stderr.write(
                f"told to stop {waited_s:.0f} s ago, and still waiting for other processes of the "
                "run: ended without them; what was written is kept\n"
            )
            sys.stderr.flush()
            os._exit(exit_code(number))


def exit_code(number: int) -> int:
    """Return what a run exits with that a signal ended; 0 for none."""
    if number == 0:
        return 0
    return INTERRUPTED if number == signal.SIGINT else REQUEUE
