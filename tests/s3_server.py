"""An S3-compatible server in a process of its own, behind a proxy that makes faults.

The server is moto's; the client is told of the proxy by the variables that AWS's own tools read.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest

from data import remote
from tests.faulty_proxy import Proxy, run_proxy

_STARTS_WITHIN_S: Final = 30.0
SIGNED: Final = {  # as nobody's key would; the server looks whether a request is signed, not how
    "Authorization": "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
}
_RUNNING: Final = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """A bucket of its own for a test; `proxy` stands before the server and takes a plan.

    `put`, `get` and `keys` go around the proxy: what they say is what the server really holds.
    """

    name: str
    server: str
    proxy: Proxy

    @property
    def url(self) -> str:
        return f"s3://{self.name}"

    def environment(self) -> dict[str, str]:
        """Return what a process needs to find the bucket; retries of the client are off.

        So a fault costs milliseconds, and comes to the code that is tested.
        """
        return {
            "AWS_ENDPOINT_URL": self.proxy.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def put(self, key: str, content: bytes) -> None:
        status, _ = _request(self.server, "PUT", f"/{self.name}/{quote(key)}", content)
        assert status == 200, (key, status)

    def put_folder(self, folder: Path, below: str) -> None:
        """Put the files of a folder, those in its folders too."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(f"{below}/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def get(self, key: str) -> bytes | None:
        status, content = _request(self.server, "GET", f"/{self.name}/{quote(key)}")
        return content if status == 200 else None

    def keys(self) -> list[str]:
        status, content = _request(self.server, "GET", f"/{self.name}?list-type=2")
        assert status == 200, status
        return [unescape(key) for key in re.findall(r"<Key>(.*?)</Key>", content.decode())]


@contextmanager
def s3_process() -> Iterator[str]:
    """Run the server; yield its address."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield _address(log.fileno(), process)
        finally:
            process.terminate()
            process.wait()


@contextmanager
def bucket_of(server: str) -> Iterator[Bucket]:
    """Make a bucket and a proxy before the server; the bucket stays as long as the server."""
    name = f"bucket-{uuid4().hex[:12]}"
    status, content = _request(server, "PUT", f"/{name}")
    assert status == 200, content
    with run_proxy(server) as proxy:
        yield Bucket(name=name, server=server, proxy=proxy)


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    with s3_process() as address:
        yield address


@pytest.fixture
def s3(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A bucket that clients in this process, and in those that it starts, find by `url`."""
    from s3fs import S3FileSystem  # noqa: PLC0415  (a second)

    with bucket_of(s3_address) as bucket:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"):
            monkeypatch.delenv(name, raising=False)
        for name, text in bucket.environment().items():
            monkeypatch.setenv(name, text)
        monkeypatch.setattr(remote, "FIRST_PAUSE_S", 0.001)
        S3FileSystem.clear_instance_cache()
        yield bucket
        S3FileSystem.clear_instance_cache()


def _address(log: int, process: "subprocess.Popen[bytes]") -> str:
    """Return where the server listens, as it says itself."""
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := _RUNNING.search(os.pread(log, 65536, 0).decode()):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(f"no S3 server: {os.pread(log, 65536, 0).decode()}")


def _request(server: str, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """Return the status and the body of a server's answer."""
    connection = HTTPConnection(urlsplit(server).netloc)
    try:
        connection.request(method, path, body=body, headers=SIGNED)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
