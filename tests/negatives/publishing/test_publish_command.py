"""`negatives publish` and `pull` as they are typed, and `datasets` reading what they sent."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from data.errors import UsageError
from data.manifest import Manifest, read_manifest
from data.streams import Stream
from negatives.cli import cli
from negatives.publishing.writing import names_in
from tests.documents import ROOT, blocks, commands, page
from tests.fake_hub import TOKEN, FakeHub, Fault, environment, serving
from tests.faulty_proxy import random_plan
from tests.negatives.folders.small_folders import make_folder
from tests.negatives.publishing.hub_folders import audit_of, folder_of, rows_of, write_audit
from tests.s3_server import Bucket

NEGATIVES = Path(sys.executable).with_name("negatives")
COMPARE = """
import sys
from pathlib import Path
import datasets
import pyarrow as pa
from data.manifest import read_manifest
loaded = datasets.load_dataset("user/name")
folder = Path("out")
shards = read_manifest(folder).shards
for split in dict.fromkeys(shard.split for shard in shards):
    tables = []
    for shard in shards:
        if shard.split == split:
            with pa.memory_map(str(folder / shard.file)) as source:
                tables.append(pa.ipc.open_stream(source).read_all())
    expected = pa.concat_tables(tables)
    found = loaded[split.replace("-", "_")]
    assert found.num_rows == expected.num_rows
    assert found.to_list() == expected.to_pylist()
    print(split, found.num_rows)
"""


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with serving() as hub:
        yield hub


def run(hub: FakeHub, place: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, which knows the Hub by its environment alone."""
    own = {**os.environ, **environment(hub, place), "PYTHONPATH": str(ROOT)}
    own["HF_DATASETS_CACHE"] = str(place / "datasets")
    command = [str(word) for word in words]
    return subprocess.run(command, cwd=place, env=own, capture_output=True, text=True, check=False)


def with_audit(place: Path, manifest: Manifest) -> str:
    return str(write_audit(place / "audit.json", audit_of(manifest)))


def test_a_folder_goes_to_the_hub_and_comes_back(hub: FakeHub, tmp_path: Path) -> None:
    audit = with_audit(tmp_path, folder_of(tmp_path / "out"))
    publish = [NEGATIVES, "publish", "out", "user/name", "--audit", audit, "--json"]
    hub.faults = [Fault("POST .*/commit/", "lost")]
    done = run(hub, tmp_path, *publish, "--revision", "v1", "--private")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sent"]["tag"] == "v1"
    assert TOKEN not in done.stdout + done.stderr
    assert not any(TOKEN in p.read_text(errors="replace") for p in tmp_path.rglob("*")
                   if p.is_file())  # fmt: skip
    done = run(hub, tmp_path, NEGATIVES, "pull", "user/name", "back", "--revision", "v1")
    assert done.returncode == 0, done.stderr
    assert "45 rows of user/name" in done.stdout
    assert run(hub, tmp_path, NEGATIVES, "verify", "back").returncode == 0
    for path in (tmp_path / "out/data").iterdir():
        assert (tmp_path / "back/data" / path.name).read_bytes() == path.read_bytes()
    done = run(hub, tmp_path, sys.executable, "-c", COMPARE)
    assert done.stdout == "train 40\nval-2 5\n", done.stderr
    assert "Ignoring part of dataset_info" not in done.stderr


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_equal_after_faults(hub: FakeHub, tmp_path: Path) -> None:
    splits = {"train": rows_of(95_000), "val": rows_of(5_000, first=95_000)}
    audit = with_audit(tmp_path, make_folder(tmp_path / "out", splits, shard_rows=5_000))
    hub.faults = [
        Fault("PUT /large", "cut", times=3),
        Fault("PUT /large", 429, times=2),
        Fault("POST .*/preupload", 500),
        Fault("POST .*/commit/", 500),
        Fault("POST .*/commit/", "lost"),
        Fault("POST .*/tag/", "lost"),
        Fault("GET .*/resolve/.*parquet", "gone", times=2),
    ]
    publish = [NEGATIVES, "publish", "out", "user/name", "--audit", audit, "--quiet"]
    done = run(hub, tmp_path, *publish)
    assert done.returncode == 0, done.stderr
    done = run(hub, tmp_path, sys.executable, "-c", COMPARE)
    assert done.stdout == "train 95000\nval 5000\n", done.stderr
    assert run(hub, tmp_path, NEGATIVES, "pull", "user/name", "back").returncode == 0
    assert not any(fault.times for fault in hub.faults)
    for path in (tmp_path / "out/data").iterdir():
        assert (tmp_path / "back/data" / path.name).read_bytes() == path.read_bytes()


def run_by_hand(*words: object) -> str:
    done = CliRunner().invoke(cli, [str(word) for word in words])
    if isinstance(done.exception, UsageError):
        return str(done.exception)
    assert done.exit_code == 0, done.exception
    return done.stdout


