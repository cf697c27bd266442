"""Commands on machines that lack something, each in a process of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ENVIRONMENT = {
    **os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1",
}  # fmt: skip
_MOUNT = "mount -t tmpfs -o size={size} tmpfs /dev/shm && "
_ALONE = ("unshare", "--map-root-user", "--mount", "sh", "-c")


def can_mount() -> bool:
    """Tell whether this user may give a process a /dev/shm of its own."""
    if not shutil.which("unshare"):
        return False
    line = _MOUNT.format(size="16k") + "true"
    return subprocess.run([*_ALONE, line], check=False, capture_output=True).returncode == 0


needs_mount = pytest.mark.skipif(not can_mount(), reason="cannot mount another /dev/shm")


def with_shared_memory(size: str, command: Sequence[str]) -> tuple[str, ...]:
    """Return a command that sees a /dev/shm of this size alone."""
    return (*_ALONE, _MOUNT.format(size=size) + 'exec "$@"', "sh", *command)


def with_open_files(number: int, command: Sequence[str]) -> tuple[str, ...]:
    """Return a command that may open so many files."""
    return ("sh", "-c", f'ulimit -n {number} && exec "$@"', "sh", *command)


def run(command: Sequence[str], *, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command with one thread; one that does not end in time fails the test."""
    return subprocess.run(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def python(code: str) -> tuple[str, ...]:
    """Return the command that runs some code, without warnings of torch's."""
    return (sys.executable, "-W", "ignore", "-c", code)
