"""Ray: what tasks return, what becomes of those that fail or die, and equal bytes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.negatives.executors.ray_processes import ALONE, cluster, have_ended, workers_of
from tests.negatives.llm.tiny_model import write_model

ROOT = Path(__file__).parents[3]
NEGATIVES = Path(sys.executable).with_name("negatives")
ENVIRONMENT = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(ROOT)}

TASKS = """
import os, sys
from pathlib import Path
from data.errors import ShardError, UsageError
from negatives.executors.ray import workers_of_ray
from tests.negatives.executors.ray_processes import addresses_of, is_loopback, processes_below

def work(task):
    kind, number = task
    if kind == "fails":
        raise ShardError(f"task {number} failed")
    if kind == "wrong":
        raise UsageError("a user can mend it")
    if kind == "dies once" and not Path("died").exists():
        Path("died").touch()
        os._exit(1)
    if kind == "dies":
        os._exit(1)
    return number * number

def load():
    raise RuntimeError("what loading raises is left to the tasks")

if __name__ == "__main__":
    with workers_of_ray(2, load) as run:
        tasks = [("squares", n) for n in range(20)] + [("fails", 3), ("dies once", 5), ("dies", 7)]
        found = list(run(work, tasks))
        numbers = sorted(each for each in found if isinstance(each, int))
        assert numbers == sorted([n * n for n in range(20)] + [25]), found
        addresses = addresses_of([os.getpid(), *processes_below(os.getpid())])
        assert len(addresses) > 2 and all(map(is_loopback, addresses)), addresses
        told = sorted(str(each) for each in found if isinstance(each, ShardError))
        assert told[0].startswith("its workers died 4 times"), told
        assert told[1:] == ["task 3 failed"], told
        assert list(run(work, [("squares", 2)])) == [4]  # the workers are still there
        try:
            list(run(work, [("wrong", 0)]))
        except UsageError as error:
            assert str(error) == "a user can mend it"
        else:
            raise AssertionError("a task's own exception is raised")
    print("done")
"""

GPUS = """
import os, sys, time
import ray
from data.errors import UsageError
from negatives.executors.ray import workers_of_ray

def where(_task):
    time.sleep(0.2)
    return os.getpid(), os.environ.get("CUDA_VISIBLE_DEVICES")

def load():
    pass

if __name__ == "__main__":
    address = sys.argv[1]
    with workers_of_ray(2, load, address=address, gpus=1.0) as run:
        found = list(run(where, range(6)))
        assert len(set(found)) == 1 and found[0][1] == "0", found  # the other one waits for a GPU
        assert ray.available_resources().get("GPU", 0.0) == 0.0
    with workers_of_ray(2, load, address=address, gpus=0.25) as run:
        assert {device for _, device in run(where, range(9))} == {"0"}
        assert ray.available_resources()["GPU"] in {0.5, 0.75}  # as many as have come
    with workers_of_ray(2, load, address=address) as run:
        assert {device for _, device in run(where, range(4))} <= {None, ""}
    try:
        with workers_of_ray(1, load, address=address, gpus=2.0):
            pass
    except UsageError as error:
        assert "expected a GPU for the language model, found 1; use the device cpu" in str(error)
        print("done")
"""


def run(script: str, folder: Path, *arguments: str, **variables: str) -> None:
    """Run a script, which prints "done" at its end; nothing else may be there, whoever dies."""
    path = folder / "script.py"
    path.write_text(script)
    done = subprocess.run(
        [sys.executable, str(path), *arguments],
        cwd=folder,
        env=ENVIRONMENT | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.stdout == "done\n", done.stderr


def test_tasks_return_fail_and_die_apart(tmp_path: Path) -> None:
    run(TASKS, tmp_path)


@pytest.mark.slow
def test_workers_that_need_a_gpu_wait_for_one(tmp_path: Path) -> None:
    with cluster(num_cpus=2, num_gpus=1) as (address, _):
        run(GPUS, tmp_path, address, **ALONE)


def test_no_cluster_is_one_line(tmp_path: Path) -> None:
    options = ["--source", "scenes", "--out", str(tmp_path / "out"), "--ray-address", "nowhere"]
    done = subprocess.run(
        [NEGATIVES, "build", *options], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--ray-address nowhere: no cluster answers there" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def build(out: Path, *options: str, **variables: str) -> subprocess.Popen[bytes]:
    sizes = ["data.source.num_images=200", "negatives.shard_captions=50"]
    settings = [part for size in sizes for part in ("--set", size)]
    command = [NEGATIVES, "build", "--source", "scenes", "--out", str(out), "--quiet"]
    return subprocess.Popen([*command, *settings, *options], env=ENVIRONMENT | variables)


def contents(out: Path) -> dict[str, bytes]:
    """Return what is in a folder, without what tells of the run."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name != "run.json"
    }


