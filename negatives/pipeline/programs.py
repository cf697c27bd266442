"""Programs of this project in processes of their own, which receive the pipeline's signals."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[2]
_PROGRAMS: Final[Mapping[str, str]] = {
    "negatives": "from negatives.cli import main",
    "train": "from training.cli import main",
    "evaluate": "from training.cli import evaluation as main",
}
_START: Final = "import sys; sys.path.append(sys.argv.pop(1)); {}; main()"
"""Works without an installation, whatever files are in the working folder."""
_PASSED: Final[tuple[int, ...]] = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
_THREADS: Final = "OMP_NUM_THREADS"


class Programs:
    """Runs programs, up to `jobs` at once, and shows their output as it comes.

    If several may run at once, each line starts with the name of its stage, and each program gets
    its share of the cores unless OMP_NUM_THREADS is set. A program with workers divides the cores
    among them itself.
    """

    def __init__(self, jobs: int = 1) -> None:
        """Start nothing yet."""
        self._jobs = jobs
        self._running: set[subprocess.Popen[bytes]] = set()
        self._told: set[subprocess.Popen[bytes]] = set()
        self._received: int | None = None

    def __call__(self, stage: str, command: Sequence[str]) -> int:
        """Run a program of this project with arguments; return its exit code.

        After a signal none is started: the code is then that of a program that the signal ended.
        """
        if self._received is not None:
            return -self._received
        program, *arguments = command
        start = [sys.executable, "-P", "-c", _START.format(_PROGRAMS[program]), str(_ROOT)]
        place = self._place(has_workers="--workers" in arguments)
        with subprocess.Popen([*start, *arguments], **place) as process:  # noqa: S603 - ours
            self._running.add(process)
            self._tell(process)  # of a signal that came while it was started
            try:
                for line in process.stdout or ():
                    sys.stderr.buffer.write(stage.encode() + b" | " + line)
                    sys.stderr.buffer.flush()
                return process.wait()
            finally:
                self._running.discard(process)

    def _place(self, *, has_workers: bool) -> dict[str, Any]:
        """Return where a program's output goes, and how many threads it may use."""
        if self._jobs == 1:
            return {"stdout": sys.stderr}
        threads = str(max(1, (os.cpu_count() or 1) // self._jobs))
        env = {**os.environ} if has_workers else {_THREADS: threads, **os.environ}
        return {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "env": env}

    def _tell(self, process: "subprocess.Popen[bytes]") -> None:
        """Send a process the signal that was received, if any, once."""
        if self._received is not None and process not in self._told:
            self._told.add(process)
            process.send_signal(self._received)

    @contextmanager
    def passing_signals(self) -> Iterator[None]:
        """Pass on signals to the programs, which may take their time: training saves a checkpoint.

        While none runs, signals have their usual effect.
        """
        before: dict[int, Any] = {}

        def pass_on(number: int, _frame: FrameType | None) -> None:
            if not self._running:
                signal.signal(number, before[number])
                signal.raise_signal(number)
                signal.signal(number, pass_on)
            elif number == signal.SIGINT and _is_of_a_terminal():
                self._told |= self._running  # Ctrl-C reaches both there
                self._received = number
            else:
                self._received = number
                for process in tuple(self._running):
                    self._tell(process)

        for number in _PASSED:
            with suppress(ValueError):  # not the main thread: leave signals alone
                before[number] = signal.signal(number, pass_on)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _is_of_a_terminal() -> bool:
    """Tell whether a terminal's Ctrl-C reaches this process and its children."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