def test_a_dry_run_writes_the_files_and_asks_nobody(tmp_path: Path) -> None:
    out = tmp_path / "out"
    audit = with_audit(tmp_path, folder_of(out))
    message = run_by_hand("publish", out, "user/name", "--dry-run", "--audit", audit, "--json")
    found = json.loads(message)
    assert found["sent"] is None
    assert all((out / "publish" / name).is_file() for name in found["files"])
    assert "nothing was uploaded" in run_by_hand(
        "publish", out, "user/name", "--dry-run", "--audit", audit
    )
    assert "complete" in run_by_hand("verify", out)
    (out / "publish/manifest.json").unlink()
    refused = run_by_hand("publish", out, "user/name", "--dry-run", "--audit", audit)
    assert "contains files that are not part of a publication" in refused
    assert (out / "publish/README.md").exists()


def test_a_folder_by_url_is_published_through_a_copy(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    audit = with_audit(tmp_path, folder_of(tmp_path / "out"))
    s3.put_folder(tmp_path / "out", "out")
    s3.proxy.plan = random_plan(Stream("faults"), share=0.2)
    line = ("user/name", "--dry-run", "--audit", audit)
    assert "expected --to" in run_by_hand("publish", f"{s3.url}/out", *line)
    for place, to in ((f"{s3.url}/out", "a"), (tmp_path / "out", "b")):
        run_by_hand("publish", place, *line, "--to", tmp_path / to)
    assert names_in(tmp_path / "a") == names_in(tmp_path / "b")
    for name in names_in(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_dry_run_writes_where_it_is_told_and_over_nothing_else(tmp_path: Path) -> None:
    out, files = tmp_path / "out", tmp_path / "files"
    audit = with_audit(tmp_path, folder_of(out))
    line = ("publish", out, "user/name", "--dry-run", "--audit", audit)
    for _ in range(2):  # the second time over what it wrote before
        found = json.loads(run_by_hand(*line, "--to", files, "--json"))
        assert found["folder"] == str(files)
        assert all((files / name).is_file() for name in found["files"])
    assert not (out / "publish").exists()
    (files / "notes.txt").write_text("mine")
    for folder in (out, files):  # a finished folder has a manifest too
        assert "contains files" in run_by_hand(*line, "--to", folder)
    assert "complete" in run_by_hand("verify", out)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--private",), "--private"),
        (("--revision", "v2"), "--revision"),
        (("--private", "--revision", "v2"), "--private and --revision"),
    ],
)
def test_a_dry_run_ignores_nothing(tmp_path: Path, options: tuple[str, ...], named: str) -> None:
    message = run_by_hand("publish", tmp_path / "none", "user/name", "--dry-run", *options)
    assert message == f"--dry-run uploads nothing: leave out {named}"


def test_what_should_not_be_published_is_not(tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = folder_of(out)
    audit = write_audit(tmp_path / "audit.json", audit_of(manifest, value=0.7))
    line = ("publish", out, "user/name", "--dry-run", "--audit", audit)
    assert "outside its bars: words of overall" in run_by_hand(*line)
    assert not (out / "publish").exists()
    run_by_hand(*line, "--allow-failing-audit")
    assert "1 of these are outside" in (out / "publish/README.md").read_text()
    text = (out / "manifest.json").read_text().replace("CC0-1.0", "NOASSERTION")
    (out / "manifest.json").write_text(text)
    assert "known licence" in run_by_hand(*line, "--allow-failing-audit")
    run_by_hand(*line, "--allow-failing-audit", "--allow-unknown-licence")
    path = next((out / "data").iterdir())
    path.write_bytes(path.read_bytes().replace(b"red", b"rod", 1))
    assert "damaged" in run_by_hand(*line)
    assert "expected USER/NAME" in run_by_hand("publish", out, "name")
    assert "expected USER/NAME" in run_by_hand("pull", "name", tmp_path / "back")


def test_without_an_audit_one_is_measured(tmp_path: Path) -> None:
    folder_of(tmp_path / "out", 60)
    words = ("--allow-failing-audit", "--quiet", "--reference-model", "none")
    run_by_hand("publish", tmp_path / "out", "user/name", "--dry-run", *words)
    found = json.loads((tmp_path / "out/publish/audit.json").read_text())
    assert found["fingerprint"] == read_manifest(tmp_path / "out").fingerprint
    assert any(finding["measure"] == "coverage" for finding in found["findings"])


def test_the_commands_of_the_page_run(hub: FakeHub, tmp_path: Path) -> None:
    (block,) = blocks(page("docs/publishing.md"), "sh")
    folder_of(tmp_path / "out")
    own = {"audit": ["--reference-model", "none"], "publish": ["--allow-failing-audit"]}
    done = [
        run(hub, tmp_path, NEGATIVES, *words, *own.get(words[0], ()))
        for name, *words in commands(block)
        if name == "negatives"
    ]
    assert [each.stderr for each in done if each.returncode] == []
    assert len(done) == 4
    assert (tmp_path / "restored/manifest.json").is_file()
