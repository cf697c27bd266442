"""Executors: how tasks reach workers. Each keeps at most a few tasks a worker in flight."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
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


Executor = Callable[[int, Callable[[], object]], AbstractContextManager[Run]]
"""Opens so many workers, which call a function to load what they need, and yields their Run."""
