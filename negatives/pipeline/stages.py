"""Stages of a pipeline: a command, its dependencies, and a folder named after them.

A stage's folder is NAME-FINGERPRINT under the pipeline's own. A finished stage has `done.json` in
it, written last: such a stage is skipped, so returning to an earlier configuration finds its
results. An unfinished stage is resumed by its own command.
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
"""Works without an installation, whatever files are in the working folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One command of a pipeline.

    Attributes:
        name: build, audit, train or evaluate.
        depends_on: everything that affects its output; a change gives another folder.
        command: its arguments, the first a program of this project; `{}` stands for its folder.
        makes: a file in its folder once it is finished.
    """

    name: str
    depends_on: Json
    command: tuple[str, ...]
    makes: str

    def folder(self, out: Path) -> Path:
        """Return its output folder."""
        return out / f"{self.name}-{fingerprint(self.depends_on)[:8]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The outcome of a stage: whether it ran now, when it finished, and how long it took."""

    name: str
    folder: str
    ran: bool
    finished: str
    seconds: float


Call = Callable[[Sequence[str]], int]
"""Runs a program of this project with arguments; returns its exit code."""


class StoppedError(Exception):
    """A stage failed; the pipeline exits with its exit code, `code`."""

    def __init__(self, stage: str, code: int) -> None:
        super().__init__(
            f"stage {stage} failed with exit code {code}; run the command again to resume"
        )
        self.code = code


def run_program(command: Sequence[str]) -> int:
    """Run a program of this project in its own process, showing its output as it comes.

    Signals are forwarded, and it may take its time to stop: training writes a checkpoint.
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
        if number != signal.SIGINT or not _is_of_a_terminal():  # Ctrl-C reaches both there
            process.send_signal(number)

    before = {}
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
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


def done(stage: Stage, out: Path) -> Account | None:
    """Return the account of a finished stage, None if it is not finished.

    Raises:
        UsageError: its done.json is damaged.
    """
    folder = stage.folder(out)
    path = folder / DONE
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        finished, seconds = str(content["finished"]), float(content["seconds"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: damaged; delete it to run stage {stage.name} again") from error
    return Account(
        name=stage.name, folder=folder.name, ran=False, finished=finished, seconds=seconds
    )


def run_stage(stage: Stage, out: Path, *, call: Call = run_program) -> Account:
    """Run a stage unless it is finished; return its account.

    Raises:
        StoppedError: its command exited with a code other than 0.
        UsageError: its done.json is damaged.
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
