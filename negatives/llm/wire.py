"""What goes over the wire to a server that speaks OpenAI's chat completions, and back. Pure."""

import json
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

from negatives.llm.requests import REFUSED, Answer, Facts, Failure, Outcome, Request

_UNREADABLE = (
    *(ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError),
)


def body_of(request: Request, model: str, *, with_schema: bool) -> dict[str, Any]:
    """Return the JSON of a request as a server takes it."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [message._asdict() for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed + request.sample,
    }
    if with_schema:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": request.schema},
        }
    return body


def outcome_in(text: str) -> Outcome | None:
    """Return the answer or the refusal in the text of a reply; None if it holds neither."""
    try:
        content = json.loads(text)
        choice = content["choices"][0]
        message = choice["message"]
        usage = content.get("usage") or {}
        counts = [int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")]
        said, refusal = message.get("content"), message.get("refusal")
    except _UNREADABLE:
        return None
    if refusal or choice.get("finish_reason") == "content_filter":
        return Failure(REFUSED)
    return Answer(said, *counts) if isinstance(said, str) else None


def cost_of(facts: Facts, prompt_tokens: int, completion_tokens: int) -> float | None:
    """Return what tokens cost in dollars; None where prices are not known."""
    if facts.prompt_price is None or facts.completion_price is None:
        return None
    return (prompt_tokens * facts.prompt_price + completion_tokens * facts.completion_price) / 1e6


def seconds_in(said: str) -> float | None:
    """Return how long the value of Retry-After, seconds or a date, asks to wait; None for none."""
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time())
    except ValueError:
        return None
