"""`torchrun ... train`, in a network of its own: its store listens on every interface there is."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.training.runs import losses, places, settings, world
from training.run.train import train

BIN = Path(sys.executable).parent
ALONE = ["unshare", "--map-root-user", "--net"]


def has_network_of_its_own() -> bool:
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return subprocess.run([*ALONE, "ip", "link", "set", "lo", "up"], check=False).returncode == 0


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_network_of_its_own(), reason="cannot make a network of its own"),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return world(tmp_path_factory.mktemp("world"))


def train_command(name: str, *, epochs: int) -> str:
    options = f"precision=fp32 batch_size=8 epochs={epochs} validation=null optimizer.lr=1e-3"
    options += " optimizer.warmup_steps=2 run.device=cpu run.workers=1 run.log_every=1"
    line = f"--shards shards --images images --model local-dir:model --out {name} --json "
    return line + " ".join(f"--set training.{option}" for option in options.split())


def in_a_network(root: Path, line: str, **variables: str) -> subprocess.Popen[str]:
    """Run a line of the shell where nothing is but the loopback."""
    return subprocess.Popen(
        [*ALONE, "sh", "-c", f"ip link set lo up && {line}"],
        cwd=root,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "GLOO_SOCKET_IFNAME": "lo",
             "OMP_NUM_THREADS": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def started(root: Path, name: str, *, epochs: int) -> subprocess.Popen[str]:
    torchrun = "exec torchrun --standalone --nproc-per-node 2 --no-python train"
    return in_a_network(root, f"{torchrun} {train_command(name, epochs=epochs)}")


def test_two_processes_train_as_one(root: Path) -> None:
    with started(root, "two", epochs=1) as process:
        message, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert json.loads(message)["step"] == 5  # told once
    train(settings(root, epochs=1), places(root, "one"))
    assert losses(root / "two") == pytest.approx(losses(root / "one"), rel=1e-5)


def test_a_sigterm_leaves_a_checkpoint_and_says_so(root: Path) -> None:
    with started(root, "told", epochs=2000) as process:
        until = time.monotonic() + 60
        while not losses_so_far(root / "told") and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)  # to torchrun: sh and unshare have become it
        message, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors  # of torchrun, whatever its processes end with
    ending = json.loads(message)
    assert ending["signal"] == signal.SIGTERM
    assert (root / f"told/checkpoints/step-{ending['step']:08d}.pt").exists()


TWO = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


def test_the_death_of_a_process_ends_the_other_with_one_line(root: Path) -> None:
    """Without torchrun, which would end the other itself."""
    command = f"train {train_command('dead', epochs=2000)}"
    line = f"(RANK=1 {command} 2>&1 >other & echo $! >pid; wait) & RANK=0 exec {command}"
    with in_a_network(root, line, **TWO) as process:
        until = time.monotonic() + 100
        while not losses_so_far(root / "dead") and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(int((root / "pid").read_text()), signal.SIGKILL)
        _, errors = process.communicate(timeout=100)
    assert process.returncode == 1, errors
    assert "train: another process of the run does not answer" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("command", "number", "code"),
    [
        (f"train {train_command('alone', epochs=1)}", signal.SIGTERM, 75),
        (f"train {train_command('alone', epochs=1)}", signal.SIGINT, 130),
        (
            "evaluate --model local-dir:model --benchmark scenes --device cpu --cache cache",
            signal.SIGINT,
            130,
        ),
    ],
)
def test_who_waits_for_processes_that_do_not_come_can_be_stopped(
    root: Path, command: str, number: int, code: int
) -> None:
    with in_a_network(root, f"exec {command}", RANK="0", **TWO) as process:
        time.sleep(20)  # so that it waits, even where the processors have much to do
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors


def losses_so_far(folder: Path) -> bool:
    log = folder / "log.jsonl"
    return log.exists() and log.stat().st_size > 0
