"""The result of a request: an outcome, or a reason to stop asking. Pure."""

from typing import Final

from negatives.llm.forms import REFUSES
from negatives.llm.ledger import Tokens
from negatives.llm.replies import (
    Reply,
    Usage,
    is_filtered,
    is_unpaid,
    outcome_in,
    reason_in,
    usage_in,
)
from negatives.llm.requests import (
    REFUSED,
    REJECTED,
    TIMED_OUT,
    UNREACHED,
    Answer,
    Failure,
    Outcome,
)

_BUSY: Final = frozenset((408, 409, 425, 429))
_MOVED: Final = frozenset((301, 302, 303, 307, 308))


def outcome_of(reply: Reply, *, most: Tokens, timeout_s: float) -> Outcome:
    """Return what a reply says; `most` are the tokens of an answer that does not state its own."""
    if reply.is_success:
        found = outcome_in(reply.text)
        if isinstance(found, Answer):
            return Answer(found.text, *(usage_in(reply.text) or Usage()).with_most(most))
        return Failure(found.reason, f"HTTP {reply.status}, {found.why}")
    if reply.status:
        why = _why(reply)
        if is_filtered(reply.text):
            return Failure(REFUSED, why)
        return Failure(REJECTED if reply.status in REFUSES else UNREACHED, why)
    if reply.is_late:
        what = "the reply had not ended" if reply.is_begun else "no reply"
        return Failure(TIMED_OUT, f"{what} within {timeout_s:g} s")
    return Failure(UNREACHED, "the connection failed")


def refusal_of(reply: Reply, *, model: str, key_env: str) -> str | None:
    """Return why nothing will ever be answered, None if a reply does not say so."""
    status = reply.status
    if not status or reply.is_success or status in REFUSES or is_filtered(reply.text):
        return None
    if (status in _BUSY or status >= 500) and not is_unpaid(reply.text):
        return None
    why = _why(reply)
    if status in (401, 403):
        return f"{why}; expected a key that it accepts in the variable {key_env}"
    if status == 404:
        return f"{why}; expected the model {model!r} there, and a url that ends in /v1"
    if status in _MOVED:
        return f"{why}; set the url to where it is now: {reply.location or 'it does not say'}"
    return why


def _why(reply: Reply) -> str:
    wait = f" (Retry-After: {reply.retry_after})" if reply.retry_after else ""
    reason = reason_in(reply.text) or "no reason given"
    return f"the server answers {reply.status}{wait}: {reason}"
