"""The backend for any server with OpenAI's chat completions API.

Requests are sent one at a time until there is a usable answer, and then concurrently, as far as the
limits allow. Most error statuses (moved, unpaid, not allowed) have nothing to do with the request
and stop the run, as do many failures in a row (trust.py). The key is read from the environment when
requests are sent, and stored nowhere.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from data.errors import RetryableError, UsageError
from negatives.llm.client import Client
from negatives.llm.forms import Form, body_of, form_after
from negatives.llm.ledger import KEPT, Ledger, Tokens
from negatives.llm.limits import Limits
from negatives.llm.outcomes import outcome_of, refusal_of
from negatives.llm.replies import Reply, Usage, usage_in, without_key
from negatives.llm.requests import (
    CUT,
    EMPTY,
    REJECTED,
    Arrived,
    Failure,
    ModelInfo,
    Outcome,
    Request,
    tokens_of,
)
from negatives.llm.trust import Trust

_CHARACTERS_A_TOKEN: Final = 2.0  # at the least


@dataclass(slots=True)
class _ServerState:
    """What was found out about a server, over all calls.

    `form`: that of questions. `is_settled`: whether several may be under way.
    """

    form: Form = field(default_factory=Form)
    is_settled: bool = False
    trust: Trust = field(default_factory=Trust)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ServerBackend:
    """`url`: up to "/v1". `key_env`: the variable of the environment that has the key, if any.

    `model`: the server's name for it, None for that of `model_info`. `ledger` adds up over all
    calls.
    """

    url: str
    model_info: ModelInfo
    model: str | None = None
    key_env: str = "OPENAI_API_KEY"
    limits: Limits = field(default_factory=Limits)
    ledger: Ledger = field(default_factory=Ledger)
    state: _ServerState = field(default_factory=_ServerState)

    def answers(self, requests: Sequence[Request], arrived: Arrived) -> list[Outcome]:
        """As `Backend.answers`.

        Raises:
            UsageError: a limit is reached, the server refuses us, or its answers are of no use.
            RetryableError: the server cannot be reached.
        """
        return asyncio.run(_Run(self, requests, arrived).outcomes())

    def key(self) -> str:
        """Return the key, "" if there is none.

        Raises:
            UsageError: the key is none that can be sent.
        """
        key = os.environ.get(self.key_env, "").strip()
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise UsageError(
                f"{self.key_env}: expected a key of visible ASCII characters, found others in it"
            )
        return key


class _Run:
    """One call of `answers`: what is under way, and what came of it."""

    def __init__(
        self, backend: ServerBackend, requests: Sequence[Request], arrived: Arrived
    ) -> None:
        self._backend = backend
        self._limits, self._ledger, self._known = backend.limits, backend.ledger, backend.state
        self._requests = requests
        self._arrived = arrived
        self._left: Iterator[int] = iter(range(len(requests)))
        self._found: dict[int, Outcome] = {}
        self._stopped: UsageError | RetryableError | None = None
        self._key = backend.key()
        self._model = backend.model or backend.model_info.name
        self._others_may = asyncio.Event()
        self._ended = asyncio.Condition()

    async def outcomes(self) -> list[Outcome]:
        """Ask everything; raise what stopped it only when all that was under way has ended."""
        num_workers = min(self._limits.concurrency, len(self._requests))
        if self._known.is_settled:
            self._others_may.set()
        client = Client(
            url=self._backend.url,
            key=self._key,
            timeout_s=self._limits.timeout_s,
            retries=self._limits.retries,
        )
        async with client:
            workers = (self._work(client, is_first=not number) for number in range(num_workers))
            await asyncio.gather(*workers)
        held = self._known.trust.rest()
        if self._stopped is not None:
            raise self._stopped
        self._tell(held)
        return [self._found[number] for number in range(len(self._requests))]

    async def _work(self, client: Client, *, is_first: bool) -> None:
        if not is_first:
            await self._others_may.wait()
        trust = self._known.trust
        for number in self._left:
            if self._stopped is not None:
                break
            try:
                outcome = await self._ask(client, self._requests[number])
            except (UsageError, RetryableError) as error:
                self._stop(client, error)
                break
            self._tell(trust.take(number, self._requests[number], outcome))
            if trust.in_a_row >= self._limits.max_failures_in_a_row():
                self._stop(client, trust.stop(self._backend.url, self._ledger.text()))
            if trust.is_proven or _is_settling(outcome):
                self._known.is_settled = True
                self._others_may.set()
        self._others_may.set()

    def _stop(self, client: Client, error: UsageError | RetryableError) -> None:
        self._stopped = self._stopped or error
        client.stop_waiting()

    def _tell(self, outcomes: Mapping[int, Outcome]) -> None:
        for number, outcome in outcomes.items():
            self._found[number] = outcome
            self._arrived(number, outcome)

    async def _ask(self, client: Client, request: Request) -> Outcome:
        """Ask, and once more if the reply broke off or held nothing, unless the last ones did too.

        Raises:
            UsageError: as `_reply`.
            RetryableError: the server cannot be reached.
        """
        for _ in range(2):
            reply = await self._ask_in_known_form(client, request)
            outcome = self._outcome(request, reply)
            is_empty = isinstance(outcome, Failure) and outcome.reason == EMPTY
            is_broken = is_empty or (reply.is_late and reply.is_begun)
            if not is_broken or self._known.trust.in_a_row:
                break
        if reply.is_unreached and not await client.is_alive():
            raise RetryableError(
                f"{self._backend.url}: expected a server, found none that answers; {KEPT}: run the "
                "same again"
            )
        return outcome

    async def _ask_in_known_form(self, client: Client, request: Request) -> Reply:
        """Ask in the form that the server takes, which is found out by its refusals."""
        form: Form | None = self._known.form
        while form is not None:
            taken = form
            body = body_of(
                request, taken, model=self._model, thinking_tokens=self._limits.thinking_tokens
            )
            reply = await self._reply(client, request, body)
            form = form_after(taken, body, status=reply.status, reason=reply.text)
        if reply.is_success and taken != self._known.form:
            self._known.form = taken
            self._ledger.left_out |= taken.left_out
        return reply

    async def _reply(self, client: Client, request: Request, body: Mapping[str, Any]) -> Reply:
        """Send one question and charge for it.

        Raises:
            UsageError: a limit is reached, or the server refuses us.
        """
        most = self._most(request)
        cost = self._backend.model_info.cost_of(most) or 0.0
        async with self._ended:
            await self._ended.wait_for(partial(self._ledger.reserve, cost, self._limits))
        try:
            reply = await client.post(body, partial(self._before, most))
            if not reply.is_success:
                reply = reply._replace(text=without_key(reply.text, self._key))
            usage = usage_in(reply.text)
            if usage is not None or reply.is_success or reply.is_lost:
                self._charge(usage or Usage(), most)
        finally:
            async with self._ended:
                self._ledger.give_back(cost)
                self._ended.notify_all()
        self._refuse(reply)
        return reply

    def _before(self, most: Tokens, is_lost: bool) -> None:  # noqa: FBT001 - of the client
        """Count a request that is about to be made, and what one before it has cost in vain."""
        if is_lost:
            self._charge(Usage(), most)
        if self._stopped is not None:
            raise self._stopped
        self._ledger.request(self._limits)

    def _charge(self, usage: Usage, most: Tokens) -> None:
        tokens = usage.with_most(most)
        cost = self._backend.model_info.cost_of(tokens)
        self._ledger.charge(tokens, cost, is_estimate=None in usage)

    def _most(self, request: Request) -> Tokens:
        """Return the most tokens that a question can take."""
        return Tokens(
            tokens_of(request, characters_a_token=_CHARACTERS_A_TOKEN),
            request.max_tokens + self._limits.thinking_tokens,
        )

    def _outcome(self, request: Request, reply: Reply) -> Outcome:
        found = outcome_of(reply, most=self._most(request), timeout_s=self._limits.timeout_s)
        if isinstance(found, Failure):
            return Failure(found.reason, without_key(found.why, self._key))
        return found

    def _refuse(self, reply: Reply) -> None:
        """Stop where the server says that nothing will ever be answered.

        Raises:
            UsageError: it does.
        """
        why = refusal_of(reply, model=self._model, key_env=self._backend.key_env)
        if why is not None:
            raise UsageError(f"{self._backend.url}: {without_key(why, self._key)}")


def _is_settling(outcome: Outcome) -> bool:
    """Tell whether more may be asked at once though nothing usable came yet."""
    return isinstance(outcome, Failure) and outcome.reason not in (REJECTED, EMPTY, CUT)
