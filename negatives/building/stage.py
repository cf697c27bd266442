"""A stage of a build: independent tasks, each done once, by whoever gets to it first.

`run_stage` owns what all stages share: a task that is finished is not done again, an attempt is
committed whole or not at all (data/commit.py), results come back with typed statistics, and
failures are collected and raised at the end. A stage itself only says what its tasks are and how
one is done: `work(task, new_file)` writes the files it asks `new_file` for and returns its
statistics.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast

from data.commit import Committed, Json, Unit, attempt_path, commit, find_finished
from data.errors import ShardError, UsageError
from data.storage import AnyPath
from negatives.executors import Open
from negatives.executors.local import run_here
from negatives.words import lexicon as lexicons

T = TypeVar("T")
NewFile = Callable[[str], Path]
"""Gives the path for a file of some kind ("parses", "counts") of the task at hand."""


class TaskStats(Protocol):
    """What was counted while a task was done: a NamedTuple of values that JSON has, too."""

    @property
    def captions(self) -> int:
        """Return how many captions the task has dealt with, for the progress shown."""

    def _asdict(self) -> dict[str, Any]:
        """Return the statistics by name."""


class NoCaptions(NamedTuple):
    """Statistics of a task that handles no captions itself."""

    captions: int = 0


F = TypeVar("F", bound=TaskStats)


class Task(NamedTuple, Generic[T]):
    """One unit of work of a stage. `name`: unique in the stage, and the stem of its files.

    `digest`: a hash of what the task reads from outside the build, where that may change while
    the build is interrupted.
    """

    name: str
    content: T
    digest: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage(Generic[T, F]):
    """What is to be done, and by whom.

    `name`: its folder under OUT/work, and what progress reports call it. `stats`: the type that
    `work` returns. `prepare`: what a worker loads before its first task. `gpus`: what a worker
    takes of a GPU. `in_driver`: the tasks are done by this process, because what they use cannot
    or must not be shared out.
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
        """Return where the file of a kind lies."""
        return self.folder / self.files[kind].file


class Site(NamedTuple):
    """Where a build works: its folder of unfinished work, its workers, and who hears of progress.

    `report` is called with a stage's name and the number of captions just dealt with.
    """

    work: AnyPath
    open_workers: Open
    report: Callable[[str, int], None]


def run_stage(stage: Stage[T, F], site: Site) -> dict[str, Done[F]]:
    """Do the tasks of a stage that are not finished yet; return all of them by name, in order.

    Raises:
        ShardError: tasks failed; the others are finished and kept.
        UsageError: a finished task has read something else than it would now.
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
        raise ShardError(f"{len(failures)} blocks failed, {len(done)} are finished:\n  {shown}")
    return {name: done[name] for name in names}


def attempt_of(stage: Stage[T, F], site: Site) -> "Attempt[T, F]":
    """Return what does one task of a stage."""
    return Attempt(stage.name, site.work / stage.name, stage.work, stage.stats)


@dataclass(frozen=True, slots=True)
class Attempt(Generic[T, F]):
    """What a worker does with the tasks of a stage; it travels there, so all in it can be pickled.

    `stage`: its name, for who looks on. `folder`: where its tasks are committed.
    """

    stage: str
    folder: AnyPath
    work: Callable[[T, NewFile], F]
    stats: type[F]

    def __call__(self, task: Task[T]) -> Done[F]:
        """Do a task and commit it, unless that was done before.

        Raises:
            ShardError: the task failed.
            UsageError: it was done before, from something else.
        """
        unit = find_finished(self.folder, task.name) or self._commit(task)
        stats = dict(unit.stats)
        if stats.pop("digest") != task.digest:
            raise UsageError(
                f"{task.name}: the source has changed since this build began; build into a new "
                "folder, or drop what was begun with --resume never"
            )
        return Done(task.name, self.folder, unit.files, cast("Any", self.stats)(**stats))

    def _commit(self, task: Task[T]) -> Unit:
        attempts: dict[str, Path] = {}

        def new_file(kind: str) -> Path:
            attempts[kind] = attempt_path(self.folder, task.name, kind)
            return attempts[kind]

        stats: Json = {"digest": task.digest, **self.work(task.content, new_file)._asdict()}
        return commit(self.folder, task.name, attempts, stats)
