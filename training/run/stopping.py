"""Stopping a run by a signal, whatever it is waiting for.

SIGTERM, SIGUSR1 and SIGINT are remembered: the loop checks for them before each step and while it
waits for a batch. Before there is anything to save, they end the run immediately. One process of
several may wait for the others inside a library, where Python runs no signal handlers; a thread
then ends it after a while.
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

from data.errors import REQUEUE
from training.objective.gather import num_ranks

T = TypeVar("T")

INTERRUPTED: Final = 130

_SIGNALS: Final = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
_ONE_PRESS_S: Final = 1.0
_AT_ONCE_S: Final = 10.0  # enough for a library that is merely slow
_STEP_S: Final = 60.0
_STEPS: Final = 4  # for the others, before they count as lost


class _BreakError(BaseException):
    """A signal during an interruptible wait; not an Exception, so that no handler swallows it."""


@dataclass
class Stopping:
    """Whether a signal has asked the run to stop; a second SIGINT stops it immediately.

    Signals within a second count as one, since a terminal and a parent may both forward it.
    `patience_s`: the time that the main thread may take to act on a signal.
    """

    signal: int = 0
    patience_s: float = _AT_ONCE_S
    _ends_at_once: bool = False
    _may_break: bool = False
    _signalled_at: float = math.inf
    _looked_at: float = math.inf
    _longest_s: float = 0.0

    def agreed(self) -> int:
        """Return the signal that any rank received, 0 for none: the same on all ranks.

        Ranks exchange a number on the host, without waiting for a GPU.
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

    def unless_stopped(self, call: Callable[[], T]) -> T | None:
        """Return the result of a call that may wait long; None if a signal came first."""
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
        """Within this context the main thread may take its time to save its state."""
        before, self.patience_s = self.patience_s, math.inf
        try:
            yield
        finally:
            self.patience_s = before
            self._looked_at = time.monotonic()

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Remember a signal, or act on it.

        Raises:
            KeyboardInterrupt: it is the second SIGINT, or there is nothing to save.
            SystemExit: it is another signal, and there is nothing to save.
        """
        now = time.monotonic()
        again = self.signal == number and now - self._signalled_at > _ONE_PRESS_S
        if not self.signal:
            self._signalled_at = now
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
def noting_signals() -> Iterator[Stopping]:
    """Within this context SIGTERM, SIGUSR1 and SIGINT are remembered for the loop."""
    stopping = Stopping()
    before = {}
    for number in _SIGNALS:
        with suppress(ValueError):  # not the main thread: leave signals alone
            before[number] = signal.signal(number, stopping.note)
    try:
        with ending_if_stuck(lambda: stopping.patience_s):
            yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ending_if_stuck(patience_s: Callable[[], float] = lambda: _AT_ONCE_S) -> Iterator[None]:
    """Within this context a thread ends a process, one of several, that cannot act on a signal.

    Python handles a signal when its main thread returns from a library, which may be waiting for
    lost processes. `patience_s`: how long that may take; infinity: no limit.
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
                f"received a stop signal {waited_s:.0f} s ago, and still waiting for other "
                "processes of the run: ended without them; what was written is kept\n"
            )
            sys.stderr.flush()
            os._exit(exit_code(number))


def exit_code(number: int) -> int:
    """Return the exit code of a run stopped by a signal; 0 for none."""
    if number == 0:
        return 0
    return INTERRUPTED if number == signal.SIGINT else REQUEUE
