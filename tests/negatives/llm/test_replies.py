"""What servers say, read: answers without thoughts, tokens, reasons, forms."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatives.llm.forms import Form, body_of, form_after
from negatives.llm.ledger import Tokens
from negatives.llm.replies import Usage, outcome_in, reason_in, usage_in, without_key
from negatives.llm.requests import Answer, Failure, Message, Request
from negatives.llm.thoughts import is_thinking, without_thoughts

HARMONY = "<|channel|>analysis<|message|>{no}<|end|><|start|>assistant"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", "{}"),
        ("<think>{no}</think>{}", "{}"),
        ("{no}</think>{}", "{}"),
        ("<think>{no}", ""),
        ("<THINK>\n\n</THINK>\n\n{}", "\n\n{}"),
        ("<think>a <think> b</think> {no}</think>{}", "{}"),
        ("<think>a</think>{}<think>{no}", "{}"),
        ("<thinking>{no}</thinking>{}", "{}"),
        ("<seed:think>{no}</seed:think>{}", "{}"),
        ("[THINK]{no}[/THINK]{}", "{}"),
        ("◁think▷{no}◁/think▷{}", "{}"),
        (f"{HARMONY}<|channel|>final<|message|>{{}}<|return|>", "{}"),
        (f"{HARMONY}<|channel|>final <|constrain|>json<|message|>{{}}", "{}"),
        (HARMONY, ""),
        ("I <thinker> you", "I <thinker> you"),
    ],
)
def test_thoughts_are_no_answer(text: str, expected: str) -> None:
    assert without_thoughts(text) == expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [("assistant", False), ("x<think>\n", True), ("<think>\n\n</think>\n\n", False)],
)
def test_a_prompt_may_end_within_thoughts(prompt: str, *, expected: bool) -> None:
    assert is_thinking(prompt) == expected


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 2}, (7, 2)),
        ({"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}, (7, 2)),
        ({"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 30}, (7, 23)),
        ({"prompt_tokens": 7, "completion_tokens": None}, (7, None)),
        ({"input_tokens": 7, "output_tokens": 0}, (7, 0)),
        ({"prompt_tokens": -1, "completion_tokens": float("nan")}, None),
        ({"total_tokens": 9}, None),
        ({}, None),
        ([], None),
    ],
)
def test_tokens_are_what_is_stated(usage: object, expected: tuple[int, int] | None) -> None:
    found = usage_in(json.dumps({"usage": usage}))
    assert found == (None if expected is None else Usage(*expected))
    assert (found or Usage()).with_most(Tokens(90, 80)) == tuple(
        most if number is None else number
        for number, most in zip(expected or (None, None), (90, 80), strict=True)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"error": {"message": "no", "code": 1}}', "no"),
        ('{"error": "no"}', "no"),
        ('{"object": "error", "message": "no"}', "no"),
        ('{"detail": [{"loc": ["body"], "msg": "no"}]}', '[{"loc": ["body"], "msg": "no"}]'),
        ('{"error": {"code": 1}}', '{"code": 1}'),
        ("<html><head><title> Log\nin </title></head><p>x", "Log in"),
        ("<p>502 <b>Bad</b><style>p {}</style> gateway</p>", "502 Bad gateway"),
        ("plain\x1b[2J text", "plain\\x1b[2J text"),
        ("x" * 999, "x" * 300 + "..."),
        ("", ""),
    ],
)
def test_reasons_are_one_line_of_the_servers_words(text: str, expected: str) -> None:
    assert reason_in(text) == expected


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_no_reply_breaks_the_reader(text: str) -> None:
    message = json.dumps({"choices": [{"message": {"content": text}}]})
    for body in (text, message, message.replace('"content"', f'"{len(text)}"')):
        outcome = outcome_in(body)
        usage_in(body)
        assert reason_in(body).isprintable()
        assert isinstance(outcome, Answer) or outcome.why.isprintable()


def test_a_key_is_not_shown_and_a_short_one_spoils_no_text() -> None:
    assert without_key("no such key: sk-123456", "sk-123456") == "no such key: (the key)"
    assert without_key("a bad answer", "a") == "a bad answer"


REQUEST = Request(
    prompt="test 1",
    caption="",
    messages=(Message("user", "x"),),
    max_tokens=8,
    schema={"type": "object"},
)
RENAMED = {"model", "messages", "max_completion_tokens", "temperature", "seed", "response_format"}
ALL = {"model", "messages", "max_tokens", "temperature", "seed", "response_format"}


@pytest.mark.parametrize(
    ("status", "reason", "left"),
    [
        (400, "use 'max_completion_tokens' instead", RENAMED),
        (400, "temperature must be 1", ALL - {"temperature"}),
        (422, '[{"loc": ["body", "seed"]}]', ALL - {"seed"}),
        (400, "response_format is unavailable now", ALL - {"response_format"}),
        (400, "no reason", ALL - {"response_format"}),
        (500, "temperature", ALL - {"response_format"}),
        (503, "temperature", None),
        (200, "temperature", None),
    ],
)  # fmt: skip
def test_a_form_after_a_refusal(status: int, reason: str, left: set[str] | None) -> None:
    body = body_of(REQUEST, Form(), model="m", thinking_tokens=10)
    assert set(body) == ALL
    assert body["max_tokens"] == 18
    form = form_after(Form(), body, status=status, reason=reason)
    if left is None:
        assert form is None
        return
    assert form is not None
    assert set(body_of(REQUEST, form, model="m", thinking_tokens=10)) == left


def test_forms_come_to_an_end() -> None:
    reason = "max_completion_tokens, temperature, seed and response_format are all wrong"
    form: Form | None = Form()
    bodies: list[dict[str, Any]] = []
    while form is not None:
        body = body_of(REQUEST, form, model="m", thinking_tokens=0)
        bodies.append(body)
        form = form_after(form, body, status=400, reason=reason)
    assert len(bodies) == 5
    assert set(bodies[-1]) == {"model", "messages", "max_completion_tokens"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {"choices": [{"message": {"content": "x"}, "finish_reason": "length"}]},
            Answer("x", 0, 0),
        ),
        ({"choices": [{"message": {}, "error": {"message": "upstream"}}]}, Failure("no content")),
        ({"choices": [{"message": {"refusal": {"a": 1}}}]}, Failure("refused")),
        ({"choices": {"message": "x"}}, Failure("no content")),
    ],
)
def test_odd_replies(content: dict[str, Any], expected: Answer | Failure) -> None:
    assert outcome_in(json.dumps(content)) == expected
