"""Executors: run tasks on workers, with at most a few tasks per worker in flight."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol, TypeVar

from data.errors import ShardError

T = TypeVar("T")
R = TypeVar("R")


class Run(Protocol):
    """Runs tasks on opened workers."""

    def __call__(
        self, function: Callable[[T], R], tasks: Iterable[T], /
    ) -> Iterator[R | ShardError]:
        """Yield the result of each task as it finishes, or its ShardError.

        Raises:
            ShardError: a worker died; finished work is kept.
        """


class Executor(Protocol):
    """Opens workers for the duration of a context."""

    def __call__(
        self, num_workers: int, prepare: Callable[[], object], /, *, gpus: float = 0.0
    ) -> AbstractContextManager[Run]:
        """Open this many workers, which call `prepare` to load what they need, and yield their Run.

        `gpus`: the share of a GPU that each worker needs for its own model.

        Raises:
            UsageError: such workers are not available.
        """


class Open(Protocol):
    """Opens the workers of one stage after another."""

    def __call__(self, prepare: Callable[[], object], *, gpus: float = 0.0) -> Run:
        """Return the Run of such workers, reusing the previous ones if they fit."""


@contextmanager
def opening(executor: Executor, num_workers: int) -> Iterator[Open]:
    """Yield a function that opens a stage's workers, replacing them only if necessary."""
    with ExitStack() as stack:
        held: dict[float, Run] = {}

        def workers(prepare: Callable[[], object], *, gpus: float = 0.0) -> Run:
            if gpus not in held:
                held.clear()
                stack.close()
                held[gpus] = stack.enter_context(executor(num_workers, prepare, gpus=gpus))
            return held[gpus]

        yield workers
