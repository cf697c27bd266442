"""Prompts: versioned files of turns in `prompts/`, filled with a caption, which comes last. Pure.

A file has turns that open with "=== ROLE": system, user and assistant as they are sent, then the
`question` with its gaps (<caption>), and for some the `continuation`, a plain text to continue.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from negatives.llm.requests import Message, quote_json

_MARK = "=== "


class Prompt(NamedTuple):
    """`version`: the file's name and a hash of its content; `turns` stand before every question."""

    version: str
    turns: tuple[Message, ...]
    question: str
    continuation: str


@cache
def prompt(name: str) -> Prompt:
    """Return the prompt of a file, for example "infill-1"."""
    text = files("negatives.llm").joinpath(f"prompts/{name}.txt").read_text("utf-8")
    return read_prompt(name, text)


def read_prompt(name: str, text: str) -> Prompt:
    """Return the prompt that a file's text holds.

    Raises:
        ValueError: it does not open with a turn, or has no question.
    """
    turns: list[Message] = []
    for block in f"\n{text}".split(f"\n{_MARK}")[1:]:
        role, _, content = block.partition("\n")
        turns.append(Message(role.strip(), content.strip()))
    by_role = {turn.role: turn.content for turn in turns}
    if not text.startswith(_MARK) or "question" not in by_role:
        raise ValueError(f"prompt {name}: expected turns, one of them {_MARK}question")
    digest = hashlib.sha256(text.encode()).hexdigest()
    sent = tuple(turn for turn in turns if turn.role in {"system", "user", "assistant"})
    return Prompt(
        f"{name} {digest[:8]}", sent, by_role["question"], by_role.get("continuation", "")
    )


def chat_messages(found: Prompt, values: Mapping[str, str]) -> tuple[Message, ...]:
    """Return the turns with the question last; `values` are JSON, quoted where they are texts."""
    return (*found.turns, Message("user", _fill(found.question, values)))


def continuation_text(found: Prompt, caption: str) -> str:
    """Return the text that a model is to continue; the caption is one line of it."""
    return _fill(found.continuation, {"line": " ".join(caption.split())})


def string(text: str) -> str:
    """Return a text as it may stand in a question."""
    return quote_json(text)


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Fill each gap once, from left to right: what is put in is not looked at again."""
    parts: list[str] = []
    rest = template
    while rest:
        gaps = [(rest.find(f"<{name}>"), name) for name in values if f"<{name}>" in rest]
        if not gaps:
            break
        start, name = min(gaps)
        parts += (rest[:start], values[name])
        rest = rest[start + len(name) + 2 :]
    return "".join((*parts, rest))
