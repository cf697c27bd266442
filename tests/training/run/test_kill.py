"""A run that is killed anywhere goes on as an undisturbed one, on other ranks and workers too."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import distributed

from data.streams import Stream
from tests.training.runs import losses, places, records, settings, world
from training.batches.loader import Step
from training.run.checkpoint import latest, read
from training.run.train import train

NUM_STEPS = 20


class Crew(NamedTuple):
    """The processes of a run, and the workers of each."""

    ranks: int
    workers: int


def run_rank(root: Path, name: str, attempt: int, rank: int, crew: Crew) -> None:
    """Train as one of several processes, and write down which samples each step has."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    here = places(root, name)
    here.out.mkdir(parents=True, exist_ok=True)
    if crew.ranks > 1:
        meeting = f"file://{here.out}/meet-{attempt}"
        distributed.init_process_group(
            "gloo", init_method=meeting, rank=rank, world_size=crew.ranks
        )
    with (here.out / f"ids-{attempt}-{rank}.jsonl").open("w") as file:

        def watch(number: int, step: Step) -> None:
            ids = [row_id for batch in step.micro_batches for row_id in batch.ids]
            file.write(json.dumps([number, rank, ids]) + "\n")
            file.flush()
            pids = " ".join(str(worker.pid) for worker in multiprocessing.active_children())
            (here.out / f"workers-{attempt}-{rank}").write_text(pids)

        options = settings(
            root, epochs=4, run={"workers": crew.workers, "save_every": 2}, validation="val"
        )
        train(options, here, resume=True, watch=watch)


def start(root: Path, name: str, attempt: int, crew: Crew) -> list[ForkServerProcess]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.training.test_kill"])
    processes = [
        context.Process(target=run_rank, args=(root, name, attempt, rank, crew))
        for rank in range(crew.ranks)
    ]
    for process in processes:
        process.start()
    return processes


def finish(processes: list[ForkServerProcess]) -> None:
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def kill(processes: list[ForkServerProcess], *, when: Callable[[], bool], delay_s: float) -> None:
    until = time.monotonic() + 120
    while not when() and time.monotonic() < until and processes[0].is_alive():
        time.sleep(0.001)
    time.sleep(delay_s)
    for process in processes:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
    for process in processes:
        process.join(60)


def wait_for_the_end_of_workers(folder: Path) -> None:
    files = folder.glob("workers-*")
    pids = [int(pid) for path in files for pid in path.read_text().split()]
    until = time.monotonic() + 20
    while any(is_there(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.1)
    assert not [pid for pid in pids if is_there(pid)]


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def samples_of(folder: Path) -> dict[int, list[str]]:
    """Return the ids of each step; attempts that made the same step must agree."""
    found: dict[int, dict[int, dict[int, list[str]]]] = {}
    for path in sorted(folder.glob("ids-*.jsonl")):
        attempt = int(path.stem.split("-")[1])
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                number, rank, ids = json.loads(line)
                found.setdefault(number, {}).setdefault(attempt, {})[rank] = ids
    merged = {}
    for number, attempts in found.items():
        whole = [
            [i for _, ids in sorted(ranks.items()) for i in ids] for ranks in attempts.values()
        ]
        complete = [ids for ids in whole if len(ids) == 8]  # a kill may cut a rank's line
        assert all(ids == complete[-1] for ids in complete)
        merged[number] = complete[-1]
    return merged


def measured(folder: Path) -> dict[tuple[int, str], float]:
    """Return what was found on the validation split, whatever the ranks."""
    return {
        (record["step"], name): value
        for record in records(folder)
        for name, value in record.get("validation", {}).items()
    }


def steps_begun(folder: Path, attempt: int) -> int:
    path = folder / f"ids-{attempt}-0.jsonl"
    return path.read_text().count("\n") if path.exists() else 0


def first_step(folder: Path, attempt: int) -> int:
    with (folder / f"ids-{attempt}-0.jsonl").open() as lines:
        number: int = json.loads(next(lines))[0]
    return number


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = world(tmp_path_factory.mktemp("killed"))
    finish(start(root, "whole", 0, Crew(1, 0)))
    return root


def check(root: Path, trial: int, first: Crew, second: Crew) -> None:
    """Kill a run of the first crew at a random moment, and let the second one end it."""
    stream = Stream("kill", trial)
    name, whole = f"trial-{trial}", root / "whole"
    num_steps = 1 + stream.below(NUM_STEPS - 4)
    begun = start(root, name, 0, first)
    kill(begun, when=lambda: steps_begun(root / name, 0) > num_steps, delay_s=stream.unit() * 0.02)
    assert [process.exitcode for process in begun] == [-signal.SIGKILL] * first.ranks
    last = latest(root / name)
    kept = read(last).step if last else 0
    finish(start(root, name, 1, second))
    assert first_step(root / name, 1) == kept  # it went on, and did not begin anew
    assert kept >= num_steps - num_steps % 2  # a checkpoint every other step
    wait_for_the_end_of_workers(root / name)
    assert samples_of(root / name) == samples_of(whole)
    found, expected = losses(root / name), losses(whole)
    assert sorted(found) == list(range(1, NUM_STEPS + 1))
    assert measured(root / name) == pytest.approx(measured(whole), rel=1e-5)
    if first.ranks == second.ranks == 1:
        assert found == expected
        ours, theirs = (read(path).state_dict for path in map(latest, (root / name, whole)) if path)
        assert all(torch.equal(tensor, theirs[key]) for key, tensor in ours.items())
    else:
        assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Crew(2, 1), Crew(1, 0)),
        pytest.param(Crew(1, 1), Crew(2, 0), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_a_killed_run_goes_on(root: Path, first: Crew, second: Crew) -> None:
    check(root, 10 * first.ranks + second.ranks, first, second)


@pytest.mark.slow
@pytest.mark.parametrize("trial", range(20))
def test_a_run_killed_anywhere_goes_on(root: Path, trial: int) -> None:
    stream = Stream("crews", trial)
    same_ranks = trial % 2 == 0
    first, second = (
        Crew(1 if same_ranks else stream.choice((1, 2, 4)), stream.below(3)) for _ in range(2)
    )
    check(root, 100 + trial, first, second)