def wait_for_work(out: Path) -> None:
    """Wait until a block is parsed."""
    until = time.monotonic() + 120
    while not list(out.glob("work/parse/*.json")) and time.monotonic() < until:
        time.sleep(0.1)


@pytest.mark.slow
def test_bytes_are_those_of_the_local_executor_though_workers_and_driver_die(
    tmp_path: Path,
) -> None:
    assert build(tmp_path / "local").wait() == 0
    options = ("--executor", "ray", "--workers", "2")
    first = build(tmp_path / "ray", *options)
    wait_for_work(tmp_path / "ray")
    killed = workers_of(first.pid)[:1]
    for process in killed:
        os.kill(process, signal.SIGKILL)
    assert killed
    time.sleep(3)
    first.kill()  # the driver too
    first.wait()
    assert build(tmp_path / "ray", *options).wait() == 0
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    assert json.loads((tmp_path / "ray/run.json").read_text())["workers"] == 2


@pytest.mark.slow
def test_a_cluster_that_is_there_gives_the_same_bytes_and_stays(tmp_path: Path) -> None:
    assert build(tmp_path / "local").wait() == 0
    with cluster(num_cpus=2, num_gpus=0) as (address, process):
        options = ("--ray-address", address, "--workers", "2")
        killed = build(tmp_path / "ray", *options, **ALONE)
        wait_for_work(tmp_path / "ray")
        workers = workers_of(process)
        killed.kill()
        killed.wait()
        assert len(workers) == 2
        assert have_ended(workers)  # what a build started ends with it, and nothing else
        assert build(tmp_path / "ray", *options, **ALONE).wait() == 0
        assert contents(tmp_path / "ray") == contents(tmp_path / "local")
        assert have_ended(workers_of(process))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cluster_without_room_is_told_of_and_not_waited_for_against_ones_will(
    tmp_path: Path, number: int
) -> None:
    command = [NEGATIVES, "build", "--source", "scenes", "--out", str(tmp_path / "out"), "--quiet"]
    with cluster(num_cpus=0, num_gpus=0) as (address, _):
        options = ["--executor", "ray", "--workers", "2", "--ray-address", address]
        with subprocess.Popen(
            [*command, *options], env=ENVIRONMENT | ALONE, stderr=subprocess.PIPE, text=True
        ) as waiting:
            assert waiting.stderr is not None
            line = next(line for line in waiting.stderr if "workers has started" in line)
            waiting.send_signal(number)
            waiting.communicate(timeout=60)
    assert "of which 0 of 0 are free" in line
    assert waiting.returncode  # Ray chooses the code of a SIGTERM


PROGRESS = """
import os, signal, sys
from collections import Counter
from pathlib import Path
from data.errors import UsageError
from data.manifest import read_manifest
from negatives.building import build
from negatives.config import build_config
from negatives.executors.ray import workers_of_ray
from tests.negatives.executors.ray_processes import workers_of

STAGES = ("parse", "ask", "choose")
source = {"name": "scenes", "num_images": 30}
llm = {"model": sys.argv[1], "device": "cpu"}
negatives = {"preset": "natural-llm", "shard_captions": 10, "llm": llm}
config = build_config({"data": {"source": source}, "negatives": negatives})
done = Counter()

def report(stage, num_captions):
    done[stage] += num_captions
    if stage in STAGES and done[stage] == 30:  # a worker dies in each stage, and then the run
        os.kill(workers_of(os.getpid())[0], signal.SIGKILL)
    if stage == "choose" and done[stage] == 80 and len(sys.argv) == 2:
        raise UsageError("stop here")

if __name__ == "__main__":
    out = Path("out")
    try:
        build(config, out=out, workers=2, executor=workers_of_ray, report=report)
    except UsageError:
        assert done["choose"] == 80
    done.clear()
    sys.argv.append("again")
    manifest = build(config, out=out, workers=2, executor=workers_of_ray, report=report)
    assert {done[stage] for stage in STAGES} == {manifest.num_rows()}, done
    done.clear()
    build(config, out=Path("undisturbed"))
    assert read_manifest(Path("undisturbed")) == manifest
    print("done")
"""


@pytest.mark.slow
def test_a_caption_is_reported_once_in_a_stage_whoever_dies(tmp_path: Path) -> None:
    for name in ("torch", "transformers", "tokenizers"):
        pytest.importorskip(name, reason="the extra `llm` is not installed")
    write_model(tmp_path / "tiny", ["a", "red", "circle", "square", "above"], context=256)
    run(PROGRESS, tmp_path, str(tmp_path / "tiny"))
