"""Reading a model's answer strictly: JSON of the requested form, or nothing. Pure."""

import json
from collections.abc import Mapping
from typing import NamedTuple

UNPARSABLE = "unparsable"
TWICE = "proposed twice"
_MOST_CHARACTERS = 20_000

WORDS_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {"words": {"type": "array", "items": {"type": "string"}}},
    "required": ["words"],
    "additionalProperties": False,
}
JUDGE_ASKS = ("false", "grammatical", "plausible")
VERDICT_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {name: {"enum": ["yes", "no"]} for name in JUDGE_ASKS},
    "required": list(JUDGE_ASKS),
    "additionalProperties": False,
}


PARAPHRASE_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {"paraphrase": {"type": "string"}},
    "required": ["paraphrase"],
    "additionalProperties": False,
}


class Proposal(NamedTuple):
    """An edit as a model states it: in the place of `find` put `replace`."""

    type: str
    find: str
    replace: str


def edits_schema(types: tuple[str, ...]) -> Mapping[str, object]:
    """Return the schema of a list of proposals of these types."""
    text = {"type": "string"}
    edit = {
        "type": "object",
        "properties": {"type": {"enum": list(types)}, "find": text, "replace": text},
        "required": list(Proposal._fields),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"edits": {"type": "array", "items": edit}},
        "required": ["edits"],
        "additionalProperties": False,
    }


def holds_object(text: str) -> bool:
    """Tell whether an answer holds a JSON object, as every question asks for."""
    return _object_in(text) is not None


def words_in(text: str) -> list[str] | None:
    """Return the words of an answer `{"words": [...]}`; None if it is not of that form."""
    words = (_object_in(text) or {}).get("words")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None
    return [" ".join(word.split()) for word in words]


def paraphrase_in(text: str) -> str | None:
    """Return the text of an answer `{"paraphrase": "..."}`; None if it is not of that form."""
    found = (_object_in(text) or {}).get("paraphrase")
    return found if isinstance(found, str) else None


def proposals_in(text: str) -> list[Proposal] | None:
    """Return the edits of an answer `{"edits": [...]}`; None if it is not of that form."""
    edits = (_object_in(text) or {}).get("edits")
    if not isinstance(edits, list):
        return None
    found: list[Proposal] = []
    for edit in edits:
        if not isinstance(edit, dict):
            return None
        values = [edit.get(name) for name in Proposal._fields]
        if not all(isinstance(value, str) for value in values):
            return None
        found.append(Proposal(*map(str, values)))
    return found


def verdict_in(text: str) -> bool | None:
    """Tell whether the verifier said yes to all; None if the answer cannot be read."""
    answers = _object_in(text) or {}
    values = [answers.get(name) for name in JUDGE_ASKS]
    if not all(isinstance(value, str) and value in {"yes", "no"} for value in values):
        return None
    return all(value == "yes" for value in values)


def _object_in(text: str) -> dict[str, object] | None:
    """Return the first JSON object of an answer; the text around it is ignored."""
    start = text.find("{")
    if start < 0 or len(text) > _MOST_CHARACTERS:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
