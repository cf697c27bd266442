"""Separating a reasoning model's thoughts from its answer. Pure.

Most servers return them separately; others leave them in the text between marks, of which the first
may be missing (it was at the end of the prompt), or the last (the text was cut off).
"""

import re
from typing import Final

_NAMES: Final = "think|thinking|thought|thoughts|reasoning|reflection|seed:think"
_OPENS: Final = re.compile(rf"<(?:{_NAMES})>|\[THINK\]|◁think▷", re.IGNORECASE)
_CLOSES: Final = re.compile(rf"</(?:{_NAMES})>|\[/THINK\]|◁/think▷", re.IGNORECASE)
_CHANNEL: Final = "<|channel|>"  # of gpt-oss, where a server leaves its marks in
_FINAL: Final = re.compile(r"<\|channel\|>\s*final\b[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>")
_MARK: Final = re.compile(r"<\|[a-z_]+\|>")


def without_thoughts(text: str) -> str:
    """Return what a model wrote as its answer; nothing if it had not come to an end of thinking."""
    if _CHANNEL in text:
        *_, text = _FINAL.split(text) if _FINAL.search(text) else ("",)
        return _MARK.split(text, maxsplit=1)[0]
    *_, text = _CLOSES.split(text)
    answer, *_ = _OPENS.split(text, maxsplit=1)
    return answer


def is_thinking(prompt: str) -> bool:
    """Tell whether a prompt ends within thoughts, so that what is written goes on with them."""
    *_, rest = _CLOSES.split(prompt)
    return _OPENS.search(rest) is not None
