"""Executors: how tasks reach workers. Each keeps at most a few tasks a worker in flight."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol, TypeVar

from data.errors import ShardError

T = TypeVar("T")
R = TypeVar("R")


class Run(Protocol):
    """Runs tasks on workers that an executor has opened."""

    def __call__(
        self, function: Callable[[T], R], tasks: Iterable[T], /
    ) -> Iterator[R | ShardError]:
        """Yield the result of each task as it finishes, or the ShardError that it raised.

        Raises:
            ShardError: a worker died; finished work stays.
        """


class Executor(Protocol):
    """Opens workers, for as long as a context lasts."""

    def __call__(
        self, num_workers: int, prepare: Callable[[], object], /, *, gpus: float = 0.0
    ) -> AbstractContextManager[Run]:
        """Open so many workers, which call `prepare` to load what they need, and yield their Run.

        `gpus`: of a GPU, what each worker takes for a model of its own.

        Raises:
            UsageError: there are no such workers.
        """


class Open(Protocol):
    """Opens the workers of one stage after another."""

    def __call__(self, prepare: Callable[[], object], *, gpus: float = 0.0) -> Run:
        """Return the Run of workers as `Executor` opens them; those before stay if they will do."""


@contextmanager
def opening(executor: Executor, num_workers: int) -> Iterator[Open]:
    """Yield what opens workers for a stage; they are closed when another stage needs other ones."""
    with ExitStack() as stack:
        held: dict[float, Run] = {}

        def workers(prepare: Callable[[], object], *, gpus: float = 0.0) -> Run:
            if gpus not in held:
                held.clear()
                stack.close()
                held[gpus] = stack.enter_context(executor(num_workers, prepare, gpus=gpus))
            return held[gpus]

        yield workers
