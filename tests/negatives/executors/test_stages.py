"""The workers of one stage after another: kept while they will do, and what each stage asks for."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from data.errors import ShardError, UsageError
from negatives.building import build
from negatives.config import build_config
from negatives.executors import Executor, Run, opening
from negatives.executors.local import workers_on_this_machine


@dataclass
class Recorded:
    """Opens workers as another executor does, and remembers what for."""

    executor: Executor
    told: list[str] = field(default_factory=list)

    @contextmanager
    def __call__(
        self, num_workers: int, prepare: Callable[[], object], /, *, gpus: float = 0.0
    ) -> Iterator[Run]:
        self.told.append(f"open {gpus:g}")
        try:
            with self.executor(num_workers, prepare, gpus=gpus) as run:
                yield run
        finally:
            self.told.append(f"close {gpus:g}")


def nothing() -> None:
    pass


def process_of(_task: int) -> int:
    return os.getpid()


def test_workers_stay_while_they_will_do() -> None:
    executor = Recorded(workers_on_this_machine)
    with opening(executor, 1) as open_for:
        first, second = open_for(nothing), open_for(nothing)
        assert first is second
        open_for(nothing, gpus=1.0)
        open_for(nothing, gpus=0.25)
        open_for(nothing, gpus=0.25)
    needs = ("0", "1", "0.25")
    assert executor.told == [f"{what} {each}" for each in needs for what in ("open", "close")]


def test_workers_are_closed_when_a_stage_fails() -> None:
    executor = Recorded(workers_on_this_machine)
    with suppress(ShardError), opening(executor, 1) as open_for:
        open_for(nothing)
        raise ShardError("a stage failed")
    assert executor.told == ["open 0", "close 0"]


@pytest.mark.parametrize(("gpus", "is_alone"), [(0.0, False), (0.25, False), (1.0, True)])
def test_who_needs_a_whole_gpu_works_alone_on_this_machine(gpus: float, *, is_alone: bool) -> None:
    with workers_on_this_machine(2, nothing, gpus=gpus) as run:
        processes = set(run(process_of, range(4)))
    assert (processes == {os.getpid()}) == is_alone
    assert len(processes) <= 2


ASKING = {"preset": "natural-llm", "choice": {"scorers": []}}


@pytest.mark.parametrize(
    ("negatives", "told"),
    [
        ({**ASKING, "llm": {"device": "cuda:99"}}, ["open 0", "close 0", "open 1", "close 1"]),
        ({"choice": {"scorers": []}}, ["open 0", "close 0"]),
    ],
)
def test_a_stage_asks_for_a_gpu_where_its_model_runs_on_one(
    tmp_path: Path, negatives: dict[str, object], told: list[str]
) -> None:
    pytest.importorskip("torch", reason="the extra `llm` is not installed")
    executor = Recorded(workers_on_this_machine)
    config = build_config(
        {"data": {"source": {"name": "scenes", "num_images": 2}}, "negatives": negatives}
    )
    run = partial(build, config, out=tmp_path / "out", executor=executor)
    if "llm" in negatives:
        with pytest.raises(UsageError, match="cuda:99"):
            run()
    else:
        run()
    assert executor.told == told
