"""Tasks on a Ray cluster: an existing one, or a local one that ends with the build.

A worker is an actor that keeps what it loads. If one dies, it is restarted and its task is done
again: the commit protocol keeps one copy, whoever wrote it. `OUT` must be a folder shared by all
machines, or a URL.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import ray
from ray._private import ray_constants
from ray.exceptions import RayError, RayTaskError

from data.errors import ShardError, UsageError
from data.texts import one_line
from negatives.executors import R, Run, T

_ROOM_S: Final = 30.0  # to wait for a first worker before warning
_RETRIES: Final = 3  # of a task whose worker died
_CLUSTERS: Final = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # "0": other machines cannot join


class Worker:
    """Does tasks on the machine that Ray chooses, in the driver's folder."""

    def __init__(self, folder: str) -> None:
        """Change to a folder, so that relative paths mean the same as in the driver."""
        with suppress(OSError):  # another machine may lack it and use absolute paths
            os.chdir(folder)

    def prepare(self, load: Callable[[], object]) -> None:
        """Load what tasks need; errors surface in the tasks."""
        with suppress(Exception):
            load()

    def attempt(self, function: Callable[[T], R], task: T) -> R | ShardError:
        """Do a task; return its failure as a result."""
        try:
            return function(task)
        except ShardError as error:
            return error


@contextmanager
def workers_of_ray(
    num_workers: int,
    prepare: Callable[[], object],
    *,
    address: str | None = None,
    gpus: float = 0,
) -> Iterator[Run]:
    """Open the workers and yield a Run; each takes a CPU and `gpus` of a GPU.

    `address`: of a cluster, such as "auto" or "ray://head:10001"; None starts one on this machine,
    for the duration of the context, that listens on the loopback only.

    Raises:
        UsageError: there is no cluster at this address, or it lacks a required GPU.
    """
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(sys.stderr))  # Ray reports dead workers there
        if address is None:
            stack.enter_context(_alone())
        _join(address, num_workers)
        stack.callback(ray.shutdown)
        _refuse_without(gpus)
        kind: Any = ray.remote(
            num_cpus=1, num_gpus=gpus, max_restarts=-1, max_task_retries=_RETRIES
        )
        workers: list[Any] = [kind(Worker).remote(str(Path.cwd())) for _ in range(num_workers)]
        starting = {worker.prepare.remote(prepare): worker for worker in workers}
        yield partial(_run, workers, starting)


@contextmanager
def _alone() -> Iterator[None]:
    """Make a Ray that is started here listen on the loopback only.

    It treats 127.0.0.1 as another name of this machine and listens on every interface, unless
    cluster mode is turned off before it starts and in each of its processes.
    """
    variable, constant = os.environ.get(_CLUSTERS), ray_constants.ENABLE_RAY_CLUSTER
    os.environ[_CLUSTERS] = "0"
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = constant
        os.environ.pop(_CLUSTERS)
        if variable is not None:
            os.environ[_CLUSTERS] = variable


def _refuse_without(gpus: float) -> None:
    found: float = ray.cluster_resources().get("GPU", 0.0)  # type: ignore[no-untyped-call]
    if found < gpus:
        raise UsageError(
            f"the Ray cluster: expected a GPU for the language model, found {found:g}; use the "
            "device cpu, or a cluster whose machines declare their GPUs (`ray start --num-gpus`)"
        )


def _join(address: str | None, num_workers: int) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        quiet |= {"num_cpus": num_workers, "include_dashboard": False}
    try:
        ray.init(address=address or "local", **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = one_line(error)
        raise UsageError(
            f"--ray-address {address}: no cluster answers there: {reason} (if it requires a "
            "token, set RAY_AUTH_MODE=token)"
        ) from error


def _run(
    workers: list[Any],
    starting: dict[Any, Any],
    function: Callable[[T], R],
    tasks: Iterable[T],
    /,
) -> Iterator[R | ShardError]:
    """Yield results as they come.

    A worker has one task at a time, so that a failure loses no other; workers that the cluster has
    no room for yet get none. `starting`: workers that have not started yet, by the call that
    reports their start.
    """
    tasks = iter(tasks)
    pending: dict[Any, Any] = {}
    free = deque(worker for worker in workers if worker not in starting.values())
    more, was_told = True, False
    while True:
        while more and free:
            task = next(tasks, None)
            more = task is not None
            if more:
                worker = free.popleft()
                pending[worker.attempt.remote(function, task)] = worker
        if not more and not pending:
            return
        found, _ = ray.wait(
            [*pending, *starting], num_returns=1, timeout=None if pending or was_told else _ROOM_S
        )
        if not found:
            was_told = True
            sys.stderr.write(_no_room(len(starting)))
            continue
        (ready,) = found
        if ready in starting:
            free.append(starting.pop(ready))
        else:
            free.append(pending.pop(ready))
            yield _result(ready)


def _no_room(num_workers: int) -> str:
    """Return the warning for workers that do not start."""
    there, free = ray.cluster_resources(), ray.available_resources()  # type: ignore[no-untyped-call]
    cpus, gpus = (f"{free.get(name, 0):g} of {there.get(name, 0):g}" for name in ("CPU", "GPU"))
    return (
        f"none of {num_workers} workers has started for {_ROOM_S:g} s; each takes a CPU of the Ray "
        f"cluster, of which {cpus} are free (GPUs: {gpus}); still waiting\n"
    )


def _result(reference: Any) -> Any:  # noqa: ANN401 - whatever the task returned
    """Return a task's result, or a ShardError if its workers died.

    Raises:
        Exception: the task's exception, unless it is a ShardError.
    """
    try:
        return ray.get(reference)
    except RayTaskError as error:
        raise error.cause from None
    except RayError as error:
        reason = one_line(error)
        return ShardError(
            f"its workers died {_RETRIES + 1} times, killed or out of memory; run the command "
            f"again to resume ({reason})"
        )
