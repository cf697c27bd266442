"""Ray: what tasks return, what becomes of those that fail or die, and equal bytes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

NEGATIVES = Path(sys.executable).with_name("negatives")
ENVIRONMENT = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}

TASKS = """
import os, sys
from pathlib import Path
from data.errors import ShardError, UsageError
from negatives.executors.ray import workers_of_ray

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


def test_tasks_return_fail_and_die_apart(tmp_path: Path) -> None:
    script = tmp_path / "tasks.py"
    script.write_text(TASKS)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.stdout.splitlines()[-1:] == ["done"], done.stderr


def test_no_cluster_is_one_line(tmp_path: Path) -> None:
    options = ["--source", "scenes", "--out", str(tmp_path / "out"), "--ray-address", "nowhere"]
    done = subprocess.run(
        [NEGATIVES, "build", *options], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--ray-address nowhere: no cluster answers there" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def build(out: Path, *options: str) -> subprocess.Popen[bytes]:
    sizes = ["data.source.num_images=200", "negatives.shard_captions=50"]
    settings = [part for size in sizes for part in ("--set", size)]
    command = [NEGATIVES, "build", "--source", "scenes", "--out", str(out), "--quiet"]
    return subprocess.Popen([*command, *settings, *options], env=ENVIRONMENT)


def contents(out: Path) -> dict[str, bytes]:
    """Return what is in a folder, without what tells of the run."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name != "run.json"
    }


def workers_of(driver: int) -> list[int]:
    """Return the actors of the Ray that a process started."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes()
            if command.startswith(b"ray::Worker") and driver in ancestors(int(path.name)):
                found.append(int(path.name))
        except OSError:
            continue  # it ended meanwhile
    return found


def ancestors(process: int) -> set[int]:
    found: set[int] = set()
    while process > 1:
        stat = Path(f"/proc/{process}/stat").read_text()
        process = int(stat.rpartition(")")[2].split()[1])
        found.add(process)
    return found


@pytest.mark.slow
def test_bytes_are_those_of_the_local_executor_though_workers_and_driver_die(
    tmp_path: Path,
) -> None:
    assert build(tmp_path / "local").wait() == 0
    options = ("--executor", "ray", "--workers", "2")
    first = build(tmp_path / "ray", *options)
    rows = tmp_path / "ray/work/parses"
    until = time.monotonic() + 120
    while not list(rows.glob("*.json")) and time.monotonic() < until:
        time.sleep(0.1)
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
