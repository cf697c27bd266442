"""Training reads shards of the Hub as it reads those of a folder."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import training
from data.hub import Repository, client
from data.manifest import read_manifest
from negatives.publishing.sending import send
from tests.fake_hub import FakeHub, serving, use_in_client
from tests.negatives.publishing.hub_folders import publish_to
from tests.training.runs import world
from training.cli import train

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's
PLACE = "hf://datasets/user/name@v1"


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    with serving() as hub, use_in_client(hub, monkeypatch, tmp_path):
        publish(world(tmp_path / "world"), hub)
        yield tmp_path / "world"


def publish(root: Path, hub: FakeHub) -> None:
    publish_to(root / "shards", root / "files", read_manifest(root / "shards"))
    name = Repository(name="user/name", api=client())
    send(name, root / "files", message="rows", private=False, tag="v1")
    assert hub.repos["user/name"].tags


def test_a_plan_and_the_rows_are_those_of_the_folder(root: Path) -> None:
    plans = []
    for shards in (str(root / "shards"), PLACE):
        line = ["--shards", shards, "--images", str(root / "images"), "--dry-run", "--json"]
        line += ["--model", f"local-dir:{root / 'model'}", "--pretrained", "none"]
        line += ["--set", "training.batch_size=8"]
        done = CliRunner().invoke(train, line)
        assert done.exit_code == 0, done.exception
        plans.append(json.loads(done.stdout))
    assert plans[0] == plans[1]
    digests = {
        training.HardNegativeDataset(shards, root / "images").rows.digest
        for shards in (root / "shards", PLACE)
    }
    assert len(digests) == 1  # so that a run begun with one goes on with the other
