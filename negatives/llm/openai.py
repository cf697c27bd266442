"""The backend of any server that speaks OpenAI's chat completions: the only httpx import.

As many requests are under way as the server bears. What it refuses for now (429, 5xx) or does not
answer in time is asked again, later each time. Refusals are believed once it has answered
something: a server that refuses whatever it is asked is wrongly set, and nothing of that is kept.
Neither is anything of a status that no caption is to blame for, which stops the run: moved, unpaid.
The key is read from the environment when a request is made, and is nowhere else.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from data.errors import RetryableError, UsageError
from data.streams import Stream
from negatives.llm.limits import Limits, Spent
from negatives.llm.requests import (
    REFUSED,
    TIMED_OUT,
    UNREACHED,
    Answer,
    Arrived,
    Facts,
    Failure,
    Outcome,
    Request,
)
from negatives.llm.room import Room
from negatives.llm.wire import body_of, outcome_in, seconds_in

_REFUSED_AT_FIRST: Final = 8  # so many refusals and no answer: it is not for what was asked
_BUSY: Final = frozenset((408, 409, 425, 429))
_REJECTED: Final = frozenset((400, 413, 414, 422, 451))  # it may be for what was asked
_KNOWS_NO_SCHEMA: Final = _REJECTED | {500, 501}  # in practice
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

Reply = httpx.Response | Failure


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OpenAIBackend:
    """`url`: up to "/v1". `key_env`: the variable of the environment that has the key, if any.

    `model`: the server's name for it, None for that of `facts`. `spent` adds up over all calls.
    """

    url: str
    facts: Facts
    model: str | None = None
    key_env: str = "OPENAI_API_KEY"
    limits: Limits = field(default_factory=Limits)
    spent: Spent = field(default_factory=Spent)

    def answers(self, requests: Sequence[Request], arrived: Arrived) -> list[Outcome]:
        """As `Backend.answers`.

        Raises:
            UsageError: a limit is reached, or the server does not know us or the model.
            RetryableError: the server cannot be reached.
        """
        return asyncio.run(_Run(self, requests, arrived).outcomes())

    def client(self) -> httpx.AsyncClient:
        """Return a client that has the key.

        Raises:
            UsageError: the key is none that can be sent.
        """
        key = os.environ.get(self.key_env, "").strip()
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise UsageError(
                f"{self.key_env}: expected a key of visible ASCII characters, found others in it"
            )
        url = httpx.URL(self.url.rstrip("/") + "/")
        return httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=self.limits.timeout_s,
            limits=httpx.Limits(max_connections=self.limits.concurrency),
            trust_env=url.host not in _LOOPBACK,
        )


class _Run:
    """One call of `answers`: what is under way, and what the server was found to bear."""

    def __init__(
        self, backend: OpenAIBackend, requests: Sequence[Request], arrived: Arrived
    ) -> None:
        self._backend = backend
        self._requests = requests
        self._arrived = arrived
        self._left: Iterator[int] = iter(range(len(requests)))
        self._found: dict[int, Outcome] = {}
        self._stopped: UsageError | RetryableError | None = None
        self._takes_schema = True
        self._refused: dict[int, Outcome] | None = {}  # not told of yet; None after an answer
        self._model = backend.model or backend.facts.name
        self._room = Room(backend.limits.concurrency)

    async def outcomes(self) -> list[Outcome]:
        """Ask everything; raise what stopped it only when all that was under way has ended."""
        num_workers = min(self._backend.limits.concurrency, len(self._requests))
        async with self._backend.client() as client:
            await asyncio.gather(*(self._work(client) for _ in range(num_workers)))
        if self._stopped is not None:
            raise self._stopped
        self._tell_of_refused()
        return [self._found[number] for number in range(len(self._requests))]

    async def _work(self, client: httpx.AsyncClient) -> None:
        for number in self._left:
            if self._stopped is not None:
                return
            try:
                outcome = await self._ask(client, self._requests[number])
            except (UsageError, RetryableError) as error:
                self._stopped = self._stopped or error
                return
            self._found[number] = outcome
            if isinstance(outcome, Answer):
                self._tell_of_refused()
            if self._refused is not None and outcome == Failure(REFUSED):
                self._refused[number] = outcome
            else:
                self._arrived(number, outcome)

    def _tell_of_refused(self) -> None:
        for number, outcome in (self._refused or {}).items():
            self._arrived(number, outcome)
        self._refused = None

    async def _ask(self, client: httpx.AsyncClient, request: Request) -> Outcome:
        """Ask until there is an answer, or no try is left.

        Raises:
            UsageError: as `_post`.
            RetryableError: the server cannot be reached.
        """
        waits = Stream("wait", request.caption, request.place, request.sample)
        failure = Failure(UNREACHED)
        limits = self._backend.limits
        for tries in range(limits.retries + 1):
            with_schema = self._takes_schema and request.schema is not None
            reply = await self._post(client, body_of(request, self._model, with_schema=with_schema))
            if with_schema and _is_refused(reply):  # some servers know no schema
                reply = await self._post(client, body_of(request, self._model, with_schema=False))
                if isinstance(reply, httpx.Response) and reply.is_success:
                    self._takes_schema = False
            outcome = _outcome_of(reply)
            if outcome is not None:
                self._backend.spent.answer(outcome, self._backend.facts)
                return outcome
            failure = reply if isinstance(reply, Failure) else Failure(UNREACHED)
            if tries < limits.retries:
                said = "" if isinstance(reply, Failure) else reply.headers.get("Retry-After", "")
                await asyncio.sleep(limits.wait_s(tries, waits.unit(), seconds_in(said)))
        if reply == Failure(UNREACHED):
            raise RetryableError(
                f"{self._backend.url}: expected a server, found none that answers; "
                "the answers so far are kept: run the same again"
            )
        return failure

    async def _post(self, client: httpx.AsyncClient, body: dict[str, Any]) -> Reply:
        """Make one request when there is room for it.

        Raises:
            UsageError: a limit is reached, or the server does not know us or the model.
        """
        await self._room.enter()
        try:
            if self._stopped is not None:
                raise self._stopped
            self._backend.spent.request(self._backend.limits)
            reply = await _sent(client, body, self._backend.limits.timeout_s)
            self._refuse(reply)
        finally:
            await self._room.leave()
        self._room.found(went_well=isinstance(reply, httpx.Response) and not _is_busy(reply))
        return reply

    def _refuse(self, reply: Reply) -> None:
        """Stop where the server says that nothing will ever be answered.

        Raises:
            UsageError: it does.
        """
        if not isinstance(reply, httpx.Response):
            return
        many = len(self._refused or ()) >= _REFUSED_AT_FIRST - 1
        is_known = reply.is_success or _is_busy(reply) or _is_rejected(reply)
        if not is_known or (many and _is_rejected(reply)):
            self._stopped = self._stopped or UsageError(
                f"{self._backend.url}: the server answers {reply.status_code}; expected the model "
                f"{self._model!r} there, and its key in {self._backend.key_env}"
            )
            raise self._stopped


async def _sent(client: httpx.AsyncClient, body: dict[str, Any], timeout_s: float) -> Reply:
    """Return the server's reply, or why there is none."""
    try:
        async with asyncio.timeout(timeout_s):  # httpx's own begins anew with every byte
            return await client.post("chat/completions", json=body)
    except (TimeoutError, httpx.TimeoutException):
        return Failure(TIMED_OUT)
    except httpx.TransportError:
        return Failure(UNREACHED)
    except httpx.DecodingError:  # what cannot be unpacked says nothing
        return httpx.Response(httpx.codes.BAD_GATEWAY)


def _outcome_of(reply: Reply) -> Outcome | None:
    """Return what a reply says; None if it says nothing, and is to be asked for again."""
    if isinstance(reply, Failure) or _is_busy(reply):
        return None
    return outcome_in(reply.text) if reply.is_success else Failure(REFUSED)


def _is_refused(reply: Reply) -> bool:
    """Tell whether it may be for its form that a request was refused: by 500 too, in practice."""
    return not isinstance(reply, Failure) and reply.status_code in _KNOWS_NO_SCHEMA


def _is_rejected(reply: httpx.Response) -> bool:
    return reply.status_code in _REJECTED


def _is_busy(reply: httpx.Response) -> bool:
    return reply.status_code in _BUSY or reply.is_server_error
