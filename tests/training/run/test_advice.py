"""What a message advises works in the case in which it is given: each is followed here."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import torch

from data.errors import UsageError
from tests.training.folders import finished, pictures_of
from tests.training.runs import ROWS, places, settings, world
from training.config import settings_of
from training.model.loading import check_weights
from training.run.checkpoint import latest
from training.run.train import train


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return world(tmp_path_factory.mktemp("world"))


def test_images_in_a_column_of_another_name_are_trained_on_as_advised(
    root: Path, tmp_path: Path
) -> None:
    images = pictures_of(ROWS)
    frame = {"name": list(images), "jpg": list(images.values()), "image": list(images)}
    pl.DataFrame(frame).write_parquet(tmp_path / "all.parquet")
    here = replace(places(root), images=tmp_path / "all.parquet", out=tmp_path / "run")
    with pytest.raises(UsageError, match=r"name the column .*--set training.image_column=NAME"):
        train(settings(root, epochs=1), here)
    train(settings(root, epochs=1, image_column="jpg", image_key="name"), here)


def test_where_images_are_is_no_part_of_what_a_run_is() -> None:
    plain = settings_of({"training": {}})
    other = settings_of({"training": {"image_column": "jpg", "image_key": "name"}})
    assert plain.content() == other.content()


def test_a_lower_rate_is_taken_with_another_out_as_advised(root: Path, tmp_path: Path) -> None:
    def run(lr: float, out: str, *, resume: bool = False) -> None:
        chosen = settings(root, optimizer={"lr": lr, "warmup_steps": 0}, run={"save_every": 1})
        train(chosen, replace(places(root), out=tmp_path / out), resume=resume)

    advised = r"step \d, with fp32; try training.optimizer.lr below 1e\+30, with another --out"
    with pytest.raises(UsageError, match=advised):
        run(1e30, "a")
    with pytest.raises(UsageError, match="use the same options or another --out"):
        run(1e-3, "a", resume=True)
    run(1e-3, "b")
    assert latest(tmp_path / "b") is not None


def test_precision_is_advised_where_it_may_help(root: Path, tmp_path: Path) -> None:
    chosen = settings(root, precision="bf16", optimizer={"lr": 1e30, "warmup_steps": 0})
    with pytest.raises(UsageError, match=r"with bf16; try training.precision=fp32 or training"):
        train(chosen, replace(places(root), out=tmp_path))


@pytest.mark.parametrize(
    ("name", "quick", "advised"),
    [
        ("ViT-B-32", True, "use --model ViT-B-32-quickgelu"),
        ("ViT-B-32-quickgelu", False, "use --model ViT-B-32$"),
        ("ViT-S-16", True, "choose weights trained without$"),  # there is no such variant
    ],
)
def test_a_model_that_is_advised_is_one(
    tmp_path: Path, name: str, advised: str, *, quick: bool
) -> None:
    path = tmp_path / "clip.pt"
    torch.save({"quick_gelu": quick, "state_dict": {}}, path)
    with pytest.raises(UsageError, match=advised):
        check_weights(name, str(path))
    if advised.startswith("use"):
        check_weights(advised.rpartition(" ")[2].rstrip("$"), str(path))


def test_scenes_are_drawn_where_their_images_are_missing(root: Path, tmp_path: Path) -> None:
    rows = [row._replace(images=(f"train/{n:06d}.png",)) for n, row in enumerate(ROWS)]
    shards = finished(tmp_path / "out", {"train": rows}, source="scenes")
    here = replace(places(root), shards=shards, out=tmp_path / "run")
    with pytest.raises(UsageError, match="or leave --images out: then scenes are drawn"):
        train(settings(root), here)
    train(settings(root, epochs=1), replace(here, images=None))
