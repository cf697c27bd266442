"""Stages of a pipeline: a command, what it depends on, and the folder that is named after that.

A stage's folder is NAME-FINGERPRINT under the pipeline's own. A finished stage has `done.json` in
it, written last: whoever finds that has nothing to do, and a configuration that comes back finds
what it made before. What was not finished is gone on with, by the command's own means.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

from data.commit import Json, write_atomically
from data.config import fingerprint
from data.errors import UsageError

DONE: Final = "done.json"
_ROOT: Final = Path(__file__).parents[2]
_PROGRAMS: Final[Mapping[str, str]] = {
    "negatives": "from negatives.cli import main",
    "train": "from training.cli import main",
    "evaluate": "from training.cli import evaluation as main",
}
_START: Final = "import sys; sys.path.append(sys.argv.pop(1)); {}; main()"
"""Runs without an installation, and whatever the files of the working folder are called."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One command of a pipeline.

    Attributes:
        name: build, audit, train or evaluate.
        depends_on: whatever changes what it makes; another content is another folder.
        command: its arguments, the first a program of this project; `{}` stands for its folder.
        makes: what is in its folder when it is finished.
    """

    name: str
    depends_on: Json
    command: tuple[str, ...]
    makes: str

    def folder(self, out: Path) -> Path:
        """Return where it leaves what it makes."""
        return out / f"{self.name}-{fingerprint(self.depends_on)[:8]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What became of a stage: whether it ran now, when it was finished, and how long it took."""

    name: str
    folder: str
    ran: bool
    finished: str
    seconds: float


Call = Callable[[Sequence[str]], int]
"""Runs a program of this project with arguments; returns its exit code."""


class StoppedError(Exception):
    """A stage ended with an exit code of its own; `code` is for the pipeline to end with."""

    def __init__(self, stage: str, code: int) -> None:
        super().__init__(f"stage {stage} ended with exit code {code}; run the same command again")
        self.code = code


def run_program(command: Sequence[str]) -> int:
    """Run a program of this project in a process of its own; what it says is seen as it says it.

    It hears of signals, and takes the time it needs to stop: training leaves a checkpoint.
    """
    program, *arguments = command
    start = [sys.executable, "-P", "-c", _START.format(_PROGRAMS[program]), str(_ROOT)]
    with (
        subprocess.Popen([*start, *arguments], stdout=sys.stderr) as process,  # noqa: S603 - ours
        _passing_signals_to(process),
    ):
        return process.wait()


@contextmanager
def _passing_signals_to(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT or not _is_of_a_terminal():  # where Ctrl-C reaches both
            process.send_signal(number)

    before = {}
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
        with suppress(ValueError):  # not the main thread: signals stay as they are
            before[number] = signal.signal(number, pass_on)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_of_a_terminal() -> bool:
    """Tell whether a terminal's Ctrl-C goes to this process, and so to those it started."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)


def done(stage: Stage, out: Path) -> Account | None:
    """Return the account of a finished stage, None if it is not finished.

    Raises:
        UsageError: its mark is damaged.
    """
    folder = stage.folder(out)
    path = folder / DONE
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        finished, seconds = str(content["finished"]), float(content["seconds"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: damaged; delete it to do stage {stage.name} again") from error
    return Account(
        name=stage.name, folder=folder.name, ran=False, finished=finished, seconds=seconds
    )


def run_stage(stage: Stage, out: Path, *, call: Call = run_program) -> Account:
    """Do a stage unless it is done; return its account.

    Raises:
        StoppedError: its command ended with another code than 0.
        UsageError: its mark is damaged.
    """
    before = done(stage, out)
    if before is not None:
        return before
    folder = stage.folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    code = call([part.replace("{}", str(folder)) for part in stage.command])
    if code:
        raise StoppedError(stage.name, code)
    assert (folder / stage.makes).exists(), f"{stage.name} made no {stage.makes}"
    account = Account(
        name=stage.name,
        folder=folder.name,
        ran=True,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - start, 1),
    )
    write_atomically(folder / DONE, json.dumps(asdict(account), indent=1) + "\n")
    return account
