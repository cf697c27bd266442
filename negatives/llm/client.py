"""One request to a server, by OpenAI's own client: the only import of `openai`.

That client retries temporary failures (408, 409, 429, 5xx, no connection, timeouts) after the time
that `Retry-After` states, up to two minutes. It gets a hook before each request, which may forbid
it, and a deadline for the body of a reply, which might otherwise trickle in for ever. The variables
that it reads by itself (OPENAI_BASE_URL, OPENAI_ORG_ID, OPENAI_CUSTOM_HEADERS ...) are hidden from
it: they may be meant for another server, and our configuration states what this one is sent.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

import openai

from data.errors import RetryableError, UsageError
from negatives.llm.replies import Reply

_LOOPBACK: Final = frozenset(("127.0.0.1", "localhost", "::1"))
_ALIVE_WITHIN_S: Final = 5.0
_NO_KEY: Final = "none"  # one has to be given; it is not sent


@dataclass(slots=True)
class _Call:
    """A question under way, of which one request after another is sent.

    `is_open`: the last was sent, at `sent_s`, and not answered to the end. `is_begun`: a reply to
    it has begun. `is_waiting`: for the time to ask again, which `deadline` may cut short.
    `forbidden`: what `before` has raised, which some versions of the client take for a fault of the
    connection.
    """

    before: Callable[[bool], None]
    deadline: asyncio.Timeout
    sent_s: float = 0.0
    is_open: bool = False
    is_begun: bool = False
    is_waiting: bool = False
    forbidden: Exception | None = None

    def sending(self, now_s: float, timeout_s: float) -> None:
        """Take note of another request, which `before` may forbid."""
        is_lost = self.is_open and (self.is_begun or now_s - self.sent_s >= timeout_s)
        self.is_open = self.is_begun = self.is_waiting = False
        try:
            self.before(is_lost)
        except (UsageError, RetryableError) as error:
            self.forbidden = error
            raise
        self.is_open, self.sent_s = True, now_s

    def failed_reply(self, *, is_late: bool) -> Reply:
        """Return the end of a question without a reply."""
        is_lost = self.is_open and (self.is_begun or is_late)
        return Reply(is_late=is_late, is_begun=self.is_begun, is_lost=is_lost)


class Client:
    """A connection to a server. `key`: "" for a server that wants none."""

    def __init__(self, *, url: str, key: str, timeout_s: float, retries: int) -> None:
        self._timeout_s = timeout_s
        self._headers = {} if key else {"Authorization": openai.omit}
        self._calls: dict[asyncio.Task[Any] | None, _Call] = {}
        with _hidden_variables():
            self._client = openai.AsyncOpenAI(
                base_url=url,
                api_key=key or _NO_KEY,
                timeout=timeout_s,
                max_retries=retries,
                http_client=openai.DefaultAsyncHttpxClient(
                    event_hooks={"request": [self._sending], "response": [self._note_response]},
                    follow_redirects=False,
                    trust_env=urlsplit(url).hostname not in _LOOPBACK,
                ),
            )

    async def __aenter__(self) -> Self:
        """Return the client, to be closed at the end of a block."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        await self._client.close()

    async def post(self, body: Mapping[str, Any], before: Callable[[bool], None]) -> Reply:
        """Ask for a chat completion.

        `before` is called ahead of each request, and told whether the one before it was lost; what
        it raises ends the question.
        """
        task = asyncio.current_task()
        deadline = asyncio.timeout(None)
        call = self._calls[task] = _Call(before, deadline)
        try:
            async with deadline:
                return await self._reply(body, call)
        except TimeoutError:
            return call.failed_reply(is_late=True)
        finally:
            del self._calls[task]

    def stop_waiting(self) -> None:
        """End the questions that wait for the time to ask again."""
        for call in self._calls.values():
            if call.is_waiting:
                call.deadline.reschedule(asyncio.get_running_loop().time())

    async def is_alive(self) -> bool:
        """Tell whether anything answers there at all."""
        options: Any = {"max_retries": 0, "timeout": _ALIVE_WITHIN_S, "headers": self._headers}
        try:
            await self._client.get("/models", cast_to=str, options=options)
        except openai.APIConnectionError:
            return False
        except openai.APIStatusError:
            pass
        return True

    async def _reply(self, body: Mapping[str, Any], call: _Call) -> Reply:
        try:
            found = await self._client.chat.completions.with_raw_response.create(
                **body, extra_headers=self._headers
            )
        except openai.APITimeoutError:
            return call.failed_reply(is_late=True)
        except openai.APIConnectionError:
            if call.forbidden is not None:
                raise call.forbidden from None
            return call.failed_reply(is_late=False)
        except openai.APIStatusError as error:
            headers = error.response.headers
            return Reply(
                error.status_code,
                error.response.text,
                location=headers.get("Location", ""),
                retry_after=headers.get("Retry-After", ""),
            )
        return Reply(found.status_code, found.text)

    async def _sending(self, _request: object) -> None:
        call = self._calls.get(asyncio.current_task())
        if call is not None:
            call.sending(asyncio.get_running_loop().time(), self._timeout_s)

    async def _note_response(self, response: Any) -> None:  # noqa: ANN401 - of the HTTP library below
        call = self._calls.get(asyncio.current_task())
        if call is None:
            return
        call.is_begun = True
        async with asyncio.timeout(self._timeout_s):  # the library's own begins anew at each byte
            await response.aread()
        call.is_open = False
        call.is_waiting = not response.is_success


@contextmanager
def _hidden_variables() -> Iterator[None]:
    """Hide the variables that OpenAI's client reads by itself for as long as the block lasts."""
    names = [name for name in os.environ if name.startswith("OPENAI_")]
    hidden = {name: os.environ.pop(name) for name in names}
    try:
        yield
    finally:
        os.environ.update(hidden)
