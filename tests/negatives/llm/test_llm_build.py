"""A build that asks a server: through the same guards and choice, asked once, the same bytes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from data.errors import RetryableError, UsageError
from data.manifest import problems_of, read_all_rows
from data.storage import place
from data.streams import Stream
from negatives.audit.gap import is_scorer
from negatives.build import build
from negatives.config import BuildConfig, build_config
from tests.faulty_proxy import drawn
from tests.negatives.llm.llm_fakes import Reply, Server, said, serving
from tests.negatives.llm.test_rules_that_ask import HOSTILE
from tests.s3_server import Bucket

pytest.importorskip("httpx", reason="the extra `llm` is not installed")

WORDS = ["circle", "square", "star", "triangle", "red", "blue", "green", "yellow", "under", "above"]


def answer(number: int, body: dict[str, Any]) -> Reply:
    """Answer well, but for garbage, busy and hanging replies in between."""
    if number % 11 == 3:
        return Reply(429, headers={"Retry-After": "0"})
    asked = json.loads(body["messages"][-1]["content"])["caption"]
    return said("no idea" if len(asked) % 4 == 0 else json.dumps({"words": WORDS}))


SCENES = {"name": "scenes", "num_images": 12}


def config(
    server: Server,
    *,
    source: Mapping[str, object] = SCENES,
    limits: Mapping[str, object] | None = None,
    rules: Sequence[Mapping[str, object]] | None = None,
    **options: object,
) -> BuildConfig:
    llm = {
        "backend": "openai",
        "model": "some-model",
        "url": server.url,
        "limits": {"timeout_s": 5.0, "first_wait_s": 0.001, **(limits or {})},
        **options,
    }
    return build_config(
        {
            "data": {"source": source},
            "negatives": {
                "preset": "natural-llm",
                "rules": rules,
                "choice": {"scorers": []},
                "shard_captions": 20,
                "llm": llm,
            },
        }
    )


def content(out: Path) -> dict[str, bytes]:
    files = [*(out / "data").iterdir(), out / "manifest.json"]
    return {path.name: path.read_bytes() for path in files}


def test_proposals_become_negatives_of_their_own_method(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with serving(answer) as server:
        manifest = build(config(server), out=out)
    assert list(problems_of(out, manifest)) == []
    (producer,) = (p for p in manifest.producers if p["method"] == "llm")
    assert producer["model"] == "some-model"
    assert str(producer["prompt"]).startswith("infill-1 ")
    assert producer["asked_by"] == "text"
    llm = manifest.config["negatives"]["llm"]  # type: ignore[index]
    assert llm == {"backend": "openai", "model": "some-model", "version": ""}
    assert server.url not in (out / "manifest.json").read_text()
    assert is_scorer("company/Some-Model-Instruct", manifest)
    assert not is_scorer("Another-Model", manifest)
    found = [n for row in read_all_rows(out, manifest) for n in row.negatives]
    by_method = {n.method: n.rule for n in found}
    assert by_method["llm"] == "llm_infill"
    assert "rule" in by_method
    fates = manifest.tallies["slots_by_fate"]
    assert fates["llm_infill: unparsable"] > 0
    assert fates["llm_infill: wrong type"] > 0


def test_a_model_that_is_a_folder_is_asked_by_its_path_and_named_without(tmp_path: Path) -> None:
    model = tmp_path / "some-model"
    model.mkdir()
    with serving(answer) as server:
        manifest = build(config(server, model=str(model)), out=tmp_path / "out")
    assert {body["model"] for body in server.seen} == {str(model)}
    assert {p["model"] for p in manifest.producers if p["method"] == "llm"} == {"some-model"}
    assert str(tmp_path) not in (tmp_path / "out/manifest.json").read_text()


def test_a_warm_cache_asks_nothing_and_gives_the_same_bytes(tmp_path: Path) -> None:
    with serving(answer) as server:
        build(config(server), out=tmp_path / "one")
    cache = tmp_path / "one/answers"
    with serving(lambda *_: Reply(500)) as silent:
        build(config(silent, cache=cache), out=tmp_path / "two")
    assert silent.seen == []
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_a_build_that_stops_in_the_middle_asks_nothing_twice(tmp_path: Path) -> None:
    def answers(_number: int, body: dict[str, Any]) -> Reply:
        return answer(0, body)

    with serving(answers) as server:
        build(config(server), out=tmp_path / "undisturbed")
        whole = server.seen[:]
    with serving(answers) as server:
        for num in (5, 30):
            with pytest.raises(UsageError, match=f"max_requests: {num} were made"):
                build(config(server, limits={"max_requests": num}), out=tmp_path / "out")
        build(config(server), out=tmp_path / "out")
    last = [body["messages"][-1]["content"] for body in server.seen]
    assert sorted(last) == sorted(body["messages"][-1]["content"] for body in whole)
    assert content(tmp_path / "out") == content(tmp_path / "undisturbed")


def test_a_store_keeps_answers_so_that_nothing_is_asked_twice(tmp_path: Path, s3: Bucket) -> None:
    out = place(f"{s3.url}/out")
    with serving(lambda _, body: answer(0, body)) as server:
        build(config(server), out=tmp_path / "out")
        num_asked = len(server.seen)
    s3.proxy.plan = drawn(Stream("asked"), share=0.1)
    with serving(lambda _, body: answer(0, body)) as server:
        with pytest.raises(UsageError, match="max_requests: 30 were made"):
            build(config(server, limits={"max_requests": 30}), out=out)
        kept = [s3.get(key) or b"" for key in s3.keys() if "/answers/" in key]  # noqa: SIM118
        assert sum(content.count(b"\n") for content in kept) == 30
        build(config(server), out=out)
    assert len(server.seen) == num_asked
    assert content(out) == content(tmp_path / "out")
    assert s3.proxy.faults.total() > 0


def test_a_server_that_answers_nothing_stops_the_build(tmp_path: Path) -> None:
    with serving(lambda *_: Reply(500)) as server:
        with pytest.raises(RetryableError, match=r"no answer to \d+ of \d+ requests"):
            build(config(server, limits={"retries": 0}), out=tmp_path / "out")
        num_refused = len(server.seen)
    with serving(lambda _, body: answer(0, body)) as server:
        build(config(server), out=tmp_path / "out")
    assert len(server.seen) >= num_refused


def test_damaged_answers_are_asked_for_again_and_no_others(tmp_path: Path) -> None:
    with serving(answer) as server:
        build(config(server), out=tmp_path / "one")
    cache = tmp_path / "one/answers"
    path = min(cache.iterdir())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0].replace(b'"', b"'", 1), *lines[1:-1], lines[-1][:-9]]))
    with serving(lambda _, body: answer(0, body)) as again:
        build(config(again, cache=cache), out=tmp_path / "two")
    assert len(again.seen) == 2
    assert content(tmp_path / "one") == content(tmp_path / "two")


@pytest.mark.parametrize("rule", ["llm_infill", "llm_rewrite"])
def test_twenty_hostile_captions_change_no_other_row(rule: str, tmp_path: Path) -> None:
    plain = ["A red car by a tree.", "Two dogs sleep on a sofa.", "A man riding a horse."]
    own = [{"image": f"plain-{n}", "caption": text} for n, text in enumerate(plain)]
    others = [{"image": f"hostile-{n}", "caption": text} for n, text in enumerate(HOSTILE)]

    def rows_of(name: str, captions: list[dict[str, str]]) -> dict[str, Any]:
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(f"{json.dumps(each)}\n" for each in captions))
        source = {"name": "jsonl", "root": str(path)}
        with serving(echoing) as server:
            asks = config(server, source=source, rules=[{"rule": rule}])
            found = build(asks, out=tmp_path / name)
        assert list(problems_of(tmp_path / name, found)) == []
        rows = read_all_rows(tmp_path / name, found)
        return {row.image: row.negatives for row in rows if row.image.startswith("plain")}

    alone = rows_of("alone", own)
    assert any(alone.values())
    assert rows_of("among", [*others[:10], *own, *others[10:]]) == alone


def echoing(_number: int, body: dict[str, Any]) -> Reply:
    """Answer well and, as a small model may, with what the caption says too."""
    asked = json.loads(body["messages"][-1]["content"])
    edits = [
        {"type": "object", "find": old, "replace": new}
        for old, new in (("car", "bus"), ("dogs", "cats"), ("horse", "camel"))
    ]
    content = {"words": ["bus", "cats", "camel", *WORDS], "edits": edits}
    return said(f"{json.dumps(content)}\n{asked['caption']}")


def test_natural_refuses_what_cannot_be_drawn_back() -> None:
    with pytest.raises(UsageError, match="expected the preset natural-llm"):
        build_config({"negatives": {"rules": [{"rule": "swap"}, {"rule": "llm_infill"}]}})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "openai"}, r"llm\.model: expected the server's name"),
        ({"url": "ftp://x/v1"}, r"llm\.url: expected http"),
        ({"url": "http://user:secret@host/v1"}, "an address without a key"),
        ({"url": "http://host/v1?key=secret"}, "an address without a key"),
        (
            {"backend": "openai", "model": "m", "limits": {"max_cost": 3.0}},
            "expected prompt_price and completion_price",
        ),
        ({"limits": {"retries": -1}}, "retries of 0 or more, found"),
        ({"limits": {"timeout_s": 0}}, "timeout_s above 0"),
        ({"limits": {"concurrency": 0}}, r"llm\.limits\.concurrency: .* found 0"),
        ({"limits": {"max_request": 3}}, "did you mean 'max_requests'"),
        ({"limits": 3}, r"llm\.limits: .* found 3"),
        (
            {"limits": {"first_wait_s": 90.0}},
            r"first_wait_s from 0 to longest_wait_s, found 90\.0 and 60\.0",
        ),
        ({"limits": {"max_cost": 3.0}}, "limits: all but max_requests are for a server"),
        ({"version": "2"}, r"version: does nothing with the backend local; .*backend=openai"),
        (
            {"backend": "openai", "model": "m", "device": "cpu"},
            r"device: does nothing with the backend openai; .*backend=local",
        ),
        ({"model": "m"}, r"negatives\.llm: no rule asks a language model"),
        ({"backend": "magic"}, r"negatives\.llm\.backend"),
        ({"modell": "x"}, "did you mean 'model'"),
    ],
)
def test_a_wrong_llm_section_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        build_config({"negatives": {"llm": options}})
    assert "secret" not in str(error.value)
