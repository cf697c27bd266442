"""Rows of a finished folder as a sequence."""

import pickle
from pathlib import Path

import pytest

from data.errors import UsageError
from data.manifest import read_all_rows, read_manifest
from data.shard_folder import open_shards
from negatives.building import build
from negatives.config import build_config


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built")
    sections = {
        "data": {"source": {"name": "scenes", "num_images": 8}},
        "negatives": {"shard_captions": 7, "choice": {"scorers": []}},
    }
    build(build_config(sections), out=out)
    return out


def test_rows_by_index_and_in_order(folder: Path) -> None:
    rows = list(read_all_rows(folder, read_manifest(folder)))
    shards = open_shards(str(folder))
    assert len(shards.shards) > 2
    assert list(shards) == rows == shards[:]
    assert [shards[number] for number in range(len(shards))] == rows
    assert (shards[-1], shards[2:9:3]) == (rows[-1], rows[2:9:3])
    assert len(shards) == len(rows)
    assert rows[3] in shards
    for number in (len(rows), -len(rows) - 1):
        with pytest.raises(IndexError, match=f"row {number} of {len(rows)}"):
            shards[number]


def test_a_split_alone(folder: Path) -> None:
    everything = open_shards(folder)
    splits = everything.manifest.splits()
    assert len(splits) > 1
    parts = [open_shards(folder, split=split) for split in splits]
    assert [row for part in parts for row in part] == list(everything)
    with pytest.raises(UsageError, match="no split 'tain'; did you mean 'train'"):
        open_shards(folder, split="tain")


def test_another_process_can_have_it(folder: Path) -> None:
    shards = open_shards(folder)
    assert shards[0] == pickle.loads(pickle.dumps(shards))[0]  # noqa: S301 - our own bytes


def test_an_unfinished_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="manifest"):
        open_shards(tmp_path)
