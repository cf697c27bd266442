"""Stages of a pipeline: a command, its dependencies, and a folder named after them.

A stage's folder is NAME-FINGERPRINT under the pipeline's own. A finished stage has `done.json` in
it, written last: such a stage is skipped, so returning to an earlier configuration finds its
results. An unfinished stage is resumed by its own command.
"""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from data.commit import Json, write_atomically
from data.config import fingerprint
from data.errors import REQUEUE, UsageError

DONE: Final = "done.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One command of a pipeline.

    Attributes:
        name: build, audit, train or evaluate.
        depends_on: everything that affects its output; a change gives another folder.
        command: its arguments, the first a program of this project; `{}` stands for its folder.
        makes: a file in its folder once it is finished.
        needs: the names of the stages whose output it reads.
    """

    name: str
    depends_on: Json
    command: tuple[str, ...]
    makes: str
    needs: tuple[str, ...] = ()

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


Call = Callable[[str, Sequence[str]], int]
"""Runs the command of the stage of that name; returns its exit code."""


class StoppedError(Exception):
    """A stage failed; the pipeline exits with its exit code, `code`."""

    def __init__(self, stage: str, code: int) -> None:
        super().__init__(
            f"stage {stage} failed with exit code {code}; run the command again to resume"
        )
        self.code = code


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


def run_stage(stage: Stage, out: Path, *, call: Call) -> Account:
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
    code = call(stage.name, [part.replace("{}", str(folder)) for part in stage.command])
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


def run_stages(
    stages: Sequence[Stage],
    out: Path,
    *,
    call: Call,
    jobs: int = 1,
    say: Callable[[str], None] = lambda _line: None,
) -> list[Account]:
    """Run stages once those they need are finished, at most `jobs` at once; return their accounts.

    When a stage fails no other is started, and those that run are waited for.

    Raises:
        StoppedError: a stage exited with a code other than 0; finished stages are kept. If several
            did, the one that batch systems can requeue (75), else the first.
        UsageError: the mark of a finished stage is damaged.
    """
    accounts: dict[str, Account] = {}
    waiting = list(stages)
    running: dict[Future[Account], Stage] = {}
    failures: list[StoppedError | UsageError] = []
    with ThreadPoolExecutor(jobs) as pool:
        while not failures or running:
            ready = [stage for stage in waiting if accounts.keys() >= set(stage.needs)]
            for stage in ready[: jobs - len(running)] if not failures else ():
                say(f"{stage.name}: {stage.folder(out)}")
                running[pool.submit(run_stage, stage, out, call=call)] = stage
                waiting.remove(stage)
            if not running:
                break
            for finished in wait(running, return_when=FIRST_COMPLETED).done:
                stage = running.pop(finished)
                try:
                    accounts[stage.name] = finished.result()
                except (StoppedError, UsageError) as error:
                    failures.append(error)
                    say(str(error))
                else:
                    say(describe(accounts[stage.name]))
    if failures:
        raise next(filter(_can_be_requeued, failures), failures[0])
    return [accounts[stage.name] for stage in stages]


def _can_be_requeued(failure: Exception) -> bool:
    return isinstance(failure, StoppedError) and failure.code == REQUEUE


def describe(account: Account) -> str:
    """Return the outcome of a stage in a line."""
    what = "ran" if account.ran else "unchanged, skipped; it took"
    return f"{account.name}: {what} {account.seconds:,.0f} s"
