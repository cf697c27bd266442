"""What a run cannot use is refused, or counted and said once."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from data.errors import UsageError
from data.records import Row
from tests.training.folders import finished, picture_folder, pictures_of, row_of, rows_of
from tests.training.runs import places, records, settings, world
from training.run.logs import describe_measures
from training.run.notes import num_without_negative
from training.run.plan import plan_of
from training.run.start import Prepared, prepare
from training.run.train import train

LONG = " ".join(["very"] * 30)
TRAIN = Path(sys.executable).with_name("train")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return world(tmp_path_factory.mktemp("world"))


def of_types(types: Sequence[Sequence[str]]) -> list[Row]:
    return [row_of(n, types=t, image=f"{n % 3}/{n:04d}.jpg") for n, t in enumerate(types)]


def cut(row: Row) -> Row:
    """Return a row whose negatives differ beyond what the model reads: 16 tokens."""
    caption = f"{LONG} {row.caption}"
    changed = [n._replace(text=f"{caption} {n.text}") for n in row.negatives]
    return row._replace(caption=caption, negatives=tuple(changed))


def prepared(root: Path, shards: Path, **options: Any) -> Prepared:  # noqa: ANN401
    return prepare(settings(root, **options), replace(places(root), shards=shards))


SOME = of_types([["swap"], ["replace"], [], ["swap", "replace"]] * 10)
NONE = rows_of(40, types=())
CUT = [cut(row) for row in rows_of(40, types=("swap", "replace"))]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (NONE, {}, "preset fsc-clip: its loss needs negatives, and .*out has none; build shards"),
        (NONE, {"preset": "negclip"}, r"preset negclip: .* without \(--preset clip\)$"),
        (NONE, {"preset": "clip", "losses": ["clip", "global"]}, "its loss needs negatives"),
        (NONE, {"losses": ["clip"]}, None),
        (NONE, {"preset": "clip"}, None),
        (CUT, {}, "no caption of 'train' has one;"),
        (CUT, {"draw": {"swap": 2}}, "no caption of 'train' has one of type swap;"),
        (CUT, {"preset": "clip"}, None),
        (SOME, {"draw": {}}, "training.draw has no place for any"),
        (SOME, {"draw": {"swap": 0}}, "training.draw has no place for any"),
        (SOME, {"draw": {"any": 1}}, None),
    ],
)
def test_a_loss_that_needs_negatives_finds_some(
    root: Path, tmp_path: Path, rows: list[Row], options: dict[str, Any], message: str | None
) -> None:
    shards = finished(tmp_path / "out", {"train": rows})
    if message is None:
        assert len(prepared(root, shards, **options).samples) == 40
        return
    with pytest.raises(UsageError, match=message) as caught:
        prepared(root, shards, **options)
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=message):
        plan_of(settings(root, **options), replace(places(root), shards=shards))


@pytest.mark.parametrize(
    ("draw", "without"),
    [
        ({"any": 3}, 10),
        ({"swap": 1}, 20),
        ({"replace": 1, "any": 1}, 10),
        ({"swap": 1, "replace": 2}, 10),
    ],
)
def test_captions_without_a_negative_are_counted(
    root: Path, tmp_path: Path, draw: dict[str, int], without: int
) -> None:
    shards = finished(tmp_path / "out", {"train": SOME})
    found = prepared(root, shards, draw=draw)
    assert num_without_negative(found.samples) == without
    note = f"{without} of 40 captions have no negative that can be drawn"
    assert found.notes.count(note) == 1


def test_captions_left_out_are_not_counted_twice(root: Path, tmp_path: Path) -> None:
    shards = finished(tmp_path / "out", {"train": SOME})
    kept = [row for row in SOME if row.negatives]
    images = picture_folder(tmp_path / "images", pictures_of(kept))
    here = replace(places(root), shards=shards, images=images)
    chosen = settings(root, on_missing_image="skip")
    assert num_without_negative(prepare(chosen, here).samples) == 0
    some = picture_folder(tmp_path / "others", pictures_of([r for r in SOME if not r.negatives]))
    with pytest.raises(UsageError, match="no caption of 'train' has one"):
        prepare(chosen, replace(here, images=some))


def test_of_a_measured_split_it_is_said_how_much_is_measured(root: Path, tmp_path: Path) -> None:
    rows = rows_of(40)
    shards = finished(tmp_path / "out", {"train": rows, "val": rows_of(21)})
    images = pictures_of(rows)
    del images[rows[0].image], images[rows[30].image]
    here = replace(places(root), shards=shards, images=picture_folder(tmp_path / "p", images))
    chosen = settings(root, validation="val", on_missing_image="skip")
    notes = " ".join(prepare(chosen, here).notes)
    assert (
        "split val is measured with each checkpoint: 16 captions, without 1 whose images are "
        "missing and 4 in the incomplete last batch"
    ) in notes
    assert "2 captions are left out because their images are missing" in notes


@pytest.mark.parametrize("preset", ["clip", "fsc-clip"])
def test_what_was_not_measured_has_no_figure(root: Path, tmp_path: Path, preset: str) -> None:
    chosen = settings(root, preset=preset, validation="val", epochs=1)
    here = replace(places(root), out=tmp_path / "run")
    train(chosen, here)
    (found,) = (r["validation"] for r in records(here.out) if "validation" in r)
    message = describe_measures(found)
    if preset == "clip":
        assert (found["composition"], found["composition_chance"]) == (None, None)
        assert message.endswith("composition not measured (no negatives)")
    else:
        assert 0 < found["composition_chance"] < 1
        assert "(chance " in message


def test_broken_images_are_counted_at_the_end(root: Path, tmp_path: Path) -> None:
    rows = rows_of(40)
    images = pictures_of(rows)
    for row in rows[:3]:
        images[row.image] = b"broken"
    images = picture_folder(tmp_path / "images", images)
    line = [TRAIN, "--shards", root / "shards", "--images", images, "--out", tmp_path / "run",
            "--model", f"local-dir:{root / 'model'}", "--on-missing-image", "skip"]  # fmt: skip
    for option in ("precision=fp32", "batch_size=8", "epochs=1", "run.workers=0", "run.device=cpu"):
        line += ["--set", f"training.{option}"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    counted = sum(r.get("broken images replaced", 0) for r in records(tmp_path / "run"))
    assert counted >= 3
    assert done.stderr.splitlines()[-1] == f"{counted} broken images replaced by other captions"
    assert f"  {counted} broken images replaced" in done.stderr.splitlines()[-3]
    assert json.loads((tmp_path / "run/run.json").read_text())["captions"] == 40
