"""Backends that answer from a table, and a small server on loopback that can misbehave."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from negatives.llm.requests import Answer, Arrived, Facts, Outcome, Request
from tests.loopback import on_loopback

FACTS = Facts("fake", "1", "text")


@dataclass
class FakeBackend:
    """Answers by a function; remembers what it was asked."""

    reply: Callable[[Request], Outcome]
    facts: Facts = FACTS
    asked: list[Request] = field(default_factory=list)

    def answers(self, requests: Sequence[Request], arrived: Arrived) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for number, request in enumerate(requests):
            self.asked.append(request)
            outcomes.append(self.reply(request))
            arrived(number, outcomes[-1])
        return outcomes


def words(*found: str) -> Callable[[Request], Outcome]:
    return lambda _request: Answer(json.dumps({"words": list(found)}), 10, 3)


@dataclass
class Reply:
    """What the server sends: a status and a body; `hangs_s` before that, or between its letters."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hangs_s: float = 0.0
    drips: bool = False


def said(text: str) -> Reply:
    content = {
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2},
    }
    return Reply(body=json.dumps(content))


@dataclass
class Server:
    """Replies to request number n with `replies(n, body)`; `seen` are the bodies, `keys` sent."""

    replies: Callable[[int, dict[str, Any]], Reply]
    seen: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(replies: Callable[[int, dict[str, Any]], Reply]) -> Iterator[Server]:
    """Run a server on a free port of this machine for as long as the block lasts."""
    server = Server(replies)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            body = json.loads(self.rfile.read(size))
            with lock:
                number = len(server.seen)
                server.seen.append(body)
                server.keys.append(self.headers.get("Authorization", ""))
            reply = server.replies(number, body)
            content = reply.body.encode()
            step = 1 if reply.drips else len(content) or 1
            if not reply.drips:
                time.sleep(reply.hangs_s)
            try:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                for first in range(0, len(content), step):
                    self.wfile.write(content[first : first + step])
                    if reply.drips:
                        time.sleep(reply.hangs_s / len(content))
            except OSError:
                pass  # the client has hung up

        def log_message(self, *_: object) -> None:
            pass

    with on_loopback(Handler) as address:
        server.url = f"{address}/v1"
        yield server
