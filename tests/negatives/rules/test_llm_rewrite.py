"""Edits that a model states: which are made, and what is wrong with the others."""

import json

import pytest

from data.errors import UsageError
from negatives.llm.requests import Answer, key_of
from negatives.rules import make_rule
from negatives.rules.llm_rewrite import LlmRewrite
from negatives.words import lexicon
from tests.negatives.llm.llm_fakes import MODEL_INFO
from tests.parses import parsed

RIDER = "A man riding a brown horse in a field."


def answer_with(*edits: tuple[str, str, str]) -> Answer:
    listed = [dict(zip(("type", "find", "replace"), edit, strict=True)) for edit in edits]
    return Answer(json.dumps({"edits": listed}), 1, 1)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("object", "horse", "camel"), "A man riding a brown camel in a field."),
        (("object", "brown horse", "brown camel"), "A man riding a brown camel in a field."),
        (("object", "HORSE", "camel"), "A man riding a brown camel in a field."),
        (("action", "riding", "leading"), "A man leading a brown horse in a field."),
        (("relation", "in", "above"), "A man riding a brown horse above a field."),
        (("object", "horse", "horse"), "unchanged"),
        (("object", "", "camel"), "unchanged"),
        (("object", "horse", ""), "unchanged"),
        (("object", "zebra", "camel"), "not found"),
        (("object", "hors", "camel"), "not found"),
        (("object", "a", "two"), "found twice"),
        (("colour", "brown", "red"), "wrong type"),
        (("action", "horse", "camel"), "wrong type"),
        (("object", "horse", "A man riding a brown horse in a field."), "repeated caption"),
        (("object", "horse", "camel with many very big humps"), "too different"),
        (("object", "man riding a brown horse in", "dog on"), "too different"),
        (("object", "field.", "desert"), "not at words"),
    ],
)
def test_an_edit_is_made_or_named(edit: tuple[str, str, str], expected: str) -> None:
    parse = parsed(RIDER)
    rule = LlmRewrite(lexicon=lexicon.load())
    slots, reasons = rule.slots(parse, [answer_with(edit)])
    found = [e.apply(parse.text) for slot in slots for e in slot.alternatives] + list(reasons)
    assert found == [expected]


def test_samples_are_told_apart_and_need_a_temperature() -> None:
    rule = LlmRewrite(lexicon=lexicon.load(), answers=3, temperature=0.8)
    keys = [key_of(request, MODEL_INFO) for request in rule.requests(parsed(RIDER))]
    assert len(set(keys)) == 3
    with pytest.raises(UsageError, match="or a temperature above 0"):
        make_rule({"rule": "llm_rewrite", "answers": 2}, lexicon=lexicon.load())
    with pytest.raises(UsageError, match="unknown option 'kind'"):
        make_rule({"rule": "llm_infill", "kind": ["obj"]}, lexicon=lexicon.load())
