from pathlib import Path

import pytest

from data.errors import UsageError
from data.storage import path_of
from data.streams import Stream
from tests.faulty_proxy import random_plan
from tests.s3_server import Bucket
from tests.training.folders import picture_folder
from training.evaluation.store import Found

FILES = ("a.jpg", "coco/val2014/b.jpg", "vg/images/1.jpg", "frames/v1/0.png", "frames/v2/0.png",
         "frames/v2/1.png", "flat/COCO_7.jpg")  # fmt: skip


def store(root: Path, *keys: str) -> Found:
    return Found(picture_folder(root, {name: name.encode() for name in FILES}), keys)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a.jpg", "a.jpg"),
        ("data/a.jpg", "a.jpg"),  # without its first folders
        ("/data/coco/val2014/b.jpg", "coco/val2014/b.jpg"),
        ("x/y/val2014/b.jpg", "coco/val2014/b.jpg"),  # by its folder and name
        ("val2014/b.jpg", "coco/val2014/b.jpg"),
        ("b.jpg", "coco/val2014/b.jpg"),  # a name without a folder
        ("images/1.jpg", "vg/images/1.jpg"),
        ("val2014/COCO_7.jpg", None),  # there is a folder val2014, and it is not in it
        ("val2017/COCO_7.jpg", "flat/COCO_7.jpg"),  # no folder is called so
        ("frames/v1/0.png", "frames/v1/0.png"),
        ("v2/0.png", "frames/v2/0.png"),
        ("v1/1.png", None),  # that of v2 is another image
        ("v3/1.png", None),  # two keys are called 1.png
        ("v3/0.png", None),  # so are two files
        ("0.png", None),
        ("./a.jpg", "a.jpg"),
        ("../a.jpg", "a.jpg"),  # never a file outside
        ("C:\\data\\vg\\images\\1.jpg", "vg/images/1.jpg"),
        ("images\\1.jpg", "vg/images/1.jpg"),
        ("v1\\1.png", None),
        ("..\\a.jpg", "a.jpg"),
        ("A.jpg", None),
        ("", None),
        ("/", None),
    ],
)
def test_where_a_image_is(tmp_path: Path, key: str, expected: str | None) -> None:
    found = store(tmp_path, key, "v1/1.png", "v3/1.png", "v4/0.png")
    assert found.path_of(key) == expected
    assert found.absent([key]) == (set() if expected else {key})
    if expected:
        assert found.read(key) == expected.encode()
    else:
        with pytest.raises(UsageError, match="expected an image"):
            found.read(key)


def test_by_url_it_is_where_it_is_in_a_folder(s3: Bucket, tmp_path: Path) -> None:
    here = store(tmp_path)
    s3.put_folder(tmp_path, "images")
    s3.proxy.plan = random_plan(Stream("faults"), share=0.2)
    there = Found(path_of(f"{s3.url}/images"))
    for key in ("a.jpg", "data/a.jpg", "val2014/b.jpg", "v2/0.png", "0.png", "../a.jpg"):
        assert there.path_of(key) == here.path_of(key)
    assert there.read("x/a.jpg") == b"a.jpg"
    with pytest.raises(UsageError, match="expected a folder"):
        Found(path_of(f"{s3.url}/nowhere"))


def test_nothing_outside_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    found = store(tmp_path / "root")
    assert found.path_of("../secret.jpg") is None
    assert found.path_of(str(tmp_path / "secret.jpg")) is None


def test_links_are_followed_once(tmp_path: Path) -> None:
    picture_folder(tmp_path / "far", {"b.jpg": b"b"})
    root = picture_folder(tmp_path / "root", {"a.jpg": b"a"})
    (root / "val2017").symlink_to(tmp_path / "far")
    (tmp_path / "far/loop").symlink_to(root)
    found = Found(root)
    assert found.read("val2017/b.jpg") == found.read("b.jpg") == b"b"
    assert found.read("a.jpg") == b"a"


def test_a_folder_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a folder of images, found none"):
        Found(tmp_path / "none")
