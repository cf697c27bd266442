"""--benchmark NAME=DIR:IMAGES, where paths have colons of their own."""

from pathlib import Path

import pytest

from data.errors import UsageError
from data.storage import path_of
from training.commands.wanted import wanted

FOLDERS = (
    "crepe",
    "coco/val",
    "run:3/crepe",
    "run:3/coco",
    "C:\\crepe",
    "D:\\coco",
    "both",
    "both:coco",
)


@pytest.mark.parametrize(
    ("where", "root", "images"),
    [
        ("", None, "given"),
        ("crepe", "crepe", "given"),
        ("crepe:", "crepe", "given"),
        ("crepe:coco/val", "crepe", "coco/val"),
        ("crepe:none", "crepe", "none"),  # what is missing is said where it is opened
        ("none:coco", "none", "coco"),
        ("none", "none", "given"),
        ("run:3/crepe", "run:3/crepe", "given"),
        ("run:3/crepe:run:3/coco", "run:3/crepe", "run:3/coco"),
        ("crepe:run:3/coco", "crepe", "run:3/coco"),
        ("run:3/crepe:coco/val", "run:3/crepe", "coco/val"),
        ("run:3/crepe:none", "run:3/crepe", "none"),
        ("C:\\crepe", "C:\\crepe", "given"),
        ("C:\\crepe:D:\\coco", "C:\\crepe", "D:\\coco"),
        ("E:\\crepe:F:\\coco", "E:\\crepe", "F:\\coco"),
        ("crepe:D:\\coco", "crepe", "D:\\coco"),
        ("crepe:s3://bucket/coco", "crepe", "s3://bucket/coco"),
        ("run:3/crepe:s3://bucket:9/coco", "run:3/crepe", "s3://bucket:9/coco"),
        ("C:\\crepe:s3://bucket/coco", "C:\\crepe", "s3://bucket/coco"),
    ],
)
def test_folders_with_colons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, root: str | None, images: str
) -> None:
    for name in FOLDERS:
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    found = wanted(f"sugarcrepe={where}" if where else "sugarcrepe", images=Path("given"))
    assert found == ("sugarcrepe", Path(root) if root else None, path_of(images))


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("s3://bucket/crepe", "annotations on this machine, found a URL"),
        ("s3://bucket/crepe:coco", "annotations on this machine, found a URL"),
        ("both:coco", "may be 'both:coco' with 'nothing' or 'both' with 'coco'; choose one in"),
    ],
)
def test_what_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, said: str
) -> None:
    for name in (*FOLDERS, "coco"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=said):
        wanted(f"sugarcrepe={where}", images=None)
