"""The files of human judging: the sheet (a page or JSONL), its key, and readers' answers."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from data.errors import UsageError
from data.sources.lines import lines_of
from data.storage import AnyPath
from negatives.auditing.marks import pieces
from negatives.auditing.pages import page
from negatives.auditing.sheet import QUESTIONS, Item, KeyEntry, Sheet, difference, digest

Answer = Mapping[str, bool]  # the name of each of QUESTIONS -> yes

_ITEM: Final = dict.fromkeys(Item._fields, str)
_KEY: Final = dict.fromkeys(KeyEntry._fields, str)
_ANSWER: Final = {"item": str, **{question.name: bool for question in QUESTIONS}}


def sheet_lines(sheet: Sheet) -> str:
    """Return the sheet as JSONL."""
    return "".join(_line(item._asdict()) for item in sheet.items)


def key_lines(sheet: Sheet) -> str:
    """Return the key as JSONL."""
    return "".join(_line(entry._asdict()) for entry in sheet.key)


def answer_line(item: str, answer: Answer) -> str:
    """Return one item's answer as a line of JSONL."""
    return _line({"item": item, **answer})


def sheet_page(sheet: Sheet) -> str:
    """Return the sheet as a page that keeps answers in the browser and saves them as JSONL."""
    content = {
        "name": digest(*(item.item for item in sheet.items)),
        "questions": [question._asdict() for question in QUESTIONS],
        "items": [_page_item(item) for item in sheet.items],
    }
    return page("sheet", {"sheet": content})


def _page_item(item: Item) -> dict[str, object]:
    """Return an item as the page holds it: pieces of its texts, marked where they differ."""
    edit = difference(item)
    replacements = () if edit is None else edit.replacements
    before = [(replacement.start, replacement.end) for replacement in replacements]
    after = () if edit is None else edit.spans_after()
    return {
        "item": item.item,
        "caption": pieces(item.caption, before),
        "text": pieces(item.text, after),
    }


def read_sheet(path: AnyPath) -> tuple[Item, ...]:
    """Return the items of a sheet in JSONL, in order.

    Raises:
        UsageError: the file cannot be read, or is not a sheet.
    """
    return tuple(Item(**fields) for fields in _read(path, _ITEM, what="a sheet"))


def read_key(path: AnyPath) -> dict[str, KeyEntry]:
    """Return the key of a sheet by item.

    Raises:
        UsageError: the file cannot be read, or is not a key.
    """
    return {fields["item"]: KeyEntry(**fields) for fields in _read(path, _KEY, what="a key")}


def read_answers(path: AnyPath) -> dict[str, Answer]:
    """Return a reader's answers by item; the last answer to an item counts.

    Raises:
        UsageError: the file cannot be read, or holds no answers.
    """
    return {
        fields["item"]: {question.name: fields[question.name] for question in QUESTIONS}
        for fields in _read(path, _ANSWER, what="answers")
    }


def _read(path: AnyPath, kinds: Mapping[str, type], *, what: str) -> Iterator[dict[str, Any]]:
    """Yield the required fields of each line, each of the required type."""
    for number, line in lines_of(path):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except ValueError:
            content = None
        fields = _fields(content, kinds)
        if fields is None:
            raise UsageError(
                f"{path}:{number}: expected {what}, JSON with {', '.join(kinds)}; "
                "name another file, or correct the line"
            )
        yield fields


def _fields(content: object, kinds: Mapping[str, type]) -> dict[str, Any] | None:
    if not isinstance(content, dict):
        return None
    fields = {name: content.get(name) for name in kinds}
    fits = all(isinstance(fields[name], kind) for name, kind in kinds.items())
    return fields if fits else None


def _line(content: Mapping[str, object]) -> str:
    return json.dumps(content, ensure_ascii=False) + "\n"
