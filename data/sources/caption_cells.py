"""Several captions in one field: lists that are written as text, and a caption a line."""

import ast
import json
import re
import warnings
from typing import Final, Literal

Several = Literal["auto", "lines", "never"]
"""How a text is told apart. "auto": one that is a list, as JSON or Python write it, is read as the
list; "lines": so it is, and of other texts each line is a caption; "never": each is one caption."""

LINES: Final = "caption has several lines"
LIST: Final = "caption looks like a list"

_PARENTHESES: Final = {"[": "]", "(": ")"}
_LIST_STARTS: Final = ('["', "['", '("', "('")
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_QUOTED: Final = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_ARRAY: Final = re.compile(rf"\[\s*(?:{_QUOTED})(?:\s+(?:{_QUOTED}))+\s*\]", re.DOTALL)


def cell_texts(cell: object, several: Several) -> list[object]:
    """Return the captions of a field; a list or text without any counts as one that is missing."""
    if isinstance(cell, str):
        return _texts(cell, several)
    if isinstance(cell, list):
        found = (_texts(item, several) if isinstance(item, str) else [item] for item in cell)
        return [text for texts in found for text in texts] or [None]
    return [cell]


def list_in(content: str) -> list[object] | None:
    """Return the list that a text is: in JSON, or as Python or numpy writes it; None if it is none.

    numpy writes no commas, and Python would take its strings for one.
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
    """Return why a caption may be several, LINES or LIST; None if nothing hints at it."""
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
    with warnings.catch_warnings():  # of an escape that Python does not know, and keeps
        warnings.simplefilter("ignore")
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
