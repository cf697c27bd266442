"""What commands say: of a build made, kept or gone on with; of damage; to a closed pipe."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from data.commit import sync_and_hash
from data.errors import UsageError
from data.manifest import FILE_NAME, problems_of, read_manifest
from data.schema import REJECT_SCHEMA
from data.shards import map_batches, write_batches
from negatives.build import build
from negatives.cli import cli
from negatives.commands.build import ConfigOptions, resolve
from tests.negatives.test_build import Killed, killer

SMALL = ["build", "--source", "scenes", "--limit", "40"]
SETTINGS = (
    "negatives.shard_captions=10",
    "negatives.rejects=true",
    "negatives.choice.weights=uniform",  # of so few captions a model lets little through
)


def options(**given: object) -> ConfigOptions:
    fields: dict[str, object] = dict.fromkeys(ConfigOptions._fields)
    return ConfigOptions(**{**fields, "settings": (), **given})  # type: ignore[arg-type]


def say(out: Path) -> str:
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    done = CliRunner().invoke(cli, [*SMALL, *settings, "--out", str(out)], catch_exceptions=False)
    return done.output.strip().splitlines()[-1]


def test_a_build_says_how_fast_it_was_only_if_it_did_the_work(tmp_path: Path) -> None:
    assert say(tmp_path / "new").endswith("captions/s")
    assert "is kept as it is" in say(tmp_path / "new")
    config = resolve(options(source="scenes", limit=40, settings=SETTINGS))
    with pytest.raises(Killed):
        build(config, out=tmp_path / "killed", report=killer(1))
    assert "for what was left" in say(tmp_path / "killed")


def test_the_command_line_keeps_what_the_file_says_of_the_same_source(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text("data:\n  source: {name: jsonl, root: a.jsonl, caption: text}\n")
    spec = resolve(options(config=path, source="jsonl", root=Path("b.jsonl"))).data.source
    assert spec == {"name": "jsonl", "root": "b.jsonl", "caption": "text"}
    assert resolve(options(config=path, source="scenes")).data.source == {"name": "scenes"}
    for content, message in (
        ("data: [1]", "data: expected options"),
        ("data:\n  source: coco", r"data\.source: expected \{name"),
        ("- 1", "expected sections"),
    ):
        path.write_text(content)
        with pytest.raises(UsageError, match=message):
            resolve(options(config=path))


def test_a_damaged_manifest_is_said_in_one_line(tmp_path: Path) -> None:
    say(tmp_path)
    content = json.loads((tmp_path / FILE_NAME).read_text())
    del content["shards"][0]["rows"]
    (tmp_path / FILE_NAME).write_text(json.dumps(content))
    with pytest.raises(UsageError, match="damaged: its list of files"):
        read_manifest(tmp_path)


def test_verify_checks_rejects_too(tmp_path: Path) -> None:
    say(tmp_path)
    manifest = read_manifest(tmp_path)
    shard = next(shard for shard in manifest.rejects if shard.rows > 1)
    (batch,) = map_batches(tmp_path / shard.file, schema=REJECT_SCHEMA)
    rejects = batch.to_pylist()
    rejects[0]["text"] += " not"
    rejects[-1]["id"] = "nobody"
    changed = batch.from_pylist(rejects, schema=REJECT_SCHEMA)
    (tmp_path / shard.file).unlink()
    write_batches(tmp_path / shard.file, [changed], schema=REJECT_SCHEMA)
    size, sha256 = sync_and_hash(tmp_path / shard.file)
    content = (tmp_path / FILE_NAME).read_text().replace(shard.sha256, sha256)
    content = content.replace(f'"bytes": {shard.bytes},', f'"bytes": {size},')
    (tmp_path / FILE_NAME).write_text(content)
    problems = list(problems_of(tmp_path, read_manifest(tmp_path)))
    assert any("the edits do not lead to" in problem for problem in problems)
    assert any("reject of nobody: no such row" in problem for problem in problems)


def test_a_closed_pipe_is_no_error_to_shout_about(tmp_path: Path) -> None:
    say(tmp_path)
    command = [Path(sys.executable).with_name("negatives"), "inspect", tmp_path, "--sample", "5000"]
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, check=False)
    os.close(write_end)
    assert done.returncode == 1
    assert done.stderr == b""
