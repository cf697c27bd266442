"""What the commands say and do where a language model is asked; those of docs/llm.md among them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from data.errors import RetryableError, UsageError
from negatives.building import build
from negatives.cli import cli
from negatives.config import build_config
from negatives.llm.estimate import estimate
from tests.documents import blocks, commands, page
from tests.negatives.llm.llm_fakes import Reply, Server, message, reply_with, serving
from tests.negatives.llm.tiny_model import write_model

pytest.importorskip("openai", reason="the extra `llm` is not installed")

NEGATIVES = Path(sys.executable).with_name("negatives")
RIDER = "A man riding a horse on a beach."
YES = '{"false": "yes", "grammatical": "yes", "plausible": "yes"}'
NO = '{"false": "no", "grammatical": "yes", "plausible": "yes"}'


def question(body: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(body["messages"][-1]["content"]))


def llm_of(server: Server, **options: object) -> dict[str, object]:
    return {"backend": "openai", "model": "some-model", "url": server.url, **options}


def file_of(folder: Path, server: Server, *rules: dict[str, object]) -> Path:
    path = folder / "pipeline.yaml"
    section = {"llm": llm_of(server), "rules": list(rules) or None}
    path.write_text(yaml.safe_dump({"negatives": section}))
    return path


def preview(*arguments: str, text: str = RIDER) -> Result:
    return CliRunner().invoke(cli, ["preview", text, "--llm", *arguments])


def camel(_number: int, body: dict[str, Any]) -> Reply:
    """Name a camel for a horse, and verify it."""
    asked = question(body)
    if "changed" in asked:
        return reply_with(YES if "camel" in asked["changed"] else NO)
    return reply_with(json.dumps({"words": ["camel", "cow"] if asked["old"] == "horse" else []}))


def test_preview_shows_what_is_asked_and_what_is_answered(tmp_path: Path) -> None:
    with serving(camel) as server:
        done = preview("--config", str(file_of(tmp_path, server)), "--rule", "llm_infill")
    assert done.exit_code == 0, done.output
    assert '{"caption": "A man riding a ___ on a beach.", "old": "horse"}' in done.stdout
    assert 'answered  {"words": ["camel", "cow"]}' in done.stdout
    assert "proposed  A man riding a camel on a beach." in done.stdout


def test_preview_asks_as_the_configuration_says_and_shows_verdicts(tmp_path: Path) -> None:
    rule = {"rule": "llm_infill", "kinds": ["obj"], "verify": True}
    with serving(camel) as server:
        path = file_of(tmp_path, server, {"rule": "swap"}, rule)
        done = preview("--config", str(path), "--rule", "llm_infill", "--json")
    (found,) = json.loads(done.stdout)["rules"]
    assert found["rule"] == rule
    asked = [json.loads(each["request"]) for each in found["asked"]]
    assert [each["old"] for each in asked if "old" in each] == ["man", "horse", "beach"]
    assert [each["changed"] for each in asked if "changed" in each] == [
        "A man riding a camel on a beach.", "A man riding a cow on a beach.",
    ]  # fmt: skip
    assert found["proposed"] == ["A man riding a camel on a beach."]
    assert found["faults"] == {"judged no": 1}


def test_an_answer_writes_nothing_else_on_the_terminal(tmp_path: Path) -> None:
    with serving(lambda *_: reply_with("\x1b[2J\x07 gone \u202e \ud83d")) as server:
        path = str(file_of(tmp_path, server))
        shown = preview("--config", path)
        as_json = preview("--config", path, "--json")
    assert shown.exit_code == as_json.exit_code == 0, shown.output
    assert "\\x1b[2J\\x07 gone \\u202e \\ud83d" in shown.stdout
    assert all(each.isprintable() for each in shown.stdout.replace("\n", ""))
    answers = {a["answer"] for r in json.loads(as_json.stdout)["rules"] for a in r["asked"]}
    assert answers == {"\x1b[2J\x07 gone \u202e \ud83d"}


def test_preview_does_not_take_a_failure_for_an_answer(tmp_path: Path) -> None:
    def replies(_number: int, body: dict[str, Any]) -> Reply:
        return message({"content": None}) if question(body)["old"] == "man" else camel(0, body)

    with serving(replies) as server:
        path = str(file_of(tmp_path, server))
        done = preview("--config", path, "--rule", "llm_infill")
    assert isinstance(done.exception, RetryableError)
    assert "some-model: 1 of 4 questions have no answer" in str(done.exception)
    assert 'answered  (no content: HTTP 200, content: null, finish_reason: "stop")' in done.stdout
    assert "proposed  A man riding a camel on a beach." in done.stdout
    assert "asked 4 questions: 3 answered, 0 refused, 1 empty; 35 tokens read" in done.stderr


@pytest.mark.parametrize(
    ("section", "text", "message"),
    [
        ({"negatives": {"lmm": {}}}, RIDER, "did you mean 'llm'"),
        ({"negativs": {}}, RIDER, "did you mean 'negatives'"),
        ({"negatives": {"llm": {"limits": {"retry": 1}}}}, RIDER, "did you mean 'retries'"),
        ({"negatives": {"rules": [{"rule": "llm_infill", "n": 1}]}}, RIDER, "unknown option 'n'"),
        ({}, "half \ud83d", "not valid Unicode"),
        ({}, "a " * 9000, "longer than 10000 characters"),
    ],
)
def test_preview_refuses_what_is_wrong(
    section: dict[str, Any], text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(yaml.safe_dump(section))
    done = preview("--config", str(path), text=text)
    assert isinstance(done.exception, UsageError)
    assert re.search(message, str(done.exception))


def sections_of(server: Server, *rules: dict[str, object], num_images: int = 12) -> dict[str, Any]:
    return {
        "data": {"source": {"name": "scenes", "num_images": num_images}},
        "negatives": {
            "preset": "natural-llm",
            "choice": {"scorers": []},
            "rules": list(rules),
            "llm": llm_of(server, prompt_price=1.0, completion_price=10.0),
        },
    }


@pytest.mark.parametrize("name", ["llm_infill", "llm_rewrite"])
def test_a_dry_run_asks_nothing_and_tells_what_a_build_asks(name: str, tmp_path: Path) -> None:
    with serving(lambda *_: reply_with('{"words": [], "edits": []}')) as server:
        config = build_config(sections_of(server, {"rule": name}))
        told = estimate(config)
        assert server.seen == []
        build(config, out=tmp_path / "out")
    asked = json.loads((tmp_path / "out/run.json").read_text())["asked"]
    distinct = {json.dumps(body["messages"]) for body in server.seen}
    assert asked["requests"] == len(distinct) <= told.requests <= 1.2 * len(distinct)
    assert asked["cost"] == pytest.approx(asked["requests"] * (7 * 1.0 + 2 * 10.0) / 1e6)
    characters = sum(len(m["content"]) for body in server.seen for m in body["messages"])
    assert 0.8 < told.prompt_tokens / told.requests / (characters / len(server.seen) / 4) < 1.5
    assert told.cost == pytest.approx((told.prompt_tokens + 10 * told.completion_tokens) / 1e6)


def test_a_dry_run_scales_the_first_captions_and_knows_verifiers_and_samples() -> None:
    with serving(camel) as server:
        pass  # gone: none is needed
    judged = {"rule": "llm_infill", "proposals": 2, "verify": True}
    found = {
        key: estimate(build_config(sections_of(server, rule, num_images=num)))
        for key, rule, num in (
            ("few", {"rule": "llm_infill"}, 40),
            ("many", {"rule": "llm_infill"}, 400),
            ("judged", judged, 40),
            ("drawn", {"rule": "llm_rewrite", "answers": 3, "temperature": 1.0}, 40),
        )
    }
    assert found["many"].requests == pytest.approx(10 * found["few"].requests, rel=0.2)
    assert found["judged"].requests == 3 * found["few"].requests
    assert found["drawn"].requests == 3 * found["drawn"].captions


def test_a_dry_run_knows_that_a_model_may_think_first() -> None:
    sections = sections_of(Server(camel, url="http://127.0.0.1:9/v1"), {"rule": "llm_infill"})
    plain = estimate(build_config(sections))
    sections["negatives"]["llm"]["limits"] = {"thinking_tokens": 1000}
    thinking = estimate(build_config(sections))
    more = thinking.completion_tokens - plain.completion_tokens
    assert more == pytest.approx(1000 * plain.requests, rel=0.01)
    assert thinking.prompt_tokens == plain.prompt_tokens


def test_a_killed_build_asks_nothing_twice_but_what_was_under_way(tmp_path: Path) -> None:
    num_at_once = 2

    def slow(_number: int, _body: dict[str, Any]) -> Reply:
        return Reply(body=reply_with(json.dumps({"words": ["red", "cube"]})).body, hangs_s=0.02)

    with serving(slow) as server:
        sections = sections_of(server, {"rule": "llm_infill"}, num_images=12)
        sections["data"]["source"]["captions_per_image"] = 1
        sections["negatives"]["llm"]["limits"] = {"concurrency": num_at_once}
        path = tmp_path / "pipeline.yaml"
        path.write_text(yaml.safe_dump(sections))
        command = [NEGATIVES, "build", "--config", path, "--out", tmp_path / "out"]
        killed = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while len(server.seen) < 12 and killed.poll() is None:
            time.sleep(0.005)
        os.kill(killed.pid, signal.SIGKILL)
        assert killed.wait() == -signal.SIGKILL
        num_before = len(server.seen)
        build(build_config(sections), out=tmp_path / "out")
        build(build_config(sections), out=tmp_path / "undisturbed")
    asked = [question(body) for body in server.seen]
    times = Counter(json.dumps(each) for each in asked)
    assert num_before < len(times)
    again = sum(num - 2 for num in times.values())  # once for each of the two folders
    assert 0 <= again <= num_at_once
    shards = [sorted((tmp_path / name / "data").iterdir()) for name in ("out", "undisturbed")]
    assert [p.read_bytes() for p in shards[0]] == [p.read_bytes() for p in shards[1]]


def commands_of_the_page() -> Iterator[list[str]]:
    """Yield the commands of docs/llm.md that ask a language model to answer."""
    for block in blocks(page("docs/llm.md"), "sh"):
        yield from (words[1:] for words in commands(block) if words[0] == "negatives")


def test_the_commands_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("torch", "transformers", "tokenizers"):
        pytest.importorskip(name, reason="the extra `llm` is not installed")
    nouns = ["circle", "square", "star", "red", "blue", "green", "a", "on", "camel"]
    write_model(tmp_path / "model", nouns, context=512)
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump({"negatives": {"llm": {"model": str(tmp_path / "model")}}}))
    small = ["--source", "scenes", "--set", "data.source.num_images=4"]
    small += ["--set", "negatives.choice.scorers=[]"]
    small += ["--set", "negatives.llm.limits.stop_after=1000"]  # this model writes no JSON
    small += ["--set", "negatives.llm.limits.max_unanswered=1000"]
    tiny = ["--set", f"negatives.llm.model={tmp_path / 'model'}"]
    done: dict[str, str] = {}
    with serving(lambda *_: reply_with('{"words": ["red", "blue"]}')) as server:
        for words in commands_of_the_page():
            is_served = "negatives.llm.backend=openai" in words
            given = ["--set", f"negatives.llm.url={server.url}"] if is_served else tiny
            extra = {"preview": ["--config", str(own)], "build": [*small, *given]}
            ran = CliRunner().invoke(cli, [*words, *extra.get(words[0], [])])
            assert ran.exit_code == 0, (words, ran.exception)
            done[" ".join(words)] = ran.stdout
        assert server.seen
    assert len(done) == 6
    assert "nothing was asked" in done["build --preset natural-llm --dry-run"]
    for name, asked_by in (("out-llm", "likelihoods"), ("served", "text")):
        producers = json.loads((tmp_path / name / "manifest.json").read_text())["producers"]
        assert [p["asked_by"] for p in producers if p["method"] == "llm"] == [asked_by]
