"""The proxy that makes faults does what each fault's name says, to a real S3 server behind it."""

import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import pytest

from data.streams import Stream
from tests.faulty_proxy import PASSING, SLOW_S, Fault, Plan, always, plan_of, random_plan
from tests.s3_server import SIGNED, Bucket

BODY = b"0123456789" * 1000
ANSWERS: dict[Fault, tuple[int | None, bool]] = {  # fault -> status that comes, is it done
    "slow down": (503, False),
    "broken": (500, False),
    "denied": (403, False),
    "cut request": (None, False),
    "lost answer": (None, True),
    "cut answer": (None, True),
    "slow": (200, True),
}


def request(bucket: Bucket, method: str, key: str, body: bytes = b"") -> tuple[int, bytes] | None:
    """Return the status and the body of one request through the proxy, None if it is cut."""
    connection = HTTPConnection(urlsplit(bucket.proxy.url).netloc)
    try:
        connection.request(method, f"/{bucket.name}/{key}", body=body, headers=SIGNED)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (ConnectionError, HTTPException):
        return None
    finally:
        connection.close()


@pytest.mark.parametrize("fault", ANSWERS)
def test_a_write_is_done_whole_or_not_at_all(fault: Fault, s3: Bucket) -> None:
    s3.proxy.plan = plan_of(fault)
    status, is_done = ANSWERS[fault]
    answer = request(s3, "PUT", "a", BODY)
    assert (answer and answer[0]) == status
    assert s3.get("a") == (BODY if is_done else None)
    assert s3.proxy.faults == Counter({fault: 1})
    assert request(s3, "PUT", "a", BODY) == (200, b"")
    assert s3.proxy.requests == Counter(PUT=2)


@pytest.mark.parametrize("fault", ANSWERS)
def test_a_read_gives_all_or_is_seen_to_fail(fault: Fault, s3: Bucket) -> None:
    s3.put("a", BODY)
    s3.proxy.plan = plan_of(fault)
    started = time.monotonic()
    answer = request(s3, "GET", "a")
    assert (answer and answer[0]) == ANSWERS[fault][0]
    assert answer is None or answer[0] != 200 or answer[1] == BODY
    assert (time.monotonic() - started >= SLOW_S) == (fault == "slow")


def test_half_of_an_answer_comes(s3: Bucket) -> None:
    s3.put("a", BODY)
    s3.proxy.plan = plan_of("cut answer")
    connection = HTTPConnection(urlsplit(s3.proxy.url).netloc)
    connection.request("GET", f"/{s3.name}/a", headers=SIGNED)
    answer = connection.getresponse()
    assert answer.headers["Content-Length"] == str(len(BODY))
    assert answer.read(len(BODY) // 2) == BODY[: len(BODY) // 2]
    with pytest.raises(HTTPException):
        answer.read()
    connection.close()


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (plan_of("slow", None, "broken"), ["slow", None, "broken", None]),
        (plan_of("slow", "broken", matching="PUT"), [None] * 4),
        (plan_of("slow", "broken", matching="GET /b"), ["slow", "broken", None, None]),
        (always("denied"), ["denied"] * 4),
        (always("denied", matching="PUT"), [None] * 4),
        (random_plan(Stream("s"), share=1.0, kinds=("slow",)), ["slow", "slow", None, "slow"]),
        (random_plan(Stream("s"), share=0.0), [None] * 4),
    ],
)
def test_plans(plan: Plan, expected: list[Fault | None]) -> None:
    assert [plan("GET /b/a") for _ in range(4)] == expected


def test_a_drawn_plan_draws_all_kinds_at_its_share() -> None:
    plan = random_plan(Stream("kinds"), share=0.3)
    faults = Counter(plan(f"GET /{number}") for number in range(3000))
    assert 0.27 < 1 - faults[None] / 3000 < 0.33
    assert min(faults[kind] for kind in PASSING) > 100


def test_many_at_a_time(s3: Bucket) -> None:
    s3.proxy.plan = random_plan(Stream("many"), share=0.3, kinds=("broken",))
    written = []

    def write(key: str) -> None:
        while request(s3, "PUT", key, key.encode()) != (200, b""):
            pass
        written.append(key)

    threads = [threading.Thread(target=write, args=(f"{number:02}",)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert s3.keys() == sorted(written)
    assert s3.proxy.requests["PUT"] == 20 + s3.proxy.faults["broken"] > 20
