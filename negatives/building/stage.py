"""A stage of a build: independent tasks, each committed once.

`run_stage` does what all stages share: finished tasks are skipped, an attempt is committed
completely or not at all (data/commit.py), results have typed statistics, and failures are collected
and raised at the end. A stage only defines its tasks and how to do one: `work(task, new_file)`
writes files at paths from `new_file` and returns statistics.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast

from data.commit import Committed, Json, Unit, attempt_path, commit, find_finished
from data.errors import ShardError, UsageError
from data.storage import AnyPath
from data.texts import counted
from negatives.executors import Open
from negatives.executors.local import run_here
from negatives.words import lexicon as lexicons

T = TypeVar("T")
NewFile = Callable[[str], Path]
"""Returns the path for a file of some kind ("parses", "counts") of the current task."""


class TaskStats(Protocol):
    """The counts of a task: a NamedTuple of JSON values."""

    @property
    def captions(self) -> int:
        """Return the number of captions processed, for progress."""

    def _asdict(self) -> dict[str, Any]:
        """Return the statistics by name."""


class NoCaptions(NamedTuple):
    """Statistics of a task that processes no captions."""

    captions: int = 0


F = TypeVar("F", bound=TaskStats)


class Task(NamedTuple, Generic[T]):
    """One unit of work of a stage. `name`: unique in the stage, and the stem of its files.

    `digest`: a hash of the task's input from outside the build, if it may change while the build is
    interrupted.
    """

    name: str
    content: T
    digest: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage(Generic[T, F]):
    """The definition of a stage.

    `name`: its folder under OUT/work, and its name in progress reports. `stats`: the type that
    `work` returns. `prepare`: runs in a worker before its first task. `gpus`: the share of a GPU
    that a worker needs. `in_driver`: this process does the tasks, because their resources cannot or
    must not be shared.
    """

    name: str
    tasks: Iterable[Task[T]]
    work: Callable[[T, NewFile], F]
    stats: type[F]
    prepare: Callable[[], object] = lexicons.load
    gpus: float = 0.0
    in_driver: bool = False


class Done(NamedTuple, Generic[F]):
    """A finished task: its committed files by kind, and its statistics."""

    name: str
    folder: AnyPath
    files: Mapping[str, Committed]
    stats: F

    def path(self, kind: str) -> AnyPath:
        """Return the path of the file of a kind."""
        return self.folder / self.files[kind].file


class Site(NamedTuple):
    """The context of a build: its folder of unfinished work, its workers, its progress callback.

    `report` is called with a stage's name and the number of captions just processed.
    """

    work: AnyPath
    open_workers: Open
    report: Callable[[str, int], None]


def run_stage(stage: Stage[T, F], site: Site) -> dict[str, Done[F]]:
    """Do the unfinished tasks of a stage; return all tasks by name, in order.

    Raises:
        ShardError: tasks failed; the others are finished and kept.
        UsageError: the input of a finished task has changed.
    """
    run = run_here if stage.in_driver else site.open_workers(stage.prepare, gpus=stage.gpus)
    attempt = attempt_of(stage, site)
    names: list[str] = []

    def tasks() -> Iterator[Task[T]]:
        for task in stage.tasks:
            names.append(task.name)
            yield task

    done: dict[str, Done[F]] = {}
    failures: list[str] = []
    for result in run(attempt, tasks()):
        if isinstance(result, ShardError):
            failures.append(str(result))
        else:
            done[result.name] = result
            site.report(stage.name, result.stats.captions)
    if failures:
        shown = "\n  ".join(failures[:10])
        raise ShardError(
            f"{counted(len(failures), 'block')} failed, {len(done):,} finished:\n  {shown}"
        )
    return {name: done[name] for name in names}


def attempt_of(stage: Stage[T, F], site: Site) -> "Attempt[T, F]":
    """Return the callable that does one task of a stage."""
    return Attempt(stage.name, site.work / stage.name, stage.work, stage.stats)


@dataclass(frozen=True, slots=True)
class Attempt(Generic[T, F]):
    """What a worker does with the tasks of a stage; it is pickled to get there.

    `stage`: its name, for monitoring. `folder`: where its tasks are committed.
    """

    stage: str
    folder: AnyPath
    work: Callable[[T, NewFile], F]
    stats: type[F]

    def __call__(self, task: Task[T]) -> Done[F]:
        """Do a task and commit it, unless it is already committed.

        Raises:
            ShardError: the task failed.
            UsageError: it is committed, but its input has changed.
        """
        unit = find_finished(self.folder, task.name) or self._commit(task)
        stats = dict(unit.stats)
        if stats.pop("digest") != task.digest:
            raise UsageError(
                f"{task.name}: the source has changed since this build began; build into a new "
                "folder, or start over with --resume never"
            )
        return Done(task.name, self.folder, unit.files, cast("Any", self.stats)(**stats))

    def _commit(self, task: Task[T]) -> Unit:
        attempts: dict[str, Path] = {}

        def new_file(kind: str) -> Path:
            attempts[kind] = attempt_path(self.folder, task.name, kind)
            return attempts[kind]

        stats: Json = {"digest": task.digest, **self.work(task.content, new_file)._asdict()}
        return commit(self.folder, task.name, attempts, stats)


@contextmanager
def without_collector() -> Iterator[None]:
    """Pause Python's collector of reference cycles; as a decorator, during a function.

    Parses, slots and rows are millions of objects without cycles. They live until the end of their
    task, and the collector would visit them again and again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
