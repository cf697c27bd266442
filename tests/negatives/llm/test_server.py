"""A server on loopback that is busy, slow, rude or wrong, asked through OpenAI's own client."""

import itertools
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from data.errors import RetryableError, UsageError
from negatives.llm.limits import Limits
from negatives.llm.requests import Answer, Failure, Message, ModelInfo, Outcome, Request
from tests.negatives.llm.llm_fakes import Reply, Server, message, reply_with, serving

pytest.importorskip("openai", reason="the extra `llm` is not installed")

from negatives.llm.server import ServerBackend

SECRET = "sk-not-a-real-key"  # noqa: S105 - no key of anything
KEY_ENV = "HARD_NEGATIVES_TEST_KEY"
SOON = {"Retry-After-Ms": "1"}
SCHEMA = {"type": "object"}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, SECRET)


def requests(num: int, *, schema: dict[str, str] | None = None) -> list[Request]:
    return [
        Request(
            prompt="test 1",
            caption=f"caption {number}",
            messages=(Message("user", f"caption {number}"),),
            max_tokens=8,
            schema=schema,
        )
        for number in range(num)
    ]


def backend(url: str, **limits: float | None) -> ServerBackend:
    model_info = ModelInfo("a-model", "1", "text", 1.0, 10.0)
    given: dict[str, Any] = {"timeout_s": 5.0, "retries": 3, **limits}
    return ServerBackend(url=url, model_info=model_info, key_env=KEY_ENV, limits=Limits(**given))


def echo(_number: int, body: dict[str, Any]) -> Reply:
    return reply_with(body["messages"][-1]["content"])


def caption_of(body: dict[str, Any]) -> int:
    return int(body["messages"][-1]["content"].split()[-1])


def ask(
    server: Server, num: int, **limits: float | None
) -> tuple[list[Outcome], dict[int, Outcome]]:
    arrived: dict[int, Outcome] = {}
    return backend(server.url, **limits).answers(requests(num), arrived.__setitem__), arrived


def test_answers_come_in_order_and_are_told_of_as_they_arrive() -> None:
    with serving(echo) as server:
        outcomes, arrived = ask(server, 40)
    assert outcomes == [Answer(f"caption {number}", 7, 2) for number in range(40)]
    assert arrived == dict(enumerate(outcomes))
    assert len(server.seen) == 40
    assert set(server.keys) == {f"Bearer {SECRET}"}
    assert server.seen[0]["model"] == "a-model"
    assert server.seen[0]["temperature"] == 0.0


def test_no_request_no_server_needed() -> None:
    assert backend("http://127.0.0.1:9/v1").answers([], lambda *_: None) == []


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_is_refused_for_now_is_asked_again(status: int) -> None:
    def replies(number: int, body: dict[str, Any]) -> Reply:
        return Reply(status, headers=SOON) if number % 3 == 0 else echo(0, body)

    with serving(replies) as server:
        outcomes, _ = ask(server, 20, retries=20)
    assert outcomes == [Answer(f"caption {number}", 7, 2) for number in range(20)]


def test_retry_after_is_obeyed() -> None:
    def replies(number: int, body: dict[str, Any]) -> Reply:
        return Reply(429, headers={"Retry-After": "0.3"}) if number == 0 else echo(0, body)

    with serving(replies) as server:
        start = time.perf_counter()
        ask(server, 1)
        assert time.perf_counter() - start >= 0.3


def test_a_server_that_stays_busy_fails_that_row_alone() -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        return Reply(503, headers=SOON) if caption_of(body) == 3 else echo(0, body)

    with serving(replies) as server:
        outcomes, _ = ask(server, 6)
    assert outcomes[3] == Failure("no answer")
    assert Counter(map(type, outcomes)) == {Answer: 5, Failure: 1}
    assert len(server.seen) == 5 + 4


