"""Of several processes that fetch into one folder one works; the others wait, but not for ever."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOLDS = """
import sys, time
from pathlib import Path
from data.pulling import _alone

print("asks", flush=True)
with _alone(Path(sys.argv[1])):
    print("has it", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextmanager
def fetching(folder: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Run a process that asks for the folder, and holds it for so long."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(folder), str(seconds)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "asks\n"
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_dead_process_holds_nobody_up(tmp_path: Path) -> None:
    with fetching(tmp_path, 1000) as first:
        assert line_of(first) == "has it\n"
        with fetching(tmp_path, 0) as second:
            first.kill()
            assert line_of(second) == "has it\n"
            assert second.wait(timeout=30) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_waits_can_be_stopped(tmp_path: Path, number: int) -> None:
    with fetching(tmp_path, 1000) as first:
        assert line_of(first) == "has it\n"
        with fetching(tmp_path, 0) as second:
            with pytest.raises(subprocess.TimeoutExpired):
                second.wait(timeout=1)  # it waits
            second.send_signal(number)
            assert second.wait(timeout=30) == -number
