"""Training from an object store: shards fetched and verified once, images read where they are."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

import data.storage
from data.caches import cache_folder
from data.errors import RetryableError, UsageError
from data.manifest import read_manifest
from data.pulling import local_folder
from data.streams import Stream
from tests.faulty_proxy import always, random_plan
from tests.s3_server import Bucket
from tests.training.runs import world
from training.cli import train


@pytest.fixture
def root(s3: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = world(tmp_path / "world")
    for name in ("shards", "images"):
        s3.put_folder(root / name, name)
    return root


def test_shards_are_fetched_once_and_verified(s3: Bucket, root: Path) -> None:
    s3.proxy.plan = random_plan(Stream(0, "faults"), share=0.2)
    told: list[int] = []
    folder = local_folder(f"{s3.url}/shards", report=told.append)
    manifest = read_manifest(root / "shards")
    assert sum(told) == manifest.num_rows()
    for name in ("manifest.json", *(shard.file for shard in manifest.shards)):
        assert (folder / name).read_bytes() == (root / "shards" / name).read_bytes()
    s3.proxy.seen.clear()
    assert local_folder(f"{s3.url}/shards") == folder
    assert all("manifest.json" in request for request in s3.proxy.seen)


def test_a_fetch_that_was_cut_goes_on(s3: Bucket, root: Path) -> None:
    first, second = (shard.file for shard in read_manifest(root / "shards").shards[:2])
    s3.proxy.plan = always("broken", matching=second)
    with pytest.raises(RetryableError, match="try again"):
        local_folder(f"{s3.url}/shards")
    assert not list((cache_folder() / "shards").glob("[!.]*"))
    s3.proxy.plan = always("broken", matching=first)  # which lies here already
    assert (local_folder(f"{s3.url}/shards") / second).is_file()


@pytest.mark.parametrize("damage", ["rotten", "gone", "no manifest"])
def test_what_is_not_whole_is_refused(s3: Bucket, root: Path, damage: str) -> None:
    shard = read_manifest(root / "shards").shards[0]
    if damage == "rotten":
        s3.put(f"shards/{shard.file}", b"x" * shard.bytes)
    place = f"{s3.url}/nowhere" if damage == "no manifest" else f"{s3.url}/shards"
    if damage == "gone":
        data.storage.path_of(f"{s3.url}/shards/{shard.file}").unlink()
    with pytest.raises(UsageError, match=r"damaged|missing|no manifest"):
        local_folder(place)
    assert not list((cache_folder() / "shards").glob("[!.]*"))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_by_url_is_the_run_of_the_folders(s3: Bucket, root: Path, workers: int) -> None:
    s3.proxy.plan = random_plan(Stream(workers, "faults"), share=0.1)
    losses = []
    for base in (str(root), s3.url):
        out = root / f"run-{len(losses)}"
        line = f"--shards {base}/shards --images {base}/images --out {out} --quiet "
        line += f"--model local-dir:{root}/model --set training.batch_size=8 "
        line += (
            "--set training.precision=fp32 --set training.epochs=1 --set training.run.log_every=1 "
        )
        line += f"--set training.run.workers={workers} --set training.run.device=cpu"
        done = CliRunner().invoke(train, shlex.split(line), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        records = map(json.loads, (out / "log.jsonl").read_text().splitlines())
        losses.append([record["loss"] for record in records if "loss" in record])
    assert losses[0] == losses[1]
    assert len(losses[0]) >= 5
    assert s3.proxy.faults.total() >= 1