def test_a_hang_times_out_and_fails_that_row_alone() -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        return Reply(hangs_s=1.0) if caption_of(body) == 1 else echo(0, body)

    with serving(replies) as server:
        outcomes, _ = ask(server, 4, timeout_s=0.2, retries=1)
    assert outcomes[1] == Failure("timed out")
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == 3
    assert len(server.seen) == 5


def test_a_reply_that_drips_times_out_as_a_whole() -> None:
    def replies(number: int, body: dict[str, Any]) -> Reply:
        return replace(echo(0, body), hangs_s=3.0, drips=True) if number == 0 else echo(0, body)

    with serving(replies) as server:
        start = time.perf_counter()
        outcomes, _ = ask(server, 1, timeout_s=0.3)
        assert time.perf_counter() - start < 2.0
    assert outcomes == [Answer("caption 0", 7, 2)]


def test_a_stop_does_not_wait_for_those_that_wait() -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        number = caption_of(body)
        if number == 1:
            return Reply(429, headers={"Retry-After": "60"})
        return Reply(402, body="no money", hangs_s=0.3) if number == 2 else echo(0, body)

    with serving(replies) as server:
        start = time.perf_counter()
        with pytest.raises(UsageError, match="402: no money"):
            ask(server, 3, concurrency=2)
        assert time.perf_counter() - start < 5.0


