"""The form of a request that a server accepts; what it does not accept is found by trying. Pure.

Servers differ in the name of the limit on tokens, and some accept no schema, seed or temperature.
They say so with a 400 whose reason names the option.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from negatives.llm.requests import Request

REFUSES: Final = frozenset((400, 413, 414, 422, 451))
"""Statuses that may be due to the form of a request or to its content."""

_OLD: Final = "max_tokens"
_NEW: Final = "max_completion_tokens"
_SCHEMA: Final = "response_format"
_OPTIONAL: Final = ("temperature", "seed", _SCHEMA)
_KNOWS_NO_SCHEMA: Final = REFUSES | {500, 501}  # in practice


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """`tokens`: the name of the limit on tokens. `left_out`: options that are not sent."""

    tokens: str = _OLD
    left_out: frozenset[str] = frozenset()


def body_of(request: Request, form: Form, *, model: str, thinking_tokens: int) -> dict[str, Any]:
    """Return the JSON of a request in the form that a server accepts."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [message._asdict() for message in request.messages],
        form.tokens: request.max_tokens + thinking_tokens,
        "temperature": request.temperature,
        "seed": request.seed + request.sample,
    }
    if request.schema is not None:
        body[_SCHEMA] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": request.schema},
        }
    return {name: value for name, value in body.items() if name not in form.left_out}


def form_after(form: Form, body: Mapping[str, object], *, status: int, reason: str) -> Form | None:
    """Return the form to try after a body was rejected; None if there is none left."""
    if status in REFUSES:
        if form.tokens == _OLD and _names(reason, _NEW):
            return replace(form, tokens=_NEW)
        for name in _OPTIONAL:
            if name in body and _names(reason, name):
                return replace(form, left_out=form.left_out | {name})
    if status in _KNOWS_NO_SCHEMA and _SCHEMA in body:
        return replace(form, left_out=form.left_out | {_SCHEMA})
    return None


def _names(reason: str, option: str) -> bool:
    return re.search(rf"\b{option}\b", reason) is not None
