"""Builds and folders on an object store: the bytes of a folder, whatever the network does."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from data.errors import ShardError, UsageError
from data.manifest import problems_of, read_manifest
from data.storage import AnyPath, path_of
from data.streams import Stream
from negatives.building import build
from negatives.cli import cli
from negatives.config import build_config
from negatives.folders import writing
from negatives.folders.claims import Mark, claim, clear, holds, mark_of
from tests.faulty_proxy import random_plan
from tests.negatives.building.test_run import NUM_CAPTIONS, Killed, config_of, content_of, killer
from tests.s3_server import Bucket

REQUESTS_A_BLOCK = {"PUT": 8, "others": 40}  # PUT: two more where images share captions
NEGATIVES = Path(sys.executable).with_name("negatives")


@pytest.fixture(scope="module")
def build_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "out"
    build(config_of(rejects=True), out=out)
    return out


@pytest.fixture(params=["url", "folder"])
def out(request: pytest.FixtureRequest, s3: Bucket, tmp_path: Path) -> AnyPath:
    return path_of(f"{s3.url}/out") if request.param == "url" else tmp_path / "out"


def content_at(s3: Bucket, below: str = "out") -> dict[str, bytes]:
    """Return what the server holds, run.json apart."""
    contents = {key.removeprefix(f"{below}/"): s3.get(key) for key in s3.keys()}  # noqa: SIM118
    assert None not in contents.values()
    return {key: content or b"" for key, content in contents.items() if key != "run.json"}


def never_half(s3: Bucket, build_folder: Path) -> Callable[[str, int], None]:
    """Return a report that looks at what readers could see."""
    whole = content_of(build_folder)

    def report(_stage: str, _num_captions: int) -> None:
        shown = {key: text for key, text in content_at(s3).items() if not key.startswith("work/")}
        assert shown.items() <= whole.items()
        assert "manifest.json" not in shown

    return report


@pytest.mark.parametrize(("workers", "seed"), [pytest.param(1, 0, marks=pytest.mark.slow), (2, 2)])
def test_a_build_among_faults_has_the_bytes_of_a_folder(
    s3: Bucket, build_folder: Path, workers: int, seed: int
) -> None:
    out = path_of(f"{s3.url}/out")
    s3.proxy.plan = random_plan(Stream(seed, "faults"), share=0.15)
    report = never_half(s3, build_folder)
    build(config_of(rejects=True), out=out, workers=workers, report=report)
    assert content_at(s3) == content_of(build_folder)
    assert s3.proxy.faults.total() >= 10
    assert list(problems_of(out, read_manifest(out))) == []


@pytest.mark.parametrize("after", [pytest.param(3, marks=pytest.mark.slow), 11])
def test_a_killed_build_goes_on(s3: Bucket, build_folder: Path, after: int) -> None:
    out = path_of(f"{s3.url}/out")
    s3.proxy.plan = random_plan(Stream(after, "faults"), share=0.1)
    with pytest.raises(Killed):
        build(config_of(rejects=True), out=out, report=killer(after))
    with pytest.raises(UsageError, match="not a finished build"):
        read_manifest(out)
    finished = {key for key in s3.keys() if key.endswith(".done")}  # noqa: SIM118
    assert len(finished) > after
    s3.put("out/data/train-00000-of-00099.arrow", b"of another build")
    s3.proxy.seen.clear()
    build(config_of(rejects=True), out=out)
    sent = {request for request in s3.proxy.seen if request.startswith("PUT")}
    assert not any(key in request for key in finished for request in sent)
    assert content_at(s3) == content_of(build_folder)
    build(config_of(rejects=True), out=out)  # finished: looked at, and kept
    with pytest.raises(UsageError, match="another configuration"):
        build(config_of(rejects=False), out=out)


def test_two_who_build_at_one_place_make_one_folder(s3: Bucket, build_folder: Path) -> None:
    s3.proxy.plan = random_plan(Stream(5, "faults"), share=0.05)
    line = [NEGATIVES, "build", "--source", "scenes", "--limit", str(NUM_CAPTIONS), "--quiet"]
    line += ["--set", "negatives.shard_captions=20", "--set", "negatives.rejects=true"]
    line += ["--out", f"{s3.url}/out"]
    both = [
        subprocess.Popen(line, env=os.environ | s3.environment(), stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ends = [(process.communicate(timeout=120)[1], process.returncode) for process in both]
    assert [code for _, code in ends] == [0, 0], ends
    assert content_at(s3) == content_of(build_folder)


def test_of_two_who_begin_at_one_place_with_other_plans_one_is_told(
    out: Path,
) -> None:
    first, second = Mark("build", {"seed": (1,)}), Mark("build", {"seed": (2,)})
    claim(out, first)
    claim(out, first)
    with pytest.raises(UsageError, match="began there just now"):
        claim(out, second)
    assert (holds(out, first), holds(out, second)) == (True, False)


def test_a_build_whose_folder_was_taken_over_writes_no_manifest(
    out: Path,
) -> None:
    stages = iter(range(12))

    def report(_stage: str, _num_captions: int) -> None:
        if next(stages, None) == 11:
            clear(out)
            claim(out, Mark("build", {"of": "another"}))

    with pytest.raises(ShardError, match="took this folder over"):
        build(config_of(rejects=True), out=out, report=report)
    assert mark_of(out) == Mark("build", {"of": "another"})
    assert not (out / "manifest.json").exists()


def test_a_killed_filter_is_done_again_and_a_live_one_not_withdrawn(
    out: Path, build_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("filter", str(build_folder), str(out), "--type", "replace")

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(writing, "_withdraw", lambda *_, **__: None)  # the end of the process
        patch.setattr(writing, "write_manifest", killed)
        with pytest.raises(Killed):
            output_of(*words)
    assert mark_of(out) is not None
    output_of(*words)
    whole = (out / "manifest.json").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(writing, "_claim", lambda *_: False)  # began when nothing was there
        patch.setattr(writing, "_drafts", killed)
        with pytest.raises(Killed):
            output_of(*words)
    assert (out / "manifest.json").read_bytes() == whole
    assert list(problems_of(out, read_manifest(out))) == []


def output_of(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize(
    "line",
    ["stats {}", "inspect {} --sample 5", "verify {}", "audit {} --reference-model none --json"],
)
def test_commands_say_of_a_url_what_they_say_of_a_folder(
    s3: Bucket, build_folder: Path, line: str
) -> None:
    s3.put_folder(build_folder, "out")
    s3.proxy.plan = random_plan(Stream(1, "faults"), share=0.1)
    at_url = output_of(*line.format(f"{s3.url}/out").split())
    assert at_url.replace(f"{s3.url}/out", "OUT") == output_of(
        *line.format(build_folder).split()
    ).replace(str(build_folder), "OUT")


def test_folders_are_derived_and_exported_from_url_to_url(
    s3: Bucket, build_folder: Path, tmp_path: Path
) -> None:
    s3.put_folder(build_folder, "out")
    s3.proxy.plan = random_plan(Stream(2, "faults"), share=0.1)
    for root in (s3.url, str(tmp_path)):
        source = f"{s3.url}/out" if root == s3.url else str(build_folder)
        output_of("filter", source, f"{root}/swaps", "--type", "replace")
        output_of("merge", source, f"{root}/swaps", f"{root}/both")
        output_of(
            "export", f"{root}/both", "--to", "jsonl", "--output", str(tmp_path / f"{len(root)}")
        )
    for name in ("swaps", "both"):
        found = {
            key.removeprefix(f"{name}/"): s3.get(key)
            for key in s3.keys()  # noqa: SIM118
            if key.startswith(f"{name}/")
        }
        assert found == content_of(tmp_path / name)
    by_url, by_path = (tmp_path / f"{len(root)}" for root in (s3.url, str(tmp_path)))
    assert by_url.read_bytes() == by_path.read_bytes()


def test_a_damaged_shard_of_a_store_is_told(s3: Bucket, build_folder: Path) -> None:
    s3.put_folder(build_folder, "out")
    shard = read_manifest(build_folder).shards[0]
    s3.put(f"out/{shard.file}", b"x" * shard.bytes)
    done = CliRunner().invoke(cli, ["verify", f"{s3.url}/out"])
    assert "damaged, SHA-256" in done.output
    assert done.exit_code != 0


def test_requests_grow_with_the_blocks_alone(s3: Bucket) -> None:
    """Count what docs/scale.md reckons with."""
    counts = []
    for num_blocks in (2, 5):
        s3.proxy.requests.clear()
        config = build_config(
            {
                "data": {"source": {"name": "scenes"}, "limit": 30 * num_blocks},
                "negatives": {"shard_captions": 30},
            }
        )
        manifest = build(config, out=path_of(f"{s3.url}/{num_blocks}"))
        assert len(manifest.shards) == num_blocks
        counts.append(s3.proxy.requests.copy())
    a_block = {kind: (counts[1][kind] - counts[0][kind]) / 3 for kind in counts[1]}
    assert a_block.pop("PUT") == REQUESTS_A_BLOCK["PUT"]
    assert sum(a_block.values()) <= REQUESTS_A_BLOCK["others"]
