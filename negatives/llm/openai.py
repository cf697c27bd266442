"""The backend of any server that speaks OpenAI's chat completions: the only httpx import.

As many requests are under way as the server bears: one more after each round that went well, half
as many after one that did not. What the server refuses for now (429, 5xx) or does not answer in
time is asked again, later each time. The key is read from the environment when a request is made,
and is nowhere else.
"""

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from data.errors import RetryableError, UsageError
from data.streams import Stream
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
from negatives.llm.wire import body_of, cost_of, outcome_in, seconds_in

_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 60.0
_AT_FIRST: Final = 4  # requests under way
_BUSY: Final = frozenset((408, 409, 425, 429))
_UNWELCOME: Final = frozenset((401, 403, 404))
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

Reply = httpx.Response | Failure


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How a server is asked. `concurrency`: at most so many requests under way.

    `max_requests`, `max_cost` (dollars): after which no more are made, None for no limit.
    """

    concurrency: int = 16
    timeout_s: float = 60.0
    retries: int = 5
    max_requests: int | None = None
    max_cost: float | None = None


@dataclass(slots=True)
class Spent:
    """What was spent so far: requests that were made, and dollars where prices are known."""

    requests: int = 0
    cost: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OpenAIBackend:
    """`url`: up to "/v1". `key_env`: the variable of the environment that has the key, if any.

    `spent` adds up over all calls.
    """

    url: str
    facts: Facts
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
        """Return a client that has the key."""
        key = os.environ.get(self.key_env, "")
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
        self._allowed = float(min(_AT_FIRST, backend.limits.concurrency))
        self._under_way = 0
        self._change = asyncio.Condition()

    async def outcomes(self) -> list[Outcome]:
        """Ask everything; raise what stopped it only when all that was under way has ended."""
        num_workers = min(self._backend.limits.concurrency, len(self._requests))
        async with self._backend.client() as client:
            await asyncio.gather(*(self._work(client) for _ in range(num_workers)))
        if self._stopped is not None:
            raise self._stopped
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
            self._arrived(number, outcome)

    async def _ask(self, client: httpx.AsyncClient, request: Request) -> Outcome:
        """Ask until there is an answer, or no try is left.

        Raises:
            UsageError: as `_post`.
            RetryableError: the server cannot be reached.
        """
        waits = Stream("wait", request.caption, request.place, request.sample)
        failure = Failure(UNREACHED)
        name = self._backend.facts.name
        for tries in range(self._backend.limits.retries + 1):
            with_schema = self._takes_schema and request.schema is not None
            reply = await self._post(client, body_of(request, name, with_schema=with_schema))
            if with_schema and _is_refused(reply):  # some servers know no schema
                reply = await self._post(client, body_of(request, name, with_schema=False))
                if isinstance(reply, httpx.Response) and reply.is_success:
                    self._takes_schema = False
            outcome = _outcome_of(reply)
            if outcome is not None:
                self._count(outcome)
                return outcome
            failure = reply if isinstance(reply, Failure) else Failure(UNREACHED)
            if tries < self._backend.limits.retries:
                backed_off = _FIRST_WAIT_S * 2.0**tries * (0.5 + waits.unit())
                said = "" if isinstance(reply, Failure) else reply.headers.get("Retry-After", "")
                asked_for = seconds_in(said)
                wait = backed_off if asked_for is None else asked_for
                await asyncio.sleep(min(wait, _LONGEST_WAIT_S))
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
        async with self._change:
            await self._change.wait_for(lambda: self._under_way < max(1, int(self._allowed)))
            self._under_way += 1
        try:
            self._spend()
            reply = await _sent(client, body)
            self._refuse(reply)
        finally:
            async with self._change:
                self._under_way -= 1
                self._change.notify_all()
        if isinstance(reply, httpx.Response) and not _is_busy(reply):
            most = float(self._backend.limits.concurrency)
            self._allowed = min(most, self._allowed + 1 / self._allowed)
        else:
            self._allowed = max(1.0, self._allowed / 2)
        return reply

    def _refuse(self, reply: Reply) -> None:
        """Stop where the server says that nothing will ever be answered.

        Raises:
            UsageError: it does.
        """
        if isinstance(reply, httpx.Response) and reply.status_code in _UNWELCOME:
            self._stopped = self._stopped or UsageError(
                f"{self._backend.url}: the server answers {reply.status_code}; expected the model "
                f"{self._backend.facts.name!r} there, and its key in {self._backend.key_env}"
            )
            raise self._stopped

    def _spend(self) -> None:
        """Count a request.

        Raises:
            UsageError: it would be one too many, or the run has stopped.
        """
        if self._stopped is not None:
            raise self._stopped
        spent, limits = self._backend.spent, self._backend.limits
        kept = "the answers so far are kept: allow more and run the same again"
        if limits.max_requests is not None and spent.requests >= limits.max_requests:
            raise UsageError(f"negatives.llm.max_requests: {spent.requests} were made; {kept}")
        if limits.max_cost is not None and spent.cost >= limits.max_cost:
            raise UsageError(f"negatives.llm.max_cost: {spent.cost:.4f} dollars are spent; {kept}")
        spent.requests += 1

    def _count(self, outcome: Outcome) -> None:
        facts = self._backend.facts
        if isinstance(outcome, Answer):
            self._backend.spent.cost += cost_of(
                facts, outcome.prompt_tokens, outcome.completion_tokens
            )


async def _sent(client: httpx.AsyncClient, body: dict[str, Any]) -> Reply:
    """Return the server's reply, or why there is none."""
    try:
        return await client.post("chat/completions", json=body)
    except httpx.TimeoutException:
        return Failure(TIMED_OUT)
    except httpx.TransportError:
        return Failure(UNREACHED)


def _outcome_of(reply: Reply) -> Outcome | None:
    """Return what a reply says; None if it says nothing, and is to be asked for again."""
    if isinstance(reply, Failure) or _is_busy(reply):
        return None
    return outcome_in(reply.text) if reply.is_success else Failure(REFUSED)


def _is_refused(reply: Reply) -> bool:
    """Tell whether it may be for its form that a request was refused: by 500 too, in practice."""
    if isinstance(reply, Failure):
        return False
    broke = reply.status_code == httpx.codes.INTERNAL_SERVER_ERROR
    return broke or (reply.is_client_error and not _is_busy(reply))


def _is_busy(reply: httpx.Response) -> bool:
    return reply.status_code in _BUSY or reply.is_server_error
