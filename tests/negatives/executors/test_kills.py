"""Fifty blows to builds on Ray: workers, the driver and the store, at times that nobody chose.

After each build the folder verifies, and its bytes are those of one process that nothing disturbed.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from data.streams import Stream
from tests.faulty_proxy import no_faults, random_plan
from tests.negatives.executors.ray_processes import (
    have_ended,
    is_running,
    processes_below,
    workers_of,
)
from tests.s3_server import Bucket

pytest.importorskip("ray", reason="the extra `ray` is not installed")

ROOT = Path(__file__).parents[3]
OWN = {"PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
CLI = (sys.executable, "-m", "negatives.cli")
COMMAND = (
    *CLI, "build", "--source", "scenes", "--set", "data.source.num_images=150",
    "--set", "negatives.shard_captions=20", "--set", "negatives.rejects=true", "--quiet",
)  # fmt: skip
ON_RAY = ("--executor", "ray", "--workers", "2")
KILLS = 40
FAULTS = 10
OF_A_BUILD = {"worker": 5, "driver": 4}  # kills; then it may finish
SHARE = 0.04  # of requests that meet a fault
AGENTS = (  # for a minute they call a head that died
    "ray::DashboardAgent",
    "ray::RuntimeEnvAgent",
    "dashboard/agent.py",
    "runtime_env/agent/main.py",
)
PASSING = ("its workers died 4 times", "run the same", "run the command again")


@dataclass
class Run:
    """A build as it is disturbed: where it is told off, and what has really struck it so far."""

    out: str
    log: Path
    stream: Stream
    struck: Counter[str] = field(default_factory=Counter)

    def start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("wb") as log:
            command = [*COMMAND, *ON_RAY, "--out", self.out]
            return subprocess.Popen(command, env=os.environ | OWN, stderr=log)

    def finish(self) -> None:
        """Build, and again, until it is finished; a run that was not killed may only give up."""
        while True:
            code = self._disturbed(self.start())
            if code == 0:
                return
            message = self.log.read_text()
            assert code == -signal.SIGKILL or any(each in message for each in PASSING), (
                code,
                message,
            )
            self.struck["run again"] += 1

    def _disturbed(self, driver: "subprocess.Popen[bytes]") -> int:
        """Strike until the build ends; return its exit code."""
        ends_at = time.monotonic() + 2 + 14 * self.stream.unit()
        while any(self.struck[kind] < number for kind, number in OF_A_BUILD.items()):
            with suppress(subprocess.TimeoutExpired):
                return driver.wait(0.2 + 2 * self.stream.unit())
            if self.struck["driver"] < OF_A_BUILD["driver"] and time.monotonic() > ends_at:
                return self._kill(driver)
            if self.struck["worker"] < OF_A_BUILD["worker"]:
                self._kill_a_worker(driver.pid)
        return driver.wait()

    def _kill(self, driver: "subprocess.Popen[bytes]") -> int:
        """Kill a driver; what it had started has to end by itself."""
        below = processes_below(driver.pid)
        driver.kill()
        code = driver.wait()
        self.struck["driver"] += code == -signal.SIGKILL
        agents = [process for process, name in below.items() if any(a in name for a in AGENTS)]
        others = [process for process in below if process not in agents]
        have_all_ended = have_ended(others)
        left = {process: below[process] for process in others if is_running(process)}
        for process in (*agents, *left):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        assert have_all_ended, f"a killed build left {left}"
        return code

    def _kill_a_worker(self, driver: int) -> None:
        workers = sorted(workers_of(driver))
        if workers:
            with suppress(ProcessLookupError):
                os.kill(self.stream.choice(workers), signal.SIGKILL)
                self.struck["worker"] += 1


def bytes_in(folder: Path) -> dict[str, bytes]:
    """Return what is in a folder, without what tells of the run."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "run.json"
    }


def bytes_below(bucket: Bucket, name: str) -> dict[str, bytes]:
    keys = [key for key in bucket.keys() if key.startswith(f"{name}/")]  # noqa: SIM118 - no mapping
    found = {key.removeprefix(f"{name}/"): bucket.get(key) or b"" for key in keys}
    return {key: content for key, content in found.items() if key != "run.json"}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_whatever_dies_the_bytes_are_those_of_one_process(
    tmp_path: Path, s3: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run([*COMMAND, "--out", str(tmp_path / "one")], check=True, env=os.environ | OWN)
    wanted = bytes_in(tmp_path / "one")
    kinds = {name.partition("/")[0] for name in wanted}
    assert kinds == {"data", "rejects", "fluency", "manifest.json"}
    struck: Counter[str] = Counter()
    number = 0
    while sum(struck[kind] for kind in OF_A_BUILD) < KILLS or struck["driver"] < FAULTS:
        name, is_remote = f"build-{number}", number % 2 == 1
        out = f"{s3.url}/{name}" if is_remote else str(tmp_path / name)
        run = Run(out, tmp_path / f"{name}.log", Stream("blows", number))
        s3.proxy.plan = random_plan(Stream("faults", number), share=SHARE)
        run.finish()
        s3.proxy.plan = no_faults
        verify = [*CLI, "verify", out]
        subprocess.run(verify, check=True, env=os.environ | OWN, capture_output=True)
        assert (bytes_below(s3, name) if is_remote else bytes_in(Path(out))) == wanted, out
        struck += run.struck
        number += 1
    faults = s3.proxy.faults - Counter(slow=s3.proxy.faults["slow"])
    with capsys.disabled():
        sys.stdout.write(f"\n{number} builds; kills: {dict(struck)}; faults: {dict(faults)}\n")
    assert struck["worker"] >= FAULTS
    assert faults.total() >= FAULTS
