"""Workers of this machine: what becomes of a build when one dies, or when it is told to stop."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data.errors import ShardError
from negatives.executors.local import workers_on_this_machine
from tests.negatives.executors.ray_processes import have_ended, processes_below

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")

ROOT = Path(__file__).parents[3]
HUNG = """
import time
from negatives.executors.local import workers_on_this_machine

with workers_on_this_machine(2, list) as run:
    for _ in run(int, "12"):
        print("ready", flush=True)
    for _ in run(time.sleep, [1000, 1000]):
        pass
"""
UNGUARDED = """
from negatives.executors.local import workers_on_this_machine

with workers_on_this_machine(2, list) as run:
    list(run(int, "12"))
"""


def kill_once(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fails() -> None:
    os._exit(1)


@pytest.mark.parametrize("prepare", [list, fails])
def test_a_dead_worker_is_reported(prepare: type[list[int]]) -> None:
    with (
        pytest.raises(ShardError, match="a worker process died"),
        workers_on_this_machine(2, prepare) as run,
    ):
        list(run(kill_once, range(9)))


def test_a_script_without_a_guard_gets_advice(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    done = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1  # the workers are silent
    assert "UsageError: workers: expected one, or a script with a guard" in done.stderr
    assert 'put the call below `if __name__ == "__main__":`' in done.stderr


@pytest.mark.parametrize("to_all", [False, True], ids=["to one", "as a terminal does"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, -2), (signal.SIGTERM, -15)])
def test_hung_workers_are_not_waited_for(number: int, code: int, *, to_all: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HUNG],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as build:
        assert build.stdout is not None
        assert [build.stdout.readline() for _ in range(2)] == ["ready\n"] * 2
        time.sleep(1)
        workers = list(processes_below(build.pid))
        (os.killpg if to_all else os.kill)(build.pid, number)
        try:
            _, errors = build.communicate(timeout=30)
        finally:
            build.kill()
    assert build.returncode == code
    assert errors.count("Traceback") == (number == signal.SIGINT)  # of the build alone
    assert have_ended(workers)
