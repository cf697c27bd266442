"""The processes of a Ray, those that listen among them; a cluster on the loopback for tests."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

ALONE: Mapping[str, str] = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # or a cluster listens on every interface
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": uuid4().hex,
}
_RAY = Path(sys.executable).with_name("ray")
_ENDS_WITHIN_S = 30.0
_LISTENS = "0A"


def ancestors(process: int) -> set[int]:
    found: set[int] = set()
    while process > 1:
        process = int(_stat(process)[1])
        found.add(process)
    return found


def processes_below(process: int) -> dict[int, str]:
    """Return what runs below a process: ids, and commands as `ps` shows them."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            if process in ancestors(int(path.name)):
                command = (path / "cmdline").read_bytes()
                found[int(path.name)] = command.replace(b"\0", b" ").decode()
    return found


def workers_of(driver: int) -> list[int]:
    """Return the actors of the Ray that a process started."""
    return [
        process
        for process, command in processes_below(driver).items()
        if command.startswith("ray::Worker")
    ]


def is_running(process: int) -> bool:
    try:
        return _stat(process)[0] not in "ZX"
    except OSError:
        return False


def have_ended(processes: list[int]) -> bool:
    """Wait until processes are gone, and tell whether they are."""
    until = time.monotonic() + _ENDS_WITHIN_S
    while any(map(is_running, processes)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(is_running, processes))


def addresses_of(processes: list[int]) -> set[str]:
    """Return where processes listen, as /proc writes it: `0100007F:1F90` is 127.0.0.1:8080."""
    sockets = set()
    for process in processes:
        with suppress(OSError):
            for file in Path(f"/proc/{process}/fd").iterdir():
                with suppress(OSError):
                    sockets.add(str(file.readlink()))
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]
    ]
    return {line[1] for line in lines if line[3] == _LISTENS and f"socket:[{line[9]}]" in sockets}


def is_loopback(address: str) -> bool:
    host = address.partition(":")[0]
    return host.endswith("0100007F") or host == "0" * 24 + "01000000"


@contextmanager
def cluster(*, num_cpus: int, num_gpus: int) -> Iterator[tuple[str, int]]:
    """Start a cluster of this machine; yield its address and the id of the process that holds it.

    It has as many GPUs as it is told, whether there are any or not.
    """
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [
        str(_RAY), "start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}",
        f"--num-cpus={num_cpus}", f"--num-gpus={num_gpus}", "--include-dashboard=false",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, env=os.environ | ALONE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, process)
        yield f"127.0.0.1:{port}", process.pid
    finally:
        below = list(processes_below(process.pid))
        process.terminate()
        process.wait()
        assert have_ended(below)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("no cluster of Ray")


def _stat(process: int) -> list[str]:
    """Return the state of a process, its parent and what follows in /proc/PID/stat."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
