"""Stages of a pipeline: a command, what it depends on, and the folder that is named after that.

A stage's folder is NAME-FINGERPRINT under the pipeline's own. A finished stage has `done.json` in
it, written last: whoever finds that has nothing to do, and a configuration that comes back finds
what it made before. What was not finished is gone on with, by the command's own means.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from data.commit import Json, write_atomically
from data.config import fingerprint
from data.errors import UsageError

DONE: Final = "done.json"
_MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "negatives": ("-m", "negatives.cli"),
    "train": ("-m", "training.cli"),
    "evaluate": ("-m", "training.evaluation"),
}


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


def called(command: Sequence[str]) -> int:
    """Run a program of this project in a process of its own; what it says is seen as it says it."""
    program, *arguments = command
    return subprocess.run(  # noqa: S603 - our own programs, without a shell
        [sys.executable, *_MODULES[program], *arguments], check=False, stdout=sys.stderr
    ).returncode


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


def run_stage(stage: Stage, out: Path, *, call: Call = called) -> Account:
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
