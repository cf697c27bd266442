"""`kill -9` of a running build and of its workers, as an operating system does it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data.manifest import problems_of, read_manifest

COMMAND = [
    str(Path(sys.executable).with_name("negatives")), "build", "--source", "scenes",
    "--limit", "240", "--set", "negatives.shard_captions=10", "--workers", "2", "--quiet",
]  # fmt: skip


def content_of(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file that equal work must make equal."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def start(out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*COMMAND, "--out", str(out)], stderr=subprocess.PIPE)


def wait_for(out: Path, num_markers: int) -> None:
    """Wait until so many units of work are finished, or the manifest stands."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if len(list(out.glob("work/*/*.json"))) >= num_markers or (out / "manifest.json").exists():
            return
        time.sleep(0.005)
    raise AssertionError("the build makes no progress")


def children_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in children.read_text().split()] if children.exists() else []


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def expected_content(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("undisturbed")
    subprocess.run([*COMMAND, "--out", str(out)], check=True)
    return content_of(out)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
def test_a_killed_build_leaves_no_worker_and_goes_on(
    expected_content: dict[str, bytes], tmp_path: Path
) -> None:
    for num_markers in (1, 30, 71):
        build = start(tmp_path)
        wait_for(tmp_path, num_markers)
        workers = children_of(build.pid)
        build.send_signal(signal.SIGKILL)
        build.communicate()
        deadline = time.monotonic() + 10
        while any(map(is_running, workers)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not any(map(is_running, workers))
    subprocess.run([*COMMAND, "--out", str(tmp_path)], check=True)
    assert content_of(tmp_path) == expected_content
    assert list(problems_of(tmp_path, read_manifest(tmp_path))) == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
def test_a_killed_worker_ends_the_build_with_one_line(
    expected_content: dict[str, bytes], tmp_path: Path
) -> None:
    build = start(tmp_path)
    wait_for(tmp_path, 5)
    for worker in children_of(build.pid):
        command = Path(f"/proc/{worker}/cmdline").read_bytes()
        if b"spawn_main" in command:
            os.kill(worker, signal.SIGKILL)
            break
    _, errors = build.communicate(timeout=60)
    assert build.returncode == 1
    assert errors.decode() == (
        "negatives: a worker process died, killed or out of memory; run the command again "
        "to resume\n"
    )
    subprocess.run([*COMMAND, "--out", str(tmp_path)], check=True)
    assert content_of(tmp_path) == expected_content
