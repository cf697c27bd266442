"""A server on loopback that is busy, slow, rude or wrong; it is the client that is tested."""

import itertools
import json
import logging
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from data.errors import RetryableError, UsageError
from negatives.llm.limits import Limits
from negatives.llm.openai import OpenAIBackend
from negatives.llm.requests import Answer, Facts, Failure, Message, Outcome, Request
from tests.negatives.llm.llm_fakes import Reply, Server, said, serving

pytest.importorskip("httpx", reason="the extra `llm` is not installed")

SECRET = "sk-not-a-real-key"  # noqa: S105 - no key of anything
KEY_ENV = "HARD_NEGATIVES_TEST_KEY"


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


def backend(url: str, **limits: float | None) -> OpenAIBackend:
    facts = Facts("a-model", "1", "text", 1.0, 10.0)
    given: dict[str, Any] = {"timeout_s": 5.0, "retries": 3, "first_wait_s": 0.001, **limits}
    return OpenAIBackend(url=url, facts=facts, key_env=KEY_ENV, limits=Limits(**given))


def echo(_number: int, body: dict[str, Any]) -> Reply:
    return said(body["messages"][-1]["content"])


def asked(
    server: Server, num: int, **limits: float | None
) -> tuple[list[Outcome], dict[int, Outcome]]:
    arrived: dict[int, Outcome] = {}
    return backend(server.url, **limits).answers(requests(num), arrived.__setitem__), arrived


def test_answers_come_in_order_and_are_told_of_as_they_arrive() -> None:
    with serving(echo) as server:
        outcomes, arrived = asked(server, 40)
    assert outcomes == [Answer(f"caption {number}", 7, 2) for number in range(40)]
    assert arrived == dict(enumerate(outcomes))
    assert len(server.seen) == 40
    assert set(server.keys) == {f"Bearer {SECRET}"}
    assert server.seen[0]["model"] == "a-model"
    assert server.seen[0]["temperature"] == 0.0


def test_no_request_no_server_needed() -> None:
    assert backend("http://127.0.0.1:9/v1").answers([], lambda *_: None) == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_is_refused_for_now_is_asked_again(status: int) -> None:
    def replies(number: int, body: dict[str, Any]) -> Reply:
        return Reply(status, headers={"Retry-After": "0"}) if number % 3 == 0 else echo(0, body)

    with serving(replies) as server:
        outcomes, _ = asked(server, 20, retries=20)
    assert outcomes == [Answer(f"caption {number}", 7, 2) for number in range(20)]


def test_retry_after_is_obeyed() -> None:
    def replies(number: int, body: dict[str, Any]) -> Reply:
        return Reply(429, headers={"Retry-After": "0.3"}) if number == 0 else echo(0, body)

    with serving(replies) as server:
        start = time.perf_counter()
        asked(server, 1)
        assert time.perf_counter() - start >= 0.3


@pytest.mark.parametrize(
    ("tries", "unit", "asked_for", "expected"),
    [
        (0, 0.5, None, 0.5), (0, 0.0, None, 0.25), (3, 0.5, None, 4.0), (9, 0.5, None, 10.0),
        (0, 0.5, 3.0, 3.0), (9, 0.5, 0.0, 0.0), (0, 0.5, 900.0, 10.0),
    ],
)  # fmt: skip
def test_waits_double_up_to_a_limit_and_the_server_may_ask_for_one(
    tries: int, unit: float, asked_for: float | None, expected: float
) -> None:
    limits = Limits(first_wait_s=0.5, longest_wait_s=10.0)
    assert limits.wait_s(tries, unit, asked_for) == expected


def test_a_server_that_stays_busy_fails_that_row_alone() -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        return Reply(503) if body["messages"][-1]["content"] == "caption 3" else echo(0, body)

    with serving(replies) as server:
        outcomes, _ = asked(server, 6)
    assert outcomes[3] == Failure("no answer")
    assert Counter(map(type, outcomes)) == {Answer: 5, Failure: 1}
    assert len(server.seen) == 5 + 4


def test_a_hang_times_out_and_fails_that_row_alone() -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        hangs = body["messages"][-1]["content"] == "caption 1"
        return Reply(hangs_s=1.0) if hangs else echo(0, body)

    with serving(replies) as server:
        outcomes, _ = asked(server, 4, timeout_s=0.2, retries=1)
    assert outcomes[1] == Failure("timed out")
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == 3


def test_a_reply_that_drips_times_out_as_a_whole() -> None:
    def replies(number: int, body: dict[str, Any]) -> Reply:
        return replace(echo(0, body), hangs_s=3.0, drips=True) if number == 0 else echo(0, body)

    with serving(replies) as server:
        start = time.perf_counter()
        outcomes, _ = asked(server, 1, timeout_s=0.3)
        assert time.perf_counter() - start < 2.0
    assert outcomes == [Answer("caption 0", 7, 2)]


def counted(num_tokens: str) -> str:
    usage = f'"usage": {{"prompt_tokens": {num_tokens}}}'
    return f'{{"choices": [{{"message": {{"content": "x"}}}}], {usage}}}'


GARBAGE = ["", "no json", "[]", "{}", '{"choices": []}', '{"choices": [{"message": null}]}',
           '{"choices": [{"message": {"content": null}}]}', "\x00\xff", counted("Infinity"),
           counted('"many"')]  # fmt: skip


@pytest.mark.parametrize("body", GARBAGE)
def test_a_reply_that_is_none_is_asked_for_again(body: str) -> None:
    replies = iter([Reply(body=body)])
    with serving(lambda _, sent: next(replies, None) or echo(0, sent)) as server:
        outcomes, _ = asked(server, 1)
    assert outcomes == [Answer("caption 0", 7, 2)]


