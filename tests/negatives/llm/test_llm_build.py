"""A build that asks a server: through the same guards and choice, asked once, the same bytes."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from data.errors import RetryableError, UsageError
from data.manifest import problems_of, read_all_rows
from data.storage import AnyPath, path_of
from data.streams import Stream
from negatives.api import generate
from negatives.auditing.gap import is_scorer
from negatives.building import build
from negatives.cli import cli
from negatives.config import BuildConfig, build_config
from negatives.llm.estimate import estimate
from negatives.llm.prompts import prompt
from tests.faulty_proxy import random_plan
from tests.negatives.llm.llm_fakes import Reply, Server, message, reply_with, serving
from tests.negatives.llm.test_rules_that_ask import HOSTILE
from tests.s3_server import Bucket

pytest.importorskip("openai", reason="the extra `llm` is not installed")

WORDS = ["circle", "square", "star", "triangle", "red", "blue", "green", "yellow", "under", "above"]


def answer(number: int, body: dict[str, Any]) -> Reply:
    """Answer well, but for garbage, busy and hanging replies in between."""
    if number % 11 == 3:
        return Reply(429, headers={"Retry-After-Ms": "1"})
    asked = json.loads(body["messages"][-1]["content"])["caption"]
    return reply_with("no idea" if len(asked) % 4 == 0 else json.dumps({"words": WORDS}))


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
        "limits": {"timeout_s": 5.0, **(limits or {})},
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


def sections(server: Server, **limits: object) -> dict[str, Any]:
    """Return what a pipeline.yaml says for the same, with prices."""
    llm = {
        "backend": "openai",
        "model": "some-model",
        "url": server.url,
        "prompt_price": 1.0,
        "completion_price": 10.0,
        "limits": {"retries": 0, **limits},
    }
    section = {"preset": "natural-llm", "choice": {"scorers": []}, "llm": llm}
    return {"data": {"source": SCENES}, "negatives": section}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def content(out: AnyPath) -> dict[str, bytes]:
    files = [*(out / "data").iterdir(), out / "manifest.json"]
    return {path.name: path.read_bytes() for path in files}


def test_proposals_become_negatives_of_their_own_method(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with serving(answer) as server:
        manifest = build(config(server), out=out)
    assert list(problems_of(out, manifest)) == []
    (producer,) = (p for p in manifest.producers if p["method"] == "llm")
    assert producer["model"] == "some-model"
    assert producer["prompt"] == prompt("infill-1").version
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
    out = path_of(f"{s3.url}/out")
    with serving(lambda _, body: answer(0, body)) as server:
        build(config(server), out=tmp_path / "out")
        num_asked = len(server.seen)
    s3.proxy.plan = random_plan(Stream("asked"), share=0.1)
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
        with pytest.raises(RetryableError, match="10 questions in a row without a usable answer"):
            build(config(server, limits={"retries": 0}), out=tmp_path / "out")
        num_refused = len(server.seen)
    with serving(lambda _, body: answer(0, body)) as server:
        build(config(server), out=tmp_path / "out")
    assert len(server.seen) >= num_refused


NO_ANSWERS = {
    "null": message({"content": None}),
    "empty": reply_with(""),
    "parts without text": message({"content": [{"type": "tool_use"}]}),
    "an error": Reply(body='{"error": {"message": "out of memory", "code": 500}}'),
    "a page": Reply(body="<html><title>Bad gateway</title></html>"),
    "thoughts": message({"content": "<think>hm"}, "length"),
    "prose": reply_with("Sorry, I do not know."),
    "rejected": Reply(400, body='{"error": "unknown field seed_"}'),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_failed_questions_never_finish_a_folder(name: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    path = tmp_path / "pipeline.yaml"
    with serving(lambda *_: NO_ANSWERS[name]) as server:
        path.write_text(yaml.safe_dump(sections(server, max_cost=1.0)))
        done = run("build", "--config", str(path), "--out", str(out))
        assert 10 <= len(server.seen) <= 20
    assert done.exit_code != 0
    assert "10 questions in a row without a usable answer" in str(done.exception)
    assert not (out / "manifest.json").exists()
    with serving(lambda _, body: answer(0, body)) as server:
        path.write_text(yaml.safe_dump(sections(server)))
        done = run("build", "--config", str(path), "--out", str(out))
    assert done.exit_code == 0, done.exception
    assert (out / "manifest.json").exists()


@pytest.mark.parametrize("may", [0, 3, 1000])
def test_a_few_questions_without_an_answer_keep_a_folder_from_being_finished(
    may: int, tmp_path: Path
) -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        asked = json.loads(body["messages"][-1]["content"])
        return reply_with("") if asked["old"] in {"red", "blue"} else answer(0, body)

    out = tmp_path / "out"
    with serving(replies) as server:
        if may < 1000:
            with pytest.raises(RetryableError, match=LACKING) as error:
                build(config(server, limits={"max_unanswered": may}), out=out)
            assert not (out / "manifest.json").exists()
            match = re.search(LACKING, str(error.value))
            assert match is not None
            may = int(match[1])
            assert match[2] == match[1]
            assert f"{may} empty" in str(error.value)
        manifest = build(config(server, limits={"max_unanswered": may}), out=out)
    asked = json.loads((out / "run.json").read_text())["asked"]
    assert manifest.tallies["slots_by_fate"]["llm_infill: no content"] >= asked["empty"] > 3
    assert asked["empty"] <= may
    with serving(answer) as server:
        build(config(server), out=out)
    assert server.seen == []


LACKING = r"some-model: (\d+) of \d+ questions have no answer \(HTTP 200, content: \"\", .*=(\d+)\n"


def test_what_fails_once_is_asked_again_at_the_end(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()

    def replies(_number: int, body: dict[str, Any]) -> Reply:
        text = body["messages"][-1]["content"]
        seen[text] += 1
        is_first = json.loads(text)["old"] == "red" and seen[text] <= 2
        return reply_with("") if is_first else answer(0, body)

    with serving(replies) as server:
        build(config(server), out=tmp_path / "out")
        num_asked = len(server.seen)
    with serving(lambda _, body: answer(0, body)) as server:
        build(config(server), out=tmp_path / "undisturbed")
    assert content(tmp_path / "out") == content(tmp_path / "undisturbed")
    asked = json.loads((tmp_path / "out/run.json").read_text())["asked"]
    assert asked["empty"] == asked["kept"] == 0
    assert asked["prompt_tokens"] == 7 * num_asked


def test_the_end_of_asking_is_told(tmp_path: Path) -> None:
    def replies(number: int, body: dict[str, Any]) -> Reply:
        return message({"refusal": "no"}) if number == 3 else answer(0, body)

    path = tmp_path / "pipeline.yaml"
    with serving(replies) as server:
        path.write_text(yaml.safe_dump(sections(server)))
        arguments = ("build", "--config", str(path), "--out")
        done = run(*arguments, str(tmp_path / "out"))
        as_json = run(*arguments, str(tmp_path / "again"), "--json")
        num = len({body["messages"][-1]["content"] for body in server.seen})
    assert done.exit_code == as_json.exit_code == 0
    line = next(line for line in done.stdout.splitlines() if line.startswith("asked "))
    assert re.fullmatch(
        rf"asked {num} questions: {num - 1} answered \(\d+ of them not in the form asked for\), "
        rf"1 refused, 0 empty; {7 * num:,} tokens read, {2 * num} written, 0\.\d{{4}} dollars",
        line,
    )
    assert json.loads(as_json.stdout)["asked"]["answered"] == num
    assert "asked" not in run(*arguments, str(tmp_path / "out")).stdout


def test_captions_in_memory_are_not_taken_for_done(tmp_path: Path) -> None:  # noqa: ARG001
    options = {"preset": "natural-llm", "choice": {"scorers": []}}
    with serving(lambda *_: reply_with("")) as server:
        given = {**options, "llm": {"backend": "openai", "model": "m", "url": server.url}}
        with pytest.raises(RetryableError, match="questions have no answer"):
            list(generate(["A red car on a street."], options=given))


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
    return reply_with(f"{json.dumps(content)}\n{asked['caption']}")


def test_natural_refuses_what_cannot_be_drawn_back() -> None:
    with pytest.raises(UsageError, match="use the preset natural-llm"):
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
        ({"limits": {"retries": -1}}, "retries: expected 0 or more, found -1"),
        ({"limits": {"timeout_s": 0}}, "timeout_s: expected seconds above 0"),
        ({"limits": {"concurrency": 0}}, r"llm\.limits\.concurrency: .* found 0"),
        ({"limits": {"max_request": 3}}, "did you mean 'max_requests'"),
        ({"limits": 3}, r"llm\.limits: .* found 3"),
        ({"limits": {"max_unanswered": -1}}, r"max_unanswered: expected 0 or more, found -1"),
        ({"limits": {"stop_after": 0}}, r"llm\.limits\.stop_after: .* found 0"),
        ({"limits": {"thinking_tokens": -1}}, r"thinking_tokens: expected 0 or more, found -1"),
        ({"limits": {"max_cost": 3.0}}, r"limits\.max_cost: is for a server"),
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


PARAPHRASES = {
    "A man riding a horse in a park.": "In a park, a man is riding a horse.",
    "A dog chases a cat.": "A cat chases a dog.",
    "Two men and three dogs in a park.": "Three dogs and two men in a park.",
    "A cat lies under a blue chair.": "no idea",
}


def test_paraphrases_are_kept_where_they_agree_with_the_parse(tmp_path: Path) -> None:
    source = tmp_path / "captions.jsonl"
    lines = (
        json.dumps({"image": f"{number}.jpg", "caption": caption})
        for number, caption in enumerate(PARAPHRASES)
    )
    source.write_text("\n".join(lines))

    def paraphrase(_number: int, body: dict[str, Any]) -> Reply:
        caption = json.loads(body["messages"][-1]["content"])["caption"]
        return reply_with(json.dumps({"paraphrase": PARAPHRASES[caption]}))

    with serving(paraphrase) as server:
        llm = {"backend": "openai", "model": "some-model", "url": server.url}
        section = {
            "rules": [{"rule": "replace_attribute"}],
            "choice": {"scorers": []},
            "positives": ["numerals", "llm_paraphrase"],
            "llm": {**llm, "limits": {"timeout_s": 5.0}},
        }
        wanted = build_config(
            {"data": {"source": {"name": "jsonl", "root": str(source)}}, "negatives": section}
        )
        assert estimate(wanted).requests == len(PARAPHRASES)
        manifest = build(wanted, out=tmp_path / "out")
    positives = [p for row in read_all_rows(tmp_path / "out", manifest) for p in row.positives]
    found = {(p.text, p.method) for p in positives if p.rule == "llm_paraphrase"}
    assert found == {
        ("In a park, a man is riding a horse.", "llm"),
        ("Three dogs and two men in a park.", "llm"),
    }
    fates = manifest.tallies["positive_slots_by_fate"]
    assert fates["llm_paraphrase: accepted"] == 2
    assert fates["llm_paraphrase: other relations"] == 1
    assert fates["llm_paraphrase: denies something"] == 1
    (producer,) = (p for p in manifest.producers if p["rule"] == "llm_paraphrase")
    assert producer["positives"]
    assert producer["method"] == "llm"
    assert (producer["model"], producer["prompt"]) == ("some-model", prompt("paraphrase-1").version)
    assert list(problems_of(tmp_path / "out", manifest)) == []
