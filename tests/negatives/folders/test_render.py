"""The images of a folder that was built from scenes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from data.config import plain
from data.errors import UsageError
from data.manifest import read_manifest
from data.pictures import picture_of
from data.records import Caption, Row
from data.scenes.render import png
from data.sources.scenes import Scenes
from negatives.cli import cli
from negatives.folders.lineage import Account, Counts, manifest_of
from negatives.folders.writing import NewFolder, write_folder
from tests.negatives.folders.small_folders import make_folder, row_of

SOURCE = Scenes(num_images=3, seed=5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    account = Account(
        config={"data": {"source": {"name": "scenes", **plain(SOURCE)}}},
        seed=0,
        source={"name": "scenes"},
        producers=[],
        lineage=[],
    )
    rows = {
        split: [Row(c.id, (c.image,), c.text, ()) for c in SOURCE.read(split) if type(c) is Caption]
        for split in SOURCE.splits()
    }
    write_folder(
        NewFolder(tmp_path / "in", "import", 4),
        rows.items(),
        manifest=lambda shards: manifest_of(account, shards, Counts().content()),
    )
    return tmp_path / "in"


def run(*arguments: object) -> str:
    result = CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_every_image_is_drawn_under_its_key(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "pictures"
    told = json.loads(run("render", folder, "--output", output, "--size", 32, "--json"))
    assert told == {"output": str(output), "images": 4, "size": 32}
    found = {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*.png")}
    keys = [*(f"train/{n:06d}.png" for n in range(3)), "val/000000.png"]
    assert found == {key: png(SOURCE.scene_of(key), size=32) for key in keys}
    assert "4 images in" in run("render", folder, "--output", output, "--size", 32)
    assert run("render", folder, "--output", output, "--size", 32, "--quiet") == ""


def test_composites_are_drawn_joined_where_that_is_asked_for(folder: Path, tmp_path: Path) -> None:
    images = ("train/000000.png", "train/000002.png")
    row = row_of("a+b", "on the left: x; on the right: y", "on the right: x; on the left: y")
    config = read_manifest(folder).config
    account = Account(config=config, seed=0, source={"name": "scenes"}, producers=[], lineage=[])
    write_folder(
        NewFolder(tmp_path / "both", "import", 4),
        [("train", [row._replace(images=images, layout="left-right")])],
        manifest=lambda shards: manifest_of(account, shards, Counts().content()),
    )
    output = tmp_path / "pictures"
    told = json.loads(
        run("render", tmp_path / "both", "--output", output, "--size", 32, "--joined", "--json")
    )
    assert (told["images"], told["joined"]) == (2, 1)
    (line,) = map(json.loads, (output / "joined/metadata.jsonl").read_text().splitlines())
    assert line["negatives"] == ["on the right: x; on the left: y"]
    files = [png(SOURCE.scene_of(key), size=32) for key in images]
    assert (output / "joined" / line["file_name"]).read_bytes() == picture_of(
        files, "left-right", size=32
    )


def test_what_cannot_be_drawn_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected 1 or more, found 0"):
        run("render", folder, "--output", tmp_path / "x", "--size", 0)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        run("render", folder, "--output", tmp_path / "file/x")
    make_folder(tmp_path / "other", {"train": [row_of("x", "A cat.")]}, source="coco")
    with pytest.raises(UsageError, match=r"expected a folder built from scenes.* is coco"):
        run("render", tmp_path / "other", "--output", tmp_path / "x")