def test_a_reply_that_cannot_be_unpacked_fails_that_row_alone() -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        is_second = body["messages"][-1]["content"] == "caption 1"
        packed = Reply(body="no gzip", headers={"Content-Encoding": "gzip"})
        return packed if is_second else echo(0, body)

    with serving(replies) as server:
        outcomes, _ = asked(server, 3)
    assert outcomes == [Answer("caption 0", 7, 2), Failure("no answer"), Answer("caption 2", 7, 2)]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, body="too long"),
        Reply(body='{"choices": [{"message": {"content": "", "refusal": "no"}}]}'),
        Reply(
            body='{"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}'
        ),
    ],
)
def test_a_refusal_is_final(reply: Reply) -> None:
    with serving(lambda *_: reply) as server:
        outcomes, _ = asked(server, 2)
    assert outcomes == [Failure("refused")] * 2
    assert len(server.seen) == 2


def test_a_server_that_refuses_all_it_is_asked_is_not_believed() -> None:
    arrived: dict[int, Outcome] = {}
    with serving(lambda *_: Reply(400, body="unknown model")) as server:
        with pytest.raises(UsageError, match="answers 400; expected the model 'a-model' there"):
            backend(server.url).answers(requests(40), arrived.__setitem__)
        assert len(server.seen) < 20
    assert arrived == {}


def test_refusals_are_believed_once_something_is_answered() -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        is_last = body["messages"][-1]["content"] == "caption 5"
        return echo(0, body) if is_last else Reply(400)

    with serving(replies) as server:
        outcomes, arrived = asked(server, 7, concurrency=1)
    assert outcomes == [*[Failure("refused")] * 5, Answer("caption 5", 7, 2), Failure("refused")]
    assert arrived == dict(enumerate(outcomes))


def test_the_server_is_told_its_own_name_of_the_model() -> None:
    with serving(echo) as server:
        named = replace(backend(server.url), model="/models/a-model")
        named.answers(requests(1), lambda *_: None)
    assert server.seen[0]["model"] == "/models/a-model"


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_server_that_knows_no_schema_is_asked_once_with_it(status: int) -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        return Reply(status) if "response_format" in body else echo(0, body)

    with serving(replies) as server:
        found = backend(server.url, concurrency=1).answers(
            requests(5, schema={"type": "object"}), lambda *_: None
        )
    assert [type(outcome) for outcome in found] == [Answer] * 5
    assert ["response_format" in body for body in server.seen] == [True, *[False] * 5]


@pytest.mark.parametrize("status", [301, 308, 402, 405, 410])
def test_what_no_caption_is_to_blame_for_is_no_refusal(status: int) -> None:
    def replies(number: int, body: dict[str, Any]) -> Reply:
        return echo(0, body) if number < 5 else Reply(status, headers={"Location": "/v2"})

    arrived: dict[int, Outcome] = {}
    with serving(replies) as server, pytest.raises(UsageError, match=f"answers {status}"):
        backend(server.url, concurrency=1).answers(requests(20), arrived.__setitem__)
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
        asked(server, 1)
    assert server.keys == [f"Bearer {SECRET}"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_model_stops_the_run_and_the_key_is_not_told(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(lambda *_: Reply(status, body=SECRET)) as server, pytest.raises(UsageError) as at:
        asked(server, 30)
    assert KEY_ENV in str(at.value)
    assert len(server.seen) <= 4
    assert SECRET not in f"{at.value!r} {at.value.__context__!r} {caplog.text}"
    assert SECRET not in repr(backend(server.url))


def test_a_dead_server_stops_the_run_and_says_what_to_do() -> None:
    with serving(echo) as server:
        pass
    with pytest.raises(RetryableError, match="none that answers; the answers so far are kept"):
        asked(server, 3, retries=1)


def test_a_limit_on_requests_is_held_and_what_came_is_told_of() -> None:
    arrived: dict[int, Outcome] = {}
    with serving(echo) as server:
        limited = backend(server.url, max_requests=7)
        with pytest.raises(UsageError, match="max_requests: 7 were made"):
            limited.answers(requests(20), arrived.__setitem__)
    assert len(server.seen) == len(arrived) == limited.spent.requests == 7


def test_a_limit_on_cost_is_held() -> None:
    with serving(echo) as server:
        limited = backend(server.url, concurrency=1, max_cost=3 * 27e-6)  # 7 * 1 + 2 * 10 a request
        with pytest.raises(UsageError, match=r"max_cost: 0\.0001 dollars are spent"):
            limited.answers(requests(20), lambda *_: None)
    assert 3 <= len(server.seen) <= 4


def test_no_more_are_under_way_than_the_server_bears() -> None:
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
        asked(server, 60, concurrency=6)
    assert 2 <= most <= 6


def test_a_third_garbage_busy_and_hangs_and_the_tally_is_right() -> None:
    """Garbage instead of answers is an answer, to be judged by who reads it."""

    def replies(number: int, body: dict[str, Any]) -> Reply:
        if number % 17 == 5:
            return Reply(429)
        if number % 29 == 7:
            return Reply(hangs_s=0.6)
        is_garbage = int(body["messages"][-1]["content"].split()[-1]) % 10 < 3
        return said("<garbage>") if is_garbage else said(json.dumps({"words": ["cat"]}))

    with serving(replies) as server:
        outcomes, _ = asked(server, 60, retries=8, timeout_s=0.3)
    texts = Counter(outcome.text for outcome in outcomes if isinstance(outcome, Answer))
    assert texts == {"<garbage>": 18, '{"words": ["cat"]}': 42}
