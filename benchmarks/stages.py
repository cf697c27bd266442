"""The cost of each stage of a build, measured from outside by an executor with a clock.

A build hands its executor the tasks of one stage after another, so the cost of the tasks and of the
driver's work between them can be separated without a change to the build.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from data.errors import ShardError
from negatives.executors import R, Run, T
from negatives.executors.local import workers_on_this_machine

AFTER: Final = {
    "parse": "group",
    "count": "merge",
    "merge": "table",
    "exclude": "pairs",
    "fit": "weights",
    "choose": "finish",
}
"""The driver's work after the tasks of a stage."""


@dataclass(slots=True)
class Stage:
    """Processor and wall seconds; memory before, after, and at its peak, in bytes."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    before: int = 0
    after: int = 0
    peak: int = 0


def memory_of_process() -> tuple[int, int]:
    """Return the resident set and its peak since the last call of `forget_peak`, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    found = dict(line.split(":", 1) for line in status)
    resident, highest = (int(found[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return resident, highest


def forget_peak() -> None:
    """Reset the peak of the resident set to its present size."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


@dataclass
class Clock:
    """One process's stages in order; one of them runs at a time.

    `done` is called when the tasks of a stage are done, with the clock stopped.
    """

    done: Callable[[str], None] = lambda _stage: None
    stages: dict[str, Stage] = field(default_factory=dict)
    _now: str = ""
    _started: tuple[float, float] = (0.0, 0.0)

    def switch(self, name: str) -> None:
        """End the running stage, if any, and start another; "" starts none."""
        times = (time.process_time(), time.perf_counter())
        resident, highest = memory_of_process()
        if self._now:
            stage = self.stages[self._now]
            stage.cpu_s += times[0] - self._started[0]
            stage.wall_s += times[1] - self._started[1]
            stage.after = resident
            stage.peak = max(stage.peak, highest)
        if name:
            self.stages.setdefault(name, Stage(before=resident))
        forget_peak()
        self._now = name
        self._started = (time.process_time(), time.perf_counter())

    @contextmanager
    def executor(
        self,
        num_workers: int,
        prepare: Callable[[], object],
        /,
        *,
        gpus: float = 0.0,  # noqa: ARG002 - the protocol's
    ) -> Iterator[Run]:
        """Open the workers of this machine; a single one is timed here completely."""
        self.switch("load")
        prepare()
        with workers_on_this_machine(num_workers, prepare) as run:
            yield lambda function, tasks: self._run(run, function, tasks)

    def _run(
        self, run: Run, function: Callable[[T], R], tasks: Iterable[T]
    ) -> Iterator[R | ShardError]:
        """Yield results; making a task counts as the stage "read" if it reads the source."""
        stage: str = function.stage  # type: ignore[attr-defined]  # an Attempt of a build's stage
        between = "read" if stage == "parse" else stage

        def timed(task: T) -> R:
            self.switch(stage)
            try:
                return function(task)
            finally:
                self.switch(between)

        self.switch(between)
        yield from run(timed, tasks)
        self.switch("")
        self.done(stage)
        self.switch(AFTER[stage])
