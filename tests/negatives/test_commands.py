"""What commands say: of a build made, kept or gone on with; of damage; to a closed pipe."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from data.commit import sync_and_hash
from data.errors import UsageError
from data.manifest import FILE_NAME, ExtraFile, problems_of, read_manifest
from data.records import Row
from data.schema import REJECT_SCHEMA
from data.shards import map_batches, write_batches
from negatives.building import build
from negatives.cli import cli
from negatives.commands.build import weakness_of
from negatives.options import ConfigOptions, resolve
from tests.negatives.building.test_run import Killed, killer
from tests.negatives.folders.small_folders import make_folder

SMALL = ["build", "--source", "scenes", "--limit", "40"]
SETTINGS = (
    "negatives.shard_captions=10",
    "negatives.rejects=true",
    "negatives.choice.scorers=[]",  # of so few captions a model lets little through
)


def options(**given: object) -> ConfigOptions:
    return ConfigOptions(**given)  # type: ignore[arg-type]


def say(out: Path) -> str:
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    done = CliRunner().invoke(cli, [*SMALL, *settings, "--out", str(out)], catch_exceptions=False)
    return done.output.strip().splitlines()[-1]


def test_a_build_says_how_fast_it_was_only_if_it_did_the_work(tmp_path: Path) -> None:
    assert say(tmp_path / "new").endswith("captions/s")
    assert "already finished" in say(tmp_path / "new")
    config = resolve(options(source="scenes", limit=40, settings=SETTINGS))
    with pytest.raises(Killed):
        build(config, out=tmp_path / "killed", report=killer(1))
    assert "for the remaining work" in say(tmp_path / "killed")


def test_a_build_says_which_model_weighed_and_that_few_captions_teach_little(
    tmp_path: Path,
) -> None:
    def built(name: str, *arguments: str) -> Result:
        out = ["--out", str(tmp_path / name)]
        return CliRunner().invoke(cli, [*SMALL, *out, *arguments], catch_exceptions=False)

    def stats(name: str, *arguments: str) -> str:
        return CliRunner().invoke(cli, ["stats", str(tmp_path / name), *arguments]).stdout

    own = built("own", "--json")
    (warning,) = own.stderr.splitlines()
    assert "learned from 40 captions and is weak below 5,000" in warning
    assert "--fluency-from OUT" in warning
    assert json.loads(own.stdout), "a program reads the output, a person the warning"
    assert built("quiet", "--quiet").output == ""
    model = json.loads((tmp_path / "own/fluency/model.json").read_text())
    assert json.loads(stats("own", "--json"))["learned_from_captions"] == model["captions"] == 40
    text = stats("own")
    assert "scored by a model of these 40 captions" in text
    assert "  rarely seen together: the corpus hardly has" in text
    assert re.search(r"\n  replace_object: [1-9]\d* slots\n +\d+  \w", text)
    assert ": slots" not in text
    verified = CliRunner().invoke(cli, ["verify", str(tmp_path / "own")]).stdout
    assert verified.endswith(": 1 shard, 40 rows: complete\n")

    other = built("other", "--fluency-from", str(tmp_path / "own"))
    assert other.stderr == ""
    fingerprint = read_manifest(tmp_path / "own").fingerprint
    assert f"fingerprint {fingerprint}" in stats("own")
    assert f"scored by the corpus model of build {fingerprint}" in stats("other")
    said = json.loads(stats("other", "--json"))
    assert (said["learned_from_captions"], said["fluency_from"]) == (None, fingerprint)

    plain = built("plain", "--set", "negatives.choice.scorers=[]")
    assert plain.stderr == ""
    assert "scored by" not in plain.stdout


@pytest.mark.parametrize(("num_captions", "is_weak"), [(4999, True), (5000, False)])
def test_from_some_thousands_of_captions_on_nothing_is_said(
    num_captions: int, *, is_weak: bool, tmp_path: Path
) -> None:
    manifest = make_folder(tmp_path / "out", {"train": [Row("1", (), "A red car.", ())]})
    learned = replace(
        manifest,
        fluency=(ExtraFile(file="fluency/model.json", bytes=1, sha256=""),),
        tallies={"captions": {"all": num_captions, "with_negative": 0}},
    )
    assert (weakness_of(learned) is not None) == is_weak
    assert weakness_of(replace(learned, fluency=())) is None


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
    assert any("the edits do not give" in problem for problem in problems)
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
