"""Backends that answer from a table, and a small server on loopback that can misbehave."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from negatives.llm.ledger import Ledger, Tokens
from negatives.llm.requests import Answer, Arrived, ModelInfo, Outcome, Request
from tests.loopback import Answering, on_loopback

MODEL_INFO = ModelInfo("fake", "1", "text")


@dataclass
class FakeBackend:
    """Answers by a function; remembers what it was asked."""

    reply: Callable[[Request], Outcome]
    model_info: ModelInfo = MODEL_INFO
    asked: list[Request] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)

    def answers(self, requests: Sequence[Request], arrived: Arrived) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for number, request in enumerate(requests):
            self.asked.append(request)
            outcome = self.reply(request)
            if isinstance(outcome, Answer):
                self.ledger.charge(Tokens(*outcome[1:]), None)
            outcomes.append(outcome)
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


def reply_with(text: str) -> Reply:
    return message({"role": "assistant", "content": text})


def message(content: dict[str, Any], finish: str = "stop", **usage: object) -> Reply:
    """Return a chat completion of one message; `usage` in place of 7 and 2 tokens."""
    body = {
        "choices": [{"message": content, "finish_reason": finish}],
        "usage": usage or {"prompt_tokens": 7, "completion_tokens": 2},
    }
    return Reply(body=json.dumps(body))


@dataclass
class Server:
    """Replies to request number n with `replies(n, body)`; `seen` are the bodies.

    `keys` and `headers` are what came with them. Every GET gets a 404: somebody is there.
    """

    replies: Callable[[int, dict[str, Any]], Reply]
    seen: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(replies: Callable[[int, dict[str, Any]], Reply]) -> Iterator[Server]:
    """Run a server on a free port of this machine for as long as the block lasts."""
    server = Server(replies)
    lock = threading.Lock()

    class Handler(Answering):
        def answer(self) -> None:
            reply = Reply(404)
            if self.command == "POST":
                assert self.path == "/v1/chat/completions"
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    number = len(server.seen)
                    server.seen.append(body)
                    server.keys.append(self.headers.get("Authorization", ""))
                    server.headers.append({n.lower(): v for n, v in self.headers.items()})
                reply = server.replies(number, body)
            content = reply.body.encode()
            step = 1 if reply.drips else len(content) or 1
            if not reply.drips:
                time.sleep(reply.hangs_s)
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            for first in range(0, len(content), step):
                self.wfile.write(content[first : first + step])
                if reply.drips:
                    time.sleep(reply.hangs_s / len(content))

    with on_loopback(Handler) as address:
        server.url = f"{address}/v1"
        yield server
