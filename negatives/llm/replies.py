"""Reading a server's reply: an answer, a refusal or nothing; its tokens and its reasons. Pure.

Servers with OpenAI's chat completions API differ in what they send, above all if something is
wrong, so the text of a reply is parsed here, with a description of what was found in it.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from negatives.llm.ledger import Tokens
from negatives.llm.limits import WHERE
from negatives.llm.requests import CUT, EMPTY, REFUSED, Answer, Failure, Outcome
from negatives.llm.thoughts import without_thoughts

RAISE_TOKENS: Final = f"a model that thinks first needs {WHERE}.thinking_tokens"
_MOST_SHOWN: Final = 300
_SHORTEST_KEY: Final = 8
_TEXTS: Final = frozenset(("text", "output_text"))  # types of parts; others are thoughts, calls
_THOUGHTS: Final = ("reasoning_content", "reasoning", "thinking")
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_FILTERED: Final = re.compile(
    r"content_filter|content_policy_violation|ResponsibleAIPolicyViolation|flagged_input"
    r"|data_inspection_failed"
)
_UNPAID: Final = re.compile(r"insufficient_quota|billing_not_active|billing_hard_limit_reached")


class Reply(NamedTuple):
    """What came of a question: the status and the text of a reply.

    `status` is 0 where none came. `is_late`: not within the time allowed. `is_begun`: it did begin.
    `is_lost`: the server took the last request, and did not answer it to its end.
    """

    status: int = 0
    text: str = ""
    is_late: bool = False
    is_begun: bool = False
    is_lost: bool = False
    location: str = ""
    retry_after: str = ""

    @property
    def is_success(self) -> bool:
        """Tell whether the server says that it has done what was asked."""
        return 200 <= self.status < 300

    @property
    def is_unreached(self) -> bool:
        """Tell whether nothing at all came from the server, and not for want of time."""
        return not (self.status or self.is_late or self.is_begun)


class Usage(NamedTuple):
    """The tokens that a reply states; None for what it does not."""

    prompt: int | None = None
    completion: int | None = None

    def with_most(self, most: Tokens) -> Tokens:
        """Return these tokens, the most there can be in place of what is not stated."""
        return Tokens(
            most.prompt if self.prompt is None else self.prompt,
            most.completion if self.completion is None else self.completion,
        )


def outcome_in(text: str) -> Outcome:
    """Return what the text of a successful reply says; an answer has no tokens yet."""
    content = _json(text)
    choices = content.get("choices") if isinstance(content, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return Failure(EMPTY, reason_in(text) or "an empty reply")
    finish = choice.get("finish_reason")
    reply_text, refusal = _text_of(message.get("content")), _refusal_in(message)
    if refusal or finish == "content_filter":
        return Failure(REFUSED, printable(refusal or "finish_reason: content_filter"))
    answer = without_thoughts(reply_text)
    if answer.strip():
        return Answer(answer, 0, 0)
    thinks = reply_text.strip() or any(message.get(name) for name in _THOUGHTS)
    if finish == "length":
        what = "it was still thinking" if thinks else "nothing was written"
        return Failure(CUT, f"{what} when the limit on tokens was reached; {RAISE_TOKENS}")
    error = choice.get("error") or (content.get("error") if isinstance(content, dict) else None)
    if error:
        return Failure(EMPTY, _message_in(error))
    found = (
        "thoughts alone" if thinks else f"content: {printable(json.dumps(message.get('content')))}"
    )
    return Failure(EMPTY, f"{found}, finish_reason: {printable(json.dumps(finish))}")


def usage_in(text: str) -> Usage | None:
    """Return what a reply states of its tokens, None if it states nothing."""
    content = _json(text)
    usage = content.get("usage") if isinstance(content, dict) else None
    if not isinstance(usage, dict):
        return None
    prompt = _number(usage, "prompt_tokens", "input_tokens")
    completion = _number(usage, "completion_tokens", "output_tokens")
    total = _number(usage, "total_tokens")
    if total is not None and prompt is not None:  # some leave thoughts out of the second alone
        completion = max(completion or 0, total - prompt)
    return None if prompt is completion is None else Usage(prompt, completion)


def reason_in(text: str) -> str:
    """Return the reason that a reply gives, in one line; its beginning if it has no known form."""
    content = _json(text)
    if content is not None:
        return _message_in(content)
    title = _TITLE.search(text)
    return printable(title[1]) if title else printable(_TAG.sub(" ", text))


def is_filtered(text: str) -> bool:
    """Tell whether an error says that a filter of content did not let the question through."""
    return _FILTERED.search(text) is not None


def is_unpaid(text: str) -> bool:
    """Tell whether an error that looks like a passing one says that nothing more is paid for."""
    return _UNPAID.search(text) is not None


def printable(text: str) -> str:
    """Return a stranger's text as it may stand in a message: one short line of visible signs."""
    line = " ".join(text.split())
    line = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in line
    )
    return line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]}..."


def without_key(text: str, key: str) -> str:
    """Return a server's text without the key, which some repeat; a short one is no secret."""
    return text.replace(key, "(the key)") if len(key) >= _SHORTEST_KEY else text


def _json(text: str) -> Any:  # noqa: ANN401 - what a server wrote
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text_of(content: object) -> str:
    """Return the text of a message's content: a string, or a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    return "".join(map(_part, parts))


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    text = part.get("text") if isinstance(part, dict) else None
    is_text = isinstance(part, dict) and part.get("type", "text") in _TEXTS
    return text if is_text and isinstance(text, str) else ""


def _refusal_in(message: Mapping[str, Any]) -> str:
    """Return the refusal of a message, of its own or among its parts; nothing if there is none."""
    content = message.get("content")
    parts = (
        [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    )
    for found in (message, *parts):
        refusal = found.get("refusal")
        if refusal:
            return refusal if isinstance(refusal, str) else json.dumps(refusal)
    return ""


def _number(usage: Mapping[str, Any], *names: str) -> int | None:
    """Return a number of tokens by the first of its names that has one."""
    for name in names:
        value = usage.get(name)
        if isinstance(value, int | float) and 0 <= value < 1e12:
            return int(value)
    return None


def _message_in(content: object) -> str:
    """Return what an error says: its message where it has one, all of it where not."""
    found = content
    while isinstance(found, dict):
        inner = next(
            (found[name] for name in ("error", "message", "detail") if found.get(name)), None
        )
        if inner is None:
            break
        found = inner
    return printable(found if isinstance(found, str) else json.dumps(found))
