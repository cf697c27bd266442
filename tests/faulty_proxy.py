"""A proxy on loopback that passes requests on to a server, or does to them what networks do."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

from data.streams import Stream
from tests.loopback import Answering, on_loopback

Passing = Literal["slow down", "broken", "cut request", "lost answer", "cut answer", "slow"]
Fault = Passing | Literal["denied", "exists", "not implemented", "bad token", "kept"]
"""What happens to a request.

"slow down", "broken", "denied", "exists", "not implemented", "bad token": the answer is 503, 500,
403, 412, 501 or 400 at once, and nothing is passed on.
"kept": of files to be deleted the answer is 200 and says that one was not; nothing is passed on.
"cut request": the connection ends in the middle of its body, and nothing is passed on.
"lost answer": it is passed on and done; then the connection ends.
"cut answer": it is passed on and done; half of the answer comes.
"slow": it is passed on and done; the answer comes late.
"""
PASSING: Final[tuple[Passing, ...]] = get_args(Passing)
SLOW_S: Final = 0.05

Plan = Callable[[str], Fault | None]
"""What happens to the next request, told its `METHOD /path`."""

_REFUSALS: Final = {
    "slow down": (503, "SlowDown", "Please reduce your request rate."),
    "broken": (500, "InternalError", "We encountered an internal error. Please try again."),
    "denied": (403, "AccessDenied", "Access Denied"),
    "exists": (412, "PreconditionFailed", "At least one of the preconditions did not hold"),
    "not implemented": (501, "NotImplemented", "A header implies what is not implemented"),
    "bad token": (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
    "kept": (200, "SlowDown", "Please reduce your request rate."),
}
_OF_THIS_HOP: Final = frozenset(
    ("connection", "keep-alive", "transfer-encoding", "content-length", "expect")
)


def no_faults(_request: str) -> None:
    """Let every request through."""


def plan_of(*faults: Fault | None, matching: str = "") -> Plan:
    """Return a plan of these faults, one for each request with `matching` in it; then none."""
    left = iter(faults)
    return lambda request: next(left, None) if matching in request else None


def always(fault: Fault, *, matching: str = "") -> Plan:
    return lambda request: fault if matching in request else None


def random_plan(
    stream: Stream, *, share: float, kinds: tuple[Passing, ...] = PASSING, in_a_row: int = 2
) -> Plan:
    """Return a plan that draws: this share of the requests, of these kinds alike.

    The same request fails `in_a_row` times at most before it gets through: a fault that passes.
    """
    failed: Counter[str] = Counter()

    def plan(request: str) -> Fault | None:
        if failed[request] >= in_a_row or not stream.chance(share):
            failed[request] = 0
            return None
        failed[request] += 1
        return stream.choice(kinds)

    return plan


@dataclass
class Proxy:
    """What came by: `requests` by method, `faults` by kind; `plan` may be changed at any time."""

    target: str
    plan: Plan = no_faults
    requests: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seen: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def fault_for(self, request: str) -> Fault | None:
        with self.lock:
            self.seen.append(request)
            self.requests[request.partition(" ")[0]] += 1
            fault = self.plan(request)
            if fault:
                self.faults[fault] += 1
            return fault


@contextmanager
def run_proxy(target: str) -> Iterator[Proxy]:
    """Yield a proxy before the server at `http://HOST:PORT`."""
    proxy = Proxy(target)

    class Bound(_Handler):
        state = proxy

    with on_loopback(Bound) as proxy.url:
        yield proxy


class _Handler(Answering):
    state: Proxy

    def answer(self) -> None:
        fault = self.state.fault_for(f"{self.command} {self.path}")
        size = int(self.headers.get("Content-Length") or 0)
        if fault == "cut request":
            self.rfile.read(size // 2)
            self.close_connection = True
            return
        body = self.rfile.read(size)
        if fault in _REFUSALS:
            status, code, message = _REFUSALS[fault]
            xml = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            xml = xml if status >= 400 else f"<DeleteResult>{xml}</DeleteResult>"
            self._send(status, {"Content-Type": "application/xml"}, xml.encode())
            return
        status, headers, content = self._passed_on(body)
        if fault == "slow":
            time.sleep(SLOW_S)
        self.close_connection = self.close_connection or fault in {"lost answer", "cut answer"}
        if fault != "lost answer":
            self._send(status, headers, content, is_cut=fault == "cut answer")

    def _passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Return the server's status, headers and body."""
        connection = HTTPConnection(urlsplit(self.state.target).netloc)
        kept = {
            name: text for name, text in self.headers.items() if name.lower() not in _OF_THIS_HOP
        }
        try:
            connection.request(self.command, self.path, body=body, headers=kept)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        headers = {
            name: text for name, text in answer.getheaders() if name.lower() not in _OF_THIS_HOP
        }
        if self.command == "HEAD":
            headers["Content-Length"] = answer.headers.get("Content-Length", "0")
        return answer.status, headers, content

    def _send(
        self, status: int, headers: dict[str, str], content: bytes, *, is_cut: bool = False
    ) -> None:
        length = {} if "Content-Length" in headers else {"Content-Length": str(len(content))}
        fields = "".join(f"{name}: {text}\r\n" for name, text in (headers | length).items())
        head = f"HTTP/1.1 {status} {self.responses[status][0]}\r\n{fields}\r\n".encode()
        body = b"" if self.command == "HEAD" else content
        if is_cut:  # where there is no body, the first line is cut: clients pass over lost headers
            head, body = (head, body[: len(body) // 2]) if body else (b"HTTP/1.1", b"")
        self.wfile.write(head + body)
