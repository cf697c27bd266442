"""What a run works with, and what its user is told once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from data.errors import UsageError
from data.records import Row
from tests.training.folders import finished, picture_folder, pictures_of, rows_of
from tests.training.runs import (
    MODEL,
    OTHERS,
    ROWS,
    model_folder,
    places,
    records,
    settings,
    world,
)
from training.commands.train import Given, resolve
from training.config import AUTO
from training.export import weights_of
from training.model.loading import load_model
from training.run.start import Prepared, prepare
from training.run.train import train


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return world(tmp_path_factory.mktemp("world"))


def prepared(root: Path, shards: Path | None = None, **options: Any) -> Prepared:  # noqa: ANN401
    here = places(root)
    return prepare(settings(root, **options), replace(here, shards=shards or here.shards))


@pytest.mark.parametrize(
    ("splits", "split", "measured"),
    [
        (("train", "val"), "train", "val"),
        (("train", "validation", "test"), "train", "validation"),
        (("train2017", "val2017"), "train2017", "val2017"),
        (("train", "test"), "train", None),
        (("val", "train"), "val", None),  # trained on: nothing goes with it
    ],
)
def test_the_split_that_goes_with_the_trained_one_is_measured(
    root: Path, tmp_path: Path, splits: tuple[str, ...], split: str, measured: str | None
) -> None:
    shards = finished(tmp_path / "out", {name: rows_of(9 + len(name)) for name in splits})
    found = prepared(root, shards, split=split, validation=AUTO)
    if measured is None:
        assert found.validation is None
        return
    assert found.validation is not None
    assert (found.validation.rows.split, len(found.validation)) == (measured, 9 + len(measured))
    assert f"split {measured} is measured with each checkpoint" in " ".join(found.notes)
    assert prepared(root, shards, split=split, validation=None).validation is None


def test_the_best_checkpoint_is_kept_unless_told_otherwise(root: Path) -> None:
    assert resolve(Given()).config.validation == AUTO
    here = places(root, "auto")
    train(settings(root, validation=AUTO, epochs=1), here)
    assert (here.out / "best.pt").exists()
    assert [r["step"] for r in records(here.out) if "validation" in r] == [5]


def test_a_split_whose_images_are_not_there_is_measured_only_if_asked_for(
    root: Path, tmp_path: Path
) -> None:
    elsewhere = [row._replace(images=(f"val/{row.image}",)) for row in OTHERS]
    shards = finished(tmp_path / "out", {"train": ROWS, "val": elsewhere})
    found = prepared(root, shards, validation=AUTO)
    assert found.validation is None
    assert "split val is not measured: the images of 12 of 12" in " ".join(found.notes)
    with pytest.raises(UsageError, match="the images of 12 of 12"):
        prepared(root, shards, validation="val")


@pytest.mark.parametrize("start", ["C:\\data\\", "/mnt/x/"])
def test_images_under_paths_of_another_machine_are_trained_on(
    root: Path, tmp_path: Path, start: str
) -> None:
    def elsewhere(row: Row) -> Row:
        return row._replace(images=(start + row.image.replace("/", start[-1]),))

    splits = {"train": list(map(elsewhere, ROWS)), "val": list(map(elsewhere, OTHERS))}
    here = replace(places(root), shards=finished(tmp_path / "out", splits), out=tmp_path / "run")
    told: list[str] = []
    train(settings(root, epochs=1), here, say=told.append)
    (note,) = (line for line in told if line.startswith("images are looked up"))
    assert f"without '{start.replace(chr(92), '/')}'" in note


def test_what_is_left_out_is_counted_once(root: Path, tmp_path: Path) -> None:
    images = pictures_of(ROWS)
    gone = {ROWS[number].image for number in (3, 7, 20)}
    kept = {key: content for key, content in images.items() if key not in gone}
    images = picture_folder(tmp_path / "images", kept)
    here = replace(places(root), images=images, out=tmp_path / "run")
    told: list[str] = []
    train(settings(root, on_missing_image="skip", epochs=1), here, say=told.append)
    assert told.count("3 captions are left out because their images are missing") == 1
    assert [line for line in told if line.startswith("5 captions, different ones in each epoch")]


def test_a_tower_without_patches_is_refused_for_the_local_loss(root: Path, tmp_path: Path) -> None:
    vision = MODEL["vision_cfg"] | {"attentional_pool": True, "attn_pooler_heads": 2}
    folder = model_folder(tmp_path / "model", MODEL | {"vision_cfg": vision})
    with pytest.raises(UsageError, match=r"training.losses"):
        prepared(root, model=f"local-dir:{folder}")
    assert prepared(root, model=f"local-dir:{folder}", losses=["clip", "global"])


def test_a_resnet_keeps_the_statistics_of_its_weights_and_learns_those_of_a_new_model(
    root: Path, tmp_path: Path
) -> None:
    vision = {"layers": (1, 1, 1, 1), "width": 8, "head_width": 8, "image_size": 32}
    folder = model_folder(tmp_path / "model", MODEL | {"vision_cfg": vision})
    told: list[str] = []
    here = replace(places(root), out=tmp_path / "run")
    train(settings(root, model=f"local-dir:{folder}", epochs=1), here, say=told.append)
    assert {"clip", "global", "local"} <= set(records(here.out)[-1])
    assert not [line for line in told if "BatchNorm" in line]
    begun = load_model(f"local-dir:{folder}").clip.state_dict()
    trained = weights_of(here.out).state_dict
    means = [name for name in begun if name.endswith("running_mean")]
    assert means
    assert all(torch.equal(begun[name], trained[name]) for name in means)
    new = prepared(root, model="scenes-tiny", pretrained=None)
    assert new.model.sees_whole_batch
    assert [note for note in new.notes if "BatchNorm" in note]


def test_a_command_leaves_captions_without_images_out() -> None:
    assert resolve(Given(on_missing_image="skip")).config.on_missing_image == "skip"
    assert resolve(Given()).config.on_missing_image == "error"
