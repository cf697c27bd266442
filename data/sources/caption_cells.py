"""Several captions in one field: lists written as text, or one caption per line."""

import ast
import json
import re
import warnings
from typing import Final, Literal

Several = Literal["auto", "lines", "never"]
"""How a text is split. "auto": a list in JSON's or Python's notation is several captions; "lines":
also, each line of another text is a caption; "never": every text is one caption.
"""

LINES: Final = "caption has several lines"
LIST: Final = "caption looks like a list"

_PARENTHESES: Final = {"[": "]", "(": ")"}
_LIST_STARTS: Final = ('["', "['", '("', "('")
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_QUOTED: Final = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_ARRAY: Final = re.compile(rf"\[\s*(?:{_QUOTED})(?:\s+(?:{_QUOTED}))+\s*\]", re.DOTALL)


def cell_texts(cell: object, several: Several) -> list[object]:
    """Return the captions of a field; an empty list or text counts as one missing caption."""
    if isinstance(cell, str):
        return _texts(cell, several)
    if isinstance(cell, list):
        found = (_texts(item, several) if isinstance(item, str) else [item] for item in cell)
        return [text for texts in found for text in texts] or [None]
    return [cell]


def list_in(content: str) -> list[object] | None:
    """Parse a list in JSON's, Python's or numpy's notation; None if the text is not a list.

    numpy writes no commas, and Python would join its strings.
    """
    content = content.strip()
    if not content or _PARENTHESES.get(content[0]) != content[-1]:
        return None
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = _literal(content)
    return list(value) if isinstance(value, list | tuple) else None


def doubt(text: str) -> str | None:
    """Return why a caption may really be several, LINES or LIST; None if it looks like one."""
    if "\n" in text:
        return LINES
    is_list = text.startswith(_LIST_STARTS) and text[-1] == _PARENTHESES[text[0]]
    return LIST if is_list else None


def _texts(content: str, several: Several) -> list[object]:
    if several == "never":
        return [content]
    items = list_in(content)
    if items is not None and all(isinstance(each, str | None) for each in items):
        return items or [None]
    if several == "lines":
        return [line for line in _LINE_END.split(content) if line.strip()] or [content]
    return [content]


def _literal(text: str) -> object:
    if _ARRAY.fullmatch(text):
        text = f"[{', '.join(re.findall(_QUOTED, text, re.DOTALL))}]"
    with warnings.catch_warnings():  # about an unknown escape, which Python keeps
        warnings.simplefilter("ignore")
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
