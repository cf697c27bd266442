"""The same images in each layout that is read."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from data.images import ImageColumns
from tests.training.folders import picture_folder, tar_of

IMAGES = {f"{n % 2}/{n:03d}.jpg": f"picture {n}".encode() * (n + 1) for n in range(20)}


def in_folder(root: Path) -> Path:
    return picture_folder(root, IMAGES)


def in_tar(root: Path) -> Path:
    root.mkdir()
    return tar_of(root / "a.tar", {"0/x.json": b"{}", **IMAGES})


def in_tars(root: Path) -> Path:
    root.mkdir()
    for split in "01":
        part = {key: value for key, value in IMAGES.items() if key.startswith(split)}
        tar_of(root / f"{split}.tar", {**part, "note.txt": b"no picture"})
    return root


def in_parquet(root: Path) -> Path:
    root.mkdir()
    items = list(IMAGES.items())
    for number, part in enumerate((items[:7], items[7:])):
        cells = [{"bytes": content, "path": key} for key, content in part]
        pl.DataFrame({"image": cells}).write_parquet(root / f"train-{number}.parquet")
    return root


def in_plain_parquet(root: Path) -> Path:
    root.mkdir()
    frame = {"name": list(IMAGES), "jpg": list(IMAGES.values()), "width": [1] * 20}
    pl.DataFrame(frame).write_parquet(root / "all.parquet")
    return root / "all.parquet"


STORES: dict[str, tuple[Callable[[Path], Path], ImageColumns | None]] = {
    "folder": (in_folder, None),
    "tar": (in_tar, None),
    "tars": (in_tars, None),
    "parquet": (in_parquet, None),
    "plain parquet": (in_plain_parquet, ImageColumns(image="jpg", key="name")),
}