_INTERRUPTED = """
import sys
from negatives.llm.limits import Limits
from negatives.llm.requests import Message, ModelInfo, Request
from negatives.llm.server import ServerBackend
backend = ServerBackend(url=sys.argv[1], model_info=ModelInfo("m", "", "text"), limits=Limits())
request = Request(prompt="", caption="", messages=(Message("user", "x 1"),), max_tokens=8)
backend.answers([request], print)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_wait(number: signal.Signals) -> None:
    with serving(lambda *_: Reply(429, headers={"Retry-After": "100"})) as server:
        command = [sys.executable, "-c", _INTERRUPTED, server.url]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        until = time.monotonic() + 60
        while not server.seen and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.3)
        os.kill(process.pid, number)
        start = time.perf_counter()
        _, stderr = process.communicate(timeout=30)
        assert time.perf_counter() - start < 10.0
    assert process.returncode in {-number, 128 + number}
    assert number == signal.SIGTERM or b"KeyboardInterrupt" in stderr


GARBAGE = ["", "no json", "[]", "{}", '{"choices": []}', '{"choices": [{"message": null}]}',
           '{"choices": [{"message": {"content": null}}]}', "\x00\xff",
           "<html><title>Please wait</title></html>"]  # fmt: skip


@pytest.mark.parametrize("body", GARBAGE)
def test_a_single_reply_that_is_none_is_asked_for_again(body: str) -> None:
    replies = iter([Reply(body=body)])
    with serving(lambda _, sent: next(replies, None) or echo(0, sent)) as server:
        outcomes, _ = ask(server, 1)
    assert outcomes == [Answer("caption 0", 7, 2)]


def test_a_reply_that_cannot_be_unpacked_fails_that_row_alone() -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        packed = Reply(body="no gzip", headers={"Content-Encoding": "gzip"})
        return packed if caption_of(body) == 1 else echo(0, body)

    with serving(replies) as server:
        limited = backend(server.url, retries=1)
        outcomes = limited.answers(requests(3), lambda *_: None)
    assert outcomes == [Answer("caption 0", 7, 2), Failure("no answer"), Answer("caption 2", 7, 2)]
    assert limited.ledger.num_estimated == 2  # each of them may have been paid for


EMPTY_REPLIES: dict[str, tuple[Reply, str]] = {
    "null": (message({"content": None}), r"content: null, finish_reason: \"stop\""),
    "empty": (message({"content": ""}), 'content: ""'),
    "blank": (message({"content": " \n"}), r"content: "),
    "no parts": (message({"content": []}), r"content: \[\]"),
    "a call": (message({"content": [{"type": "tool_use", "text": "no"}]}), "content: "),
    "an error": (Reply(body='{"error": {"message": "model is overloaded"}}'), "is overloaded"),
    "a text": (Reply(body='{"error": "no such model"}'), "no such model"),
    "a page": (
        Reply(body="<html><title>Log in</title><p>x", headers={"Content-Type": "text/html"}),
        "Log in",
    ),
    "thoughts": (message({"content": None, "reasoning_content": "hm"}), "thoughts alone"),
    "cut": (message({"content": None, "reasoning": "hm"}, "length"), "still thinking.*thinking_t"),
    "cut think": (message({"content": "<think>The {}"}, "length"), "still thinking.*thinking_tok"),
    "nothing": (message({"content": ""}, "length"), "nothing was written when the limit"),
}


@pytest.mark.parametrize("name", EMPTY_REPLIES)
def test_a_server_without_content_stops_the_run_with_its_own_reason(name: str) -> None:
    reply, reason = EMPTY_REPLIES[name]
    arrived: dict[int, Outcome] = {}
    with serving(lambda *_: reply) as server:
        limited = backend(server.url, stop_after=4)
        with pytest.raises(UsageError, match=rf"4 questions in a row without .*{reason}"):
            limited.answers(requests(40, schema=SCHEMA), arrived.__setitem__)
        assert 4 <= len(server.seen) <= 5
    assert not any(isinstance(outcome, Answer) for outcome in arrived.values())
    assert limited.ledger.cost > 0
    assert limited.ledger.requests == len(server.seen)


def test_a_server_that_stops_having_content_stops_the_run() -> None:
    def replies(number: int, body: dict[str, Any]) -> Reply:
        return echo(0, body) if number < 20 else message({"content": None})

    arrived: dict[int, Outcome] = {}
    with serving(replies) as server:
        with pytest.raises(UsageError, match="10 questions in a row"):
            backend(server.url, concurrency=4).answers(requests(100), arrived.__setitem__)
        assert len(server.seen) < 20 + 10 + 2 * 4
    assert sum(isinstance(outcome, Answer) for outcome in arrived.values()) == 20


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
        ([{"type": "output_text", "text": "a"}], "a"),
        (["a", "b"], "ab"),
        ([{"type": "thinking", "thinking": [{"text": "x"}]}, {"type": "text", "text": "a"}], "a"),
        ([{"type": "reasoning", "text": "x"}, {"type": "text", "text": "a"}], "a"),
        ("<think>x</think>a", "a"),
        ("x</think>a", "a"),
    ],
)
def test_parts_are_read_and_thoughts_are_not(content: object, expected: str) -> None:
    with serving(lambda *_: message({"content": content, "reasoning_content": "x"})) as server:
        outcomes, _ = ask(server, 1)
    assert outcomes == [Answer(expected, 7, 2)]


def test_answers_that_are_no_json_are_not_believed_until_one_is() -> None:
    arrived: dict[int, Outcome] = {}
    with serving(lambda *_: reply_with("Okay, the user wants")) as server:
        with pytest.raises(UsageError, match="expected JSON, found 'Okay, the user wants'"):
            backend(server.url, concurrency=1).answers(
                requests(40, schema=SCHEMA), arrived.__setitem__
            )
        assert len(server.seen) == 10
    assert arrived == {}

    def replies(number: int, _body: dict[str, Any]) -> Reply:
        return reply_with("{}") if number == 5 else reply_with("Okay")

    with serving(replies) as server:
        backend(server.url, concurrency=1).answers(requests(40, schema=SCHEMA), arrived.__setitem__)
    assert len(arrived) == len(server.seen) == 40


REFUSALS = [
    message({"content": "", "refusal": "no"}),
    message({"content": "half"}, "content_filter"),
    message({"content": [{"type": "refusal", "refusal": "no"}]}),
    Reply(400, body='{"error": {"code": "content_filter", "message": "filtered"}}'),
    Reply(403, body='{"error": {"message": "flagged", "metadata": {"flagged_input": "x"}}}'),
]


@pytest.mark.parametrize("reply", REFUSALS)
def test_a_refusal_is_final_and_no_stop(reply: Reply) -> None:
    with serving(lambda *_: reply) as server:
        outcomes, arrived = ask(server, 30)
    assert outcomes == [Failure("refused")] * 30
    assert arrived == dict(enumerate(outcomes))
    assert len(server.seen) == 30


def test_a_server_that_rejects_all_it_is_asked_is_not_believed() -> None:
    arrived: dict[int, Outcome] = {}
    with serving(lambda *_: Reply(400, body='{"detail": "unknown model"}')) as server:
        with pytest.raises(UsageError, match="the server answers 400: unknown model"):
            backend(server.url).answers(requests(40), arrived.__setitem__)
        assert len(server.seen) == 10
    assert arrived == {}


def test_a_few_rejections_by_a_server_that_answers_nothing_are_asked_again() -> None:
    with serving(lambda *_: Reply(400, body="unknown model")) as server:
        outcomes, _ = ask(server, 3)
    assert outcomes == [Failure("no answer")] * 3
    assert [outcome.why for outcome in outcomes if isinstance(outcome, Failure)] == [
        "the server answers 400: unknown model"
    ] * 3


def test_rejections_are_believed_once_something_is_answered() -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        return echo(0, body) if caption_of(body) == 5 else Reply(400)

    with serving(replies) as server:
        outcomes, arrived = ask(server, 7, concurrency=1)
    assert outcomes == [*[Failure("rejected")] * 5, Answer("caption 5", 7, 2), Failure("rejected")]
    assert arrived == dict(enumerate(outcomes))


def test_rejections_in_a_row_are_not_kept_even_after_answers() -> None:
    def replies(number: int, body: dict[str, Any]) -> Reply:
        return echo(0, body) if number < 5 else Reply(400, body="credit balance is too low")

    arrived: dict[int, Outcome] = {}
    with serving(replies) as server, pytest.raises(UsageError, match="balance is too low"):
        backend(server.url, concurrency=1).answers(requests(40), arrived.__setitem__)
    assert len(arrived) == 5


def test_the_server_is_told_its_own_name_of_the_model() -> None:
    with serving(echo) as server:
        named = replace(backend(server.url), model="/models/a-model")
        named.answers(requests(1), lambda *_: None)
    assert server.seen[0]["model"] == "/models/a-model"


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_server_that_knows_no_schema_is_asked_once_with_it(status: int) -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        return Reply(status) if "response_format" in body else reply_with("{}")

    with serving(replies) as server:
        limited = backend(server.url, retries=0)
        found = limited.answers(requests(5, schema=SCHEMA), lambda *_: None)
        found += limited.answers(requests(2, schema=SCHEMA), lambda *_: None)
    assert [type(outcome) for outcome in found] == [Answer] * 7
    assert ["response_format" in body for body in server.seen] == [True, *[False] * 7]
    assert limited.ledger.left_out == {"response_format"}


UNSUPPORTED = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. "
    "Use 'max_completion_tokens' instead."
)


def test_the_limit_on_tokens_is_named_as_the_server_wants_it() -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        if "max_tokens" in body:
            return Reply(400, body=json.dumps({"error": {"message": UNSUPPORTED}}))
        if body.get("temperature") is not None:
            return Reply(400, body='{"error": {"message": "x", "param": "temperature"}}')
        return reply_with("{}")

    with serving(replies) as server:
        limited = backend(server.url, thinking_tokens=100)
        found = limited.answers(requests(20, schema=SCHEMA), lambda *_: None)
    assert found == [Answer("{}", 7, 2)] * 20
    assert len(server.seen) == 22
    assert [body["max_completion_tokens"] for body in server.seen[1:]] == [108] * 21
    assert all("response_format" in body for body in server.seen)
    assert limited.ledger.left_out == {"temperature"}


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(301, headers={"Location": "/v2"}), "answers 301: .*where it is now: /v2"),
        (Reply(308), "answers 308"),
        (Reply(402, body="pay"), "answers 402: pay"),
        (Reply(405), "answers 405: no reason given"),
        (Reply(410), "answers 410"),
        (
            Reply(429, body='{"error": {"code": "insufficient_quota", "message": "q"}}'),
            "answers 429: q",
        ),
        (Reply(404, body='{"detail": "Not Found"}'), "404: Not Found; expected the model 'a-mod"),
    ],
)
def test_what_no_caption_is_to_blame_for_is_no_refusal(reply: Reply, message: str) -> None:
    def replies(number: int, body: dict[str, Any]) -> Reply:
        return echo(0, body) if number < 5 else reply

    arrived: dict[int, Outcome] = {}
    with serving(replies) as server, pytest.raises(UsageError, match=message):
        backend(server.url, concurrency=1, retries=0).answers(requests(20), arrived.__setitem__)
    assert all(isinstance(outcome, Answer) for outcome in arrived.values())
    assert len(server.seen) == 6


@pytest.mark.parametrize("key", ["sk-caf\u00e9", "sk-a\nb", "sk a"])
def test_a_key_that_cannot_be_sent_is_not_told(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, key)
    with pytest.raises(UsageError, match=f"{KEY_ENV}: expected a key") as at:
        backend("http://127.0.0.1:9/v1").answers(requests(1), lambda *_: None)
    assert key not in f"{at.value!r} {at.value.__context__!r} {at.value.__cause__!r}"


def test_the_end_of_a_line_is_no_part_of_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, f"{SECRET}\r\n")
    with serving(echo) as server:
        ask(server, 1)
    assert server.keys == [f"Bearer {SECRET}"]


def test_no_variable_of_openai_reaches_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_ENV)
    names = ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "WEBHOOK_SECRET")
    given = {f"OPENAI_{name}": f"leaked-{name}" for name in names}
    given["OPENAI_BASE_URL"] = "http://127.0.0.1:9/leaked"
    given["OPENAI_CUSTOM_HEADERS"] = "Authorization: leaked\nX-Other: leaked"
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with serving(echo) as server:
        ask(server, 1)
    assert server.keys == [""]
    assert "leaked" not in json.dumps(server.headers)
    assert {name: os.environ[name] for name in given} == given


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_model_stops_the_run_and_the_key_is_not_told(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    message = f"{'x' * 290} no such key: {SECRET}"
    with serving(lambda *_: Reply(status, body=message)) as server, pytest.raises(UsageError) as at:
        ask(server, 30)
    assert (KEY_ENV if status != 404 else "a-model") in str(at.value)
    assert len(server.seen) == 1
    for part in (SECRET, SECRET[:8]):
        assert part not in f"{at.value!r} {at.value.__context__!r} {caplog.text}"
    assert SECRET not in repr(backend(server.url))


def test_a_dead_server_stops_the_run_and_says_what_to_do() -> None:
    with serving(echo) as server:
        pass
    with pytest.raises(RetryableError, match="none that answers; the answers so far are kept"):
        ask(server, 3, retries=1)


def test_a_limit_on_requests_is_held_and_what_came_is_told_of() -> None:
    arrived: dict[int, Outcome] = {}
    with serving(echo) as server:
        limited = backend(server.url, max_requests=7)
        with pytest.raises(UsageError, match="max_requests: 7 were made"):
            limited.answers(requests(20), arrived.__setitem__)
    assert len(server.seen) == len(arrived) == limited.ledger.requests == 7


def test_requests_that_are_made_again_count() -> None:
    with serving(lambda *_: Reply(503, headers=SOON)) as server:
        limited = backend(server.url, max_requests=3, retries=9)
        with pytest.raises(UsageError, match="max_requests: 3 were made"):
            limited.answers(requests(1), lambda *_: None)
    assert len(server.seen) == 3


QUESTION = 13 * 1e-6 + 8 * 10e-6  # "caption 7": half its characters and a message's marks
BILLED = {
    "stated": (reply_with("x"), 27e-6),
    "not stated": (Reply(body='{"choices": [{"message": {"content": "x"}}]}'), QUESTION),
    "in part": (message({"content": "x"}, prompt_tokens=2), 82e-6),
    "by other names": (message({"content": "x"}, input_tokens=7, output_tokens=2), 27e-6),
    "no numbers": (message({"content": "x"}, prompt_tokens="many"), QUESTION),
    "infinite": (message({"content": "x"}, prompt_tokens=float("inf")), QUESTION),
    "thoughts in the total alone": (
        message({"content": "x"}, prompt_tokens=7, completion_tokens=1, total_tokens=9),
        27e-6,
    ),
    "null": (message({"content": None}), 27e-6),
    "refused": (message({"content": "", "refusal": "no"}), 27e-6),
    "a page": (Reply(body="<html>"), QUESTION),
}  # fmt: skip


@pytest.mark.parametrize("name", BILLED)
@pytest.mark.parametrize("concurrency", [1, 8])
def test_every_reply_is_billed_and_the_limit_is_never_passed(name: str, concurrency: int) -> None:
    reply, cost = BILLED[name]
    most = 500e-6
    with serving(lambda *_: reply) as server:
        limited = backend(
            server.url, concurrency=concurrency, max_cost=most, stop_after=1000, retries=0
        )
        with pytest.raises(UsageError, match=r"max_cost: 0\.000\d dollars are spent, and the next"):
            limited.answers(requests(10) * 10, lambda *_: None)
    assert limited.ledger.cost == pytest.approx(len(server.seen) * cost)
    assert most - QUESTION < limited.ledger.cost <= most


def test_what_is_given_up_is_billed_too() -> None:
    with serving(lambda *_: Reply(hangs_s=0.5)) as server:
        limited = backend(server.url, timeout_s=0.1, retries=1, stop_after=2, concurrency=1)
        with pytest.raises(RetryableError, match=r"2 questions in a row.*no reply within 0\.1 s"):
            limited.answers(requests(9), lambda *_: None)
    assert len(server.seen) == 4
    assert limited.ledger.cost == pytest.approx(4 * QUESTION)


def test_no_more_are_under_way_than_are_allowed() -> None:
    going, most = itertools.count(), 0
    under_way: set[int] = set()

    def replies(_number: int, body: dict[str, Any]) -> Reply:
        nonlocal most
        mine = next(going)
        under_way.add(mine)
        most = max(most, len(under_way))
        time.sleep(0.01)
        under_way.discard(mine)
        return echo(0, body)

    with serving(replies) as server:
        ask(server, 60, concurrency=6)
    assert 2 <= most <= 6


def test_a_third_garbage_busy_and_hangs_and_the_tally_is_right() -> None:
    """Garbage instead of answers is an answer, to be judged by who reads it."""

    def replies(number: int, body: dict[str, Any]) -> Reply:
        if number % 17 == 5:
            return Reply(429, headers=SOON)
        if number % 29 == 7:
            return Reply(hangs_s=0.6)
        is_garbage = caption_of(body) % 10 < 3
        return reply_with("<garbage>") if is_garbage else reply_with(json.dumps({"words": ["cat"]}))

    with serving(replies) as server:
        outcomes, _ = ask(server, 60, retries=8, timeout_s=0.3)
    texts = Counter(outcome.text for outcome in outcomes if isinstance(outcome, Answer))
    assert texts == {"<garbage>": 18, '{"words": ["cat"]}': 42}
