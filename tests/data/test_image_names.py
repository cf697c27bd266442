"""Captions that name images otherwise than the folder does, and what is said of missing ones."""

import os
import pickle
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.image_names import (
    KeyChange,
    RenamingStore,
    describe_renaming,
    example_in,
    match_keys,
    missing,
)
from data.images import ImageFolder, Store, open_images
from data.manifest import Manifest, read_manifest
from data.storage import path_of
from tests.s3_server import Bucket
from tests.training.folders import finished, picture_folder, rows_of, tar_of


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return read_manifest(finished(tmp_path / "out", {"train": rows_of(3)}))


def folder_of(root: Path, names: Sequence[str]) -> ImageFolder:
    return ImageFolder(picture_folder(root, {name: name.encode() for name in names}))


FOUND = [  # the store's folder, its files, keys, and the file that each key names
    ("p", ["1.jpg", "2.jpg"], ["C:\\data\\img\\1.jpg", "C:\\data\\img\\2.jpg"], ["1.jpg", "2.jpg"]),
    ("p", ["img/1.jpg"], ["C:\\data\\img\\1.jpg"], ["img/1.jpg"]),
    ("p", ["img/1.jpg"], ["img\\1.jpg"], ["img/1.jpg"]),
    ("img", ["1.jpg", "2.jpg"], ["img\\1.jpg", "img\\3.jpg"], ["1.jpg", None]),
    ("p", ["a/1.jpg", "b/1.jpg"], ["/mnt/x/a/1.jpg", "/mnt/x/b/1.jpg"], ["a/1.jpg", "b/1.jpg"]),
    ("p", ["img/1.jpg", "1.jpg"], ["/mnt/img/1.jpg"], ["img/1.jpg"]),  # as long a path as may be
    ("p", ["1.jpg"], ["/mnt/x/1.jpg", "/mnt/x/2.jpg"], ["1.jpg", None]),
    ("p", ["1.jpg"], ["https://x.org/a/1.jpg"], ["1.jpg"]),
    ("p", ["1.jpg"], ["file:///mnt/x/1.jpg"], ["1.jpg"]),
    ("p", ["1.jpg"], ["\\\\server\\share\\1.jpg"], ["1.jpg"]),
    ("p", ["184613.jpg", "7.jpg"], ["184613.0", "7.0"], ["184613.jpg", "7.jpg"]),
    ("p", ["184613"], ["184613.0"], ["184613"]),
    ("train", ["1.jpg"], ["C:\\data\\train\\1.jpg"], ["1.jpg"]),
    ("p", ["184613.png"], ["184613"], ["184613.png"]),
    ("p", ["train/0.jpg", "train/1.jpg"], ["train/0", "train/1"], ["train/0.jpg", "train/1.jpg"]),
    ("p", ["img\\1.jpg"], ["img\\1.jpg"], ["img\\1.jpg"]),  # so unpacked on this machine
]
NOT_FOUND = [
    ("p/val", ["1.jpg"], ["train/1.jpg", "train/2.jpg"]),  # another part has this name too
    ("p", ["1.jpg"], ["/mnt/a/1.jpg", "/mnt/b/1.jpg"]),  # which of the two?
    ("p", ["1.jpg"], ["img\\1.jpg"]),  # p is not img
    ("p", ["1.jpg"], ["a/1.jpg", "/b/1.jpg"]),
    ("p", ["secret/1.jpg"], ["/x/../secret/1.jpg", "../secret/1.jpg"]),
    ("p", ["1.0.jpg"], ["1.5"]),
    ("p", [], ["1.jpg"]),
    ("p", ["1.jpg"], ["", "/", "\0", "\\", "C:\\"]),
]


@pytest.mark.parametrize(("root", "files", "keys", "expected"), FOUND)
def test_images_are_found_by_the_names_that_captions_have(
    tmp_path: Path, root: str, files: list[str], keys: list[str], expected: list[str | None]
) -> None:
    plain = folder_of(tmp_path / root, files)
    store: Store = match_keys(plain, keys) if plain.absent(keys) == set(keys) else plain
    store = pickle.loads(pickle.dumps(store))  # noqa: S301  (our own)
    assert store.absent(keys) == {k for k, e in zip(keys, expected, strict=True) if e is None}
    for key, file in zip(keys, expected, strict=True):
        if file is not None:
            assert store.read(key) == file.encode()
    assert bool(describe_renaming(store)) == isinstance(store, RenamingStore)


@pytest.mark.parametrize(("root", "files", "keys"), NOT_FOUND)
def test_no_image_is_taken_for_another(
    tmp_path: Path, root: str, files: list[str], keys: list[str]
) -> None:
    store = folder_of(tmp_path / root, files)
    picture_folder(tmp_path, {"secret/1.jpg": b"secret"})
    assert match_keys(store, keys) == store
    assert store.absent(keys) == set(keys)


@pytest.mark.parametrize("start", ["", "C:\\data\\", "/mnt/data/"])
def test_a_part_is_not_taken_for_its_neighbour(tmp_path: Path, start: str) -> None:
    files = ["train/1.jpg", "train/2.jpg"]
    keys = [start + (name.replace("/", "\\") if "\\" in start else name) for name in files]
    folder_of(tmp_path / "p", files)
    store = folder_of(tmp_path / "p/val", ["1.jpg", "2.jpg"])
    assert match_keys(store, keys) == store
    assert f"use --images {tmp_path / 'p'}, which has it" in missing(store, keys, set(keys))


def test_a_whole_path_is_one_below_the_folder_that_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [str(tmp_path / "p/a/1.jpg"), str(tmp_path / "q/2.jpg"), "p/a/1.jpg"]
    for name in ("p/a/1.jpg", "q/2.jpg"):
        folder_of(tmp_path, [name])
    assert ImageFolder(tmp_path).absent(keys) == set()
    assert ImageFolder(tmp_path).read(keys[1]) == b"q/2.jpg"
    assert ImageFolder(tmp_path / "p").absent(keys) == {keys[1], keys[2]}
    assert ImageFolder(Path("/")).absent(keys) == {keys[2]}
    (tmp_path / "link").symlink_to(tmp_path / "p")
    assert ImageFolder(tmp_path / "link").absent(keys[:1]) == set()
    monkeypatch.chdir(tmp_path)
    assert ImageFolder(Path("p")).absent(keys[:1]) == set()
    outside = f"{tmp_path}/p/../q/2.jpg"
    assert ImageFolder(tmp_path / "p").absent([outside, f"{tmp_path}/p/"]) == {
        outside,
        f"{tmp_path}/p/",
    }


def test_a_url_is_one_below_the_url_that_is_given(s3: Bucket, tmp_path: Path) -> None:
    picture_folder(tmp_path / "p", {"a/1.jpg": b"one"})
    s3.put_folder(tmp_path / "p", "pictures")
    folder = ImageFolder(path_of(f"{s3.url}/pictures"))
    assert folder.read(f"{s3.url}/pictures/a/1.jpg") == b"one"
    assert folder.absent([f"{s3.url}/pictures/a/1.jpg", f"{s3.url}/other/a/1.jpg"]) == {
        f"{s3.url}/other/a/1.jpg"
    }
    assert example_in(folder) == "a/1.jpg"


def test_tars_are_asked_by_other_names_too(tmp_path: Path, manifest: Manifest) -> None:
    tar_of(tmp_path / "a.tar", {"1.jpg": b"one", "2.jpg": b"two"})
    store = open_images(tmp_path / "a.tar", manifest=manifest)
    keys = ["/mnt/x/1.jpg", "/mnt/x/2.jpg"]
    assert store.absent(keys) == set(keys)
    assert match_keys(store, keys).read(keys[1]) == b"two"
    assert example_in(store) == "a.tar/1.jpg"


REMEDIES = [  # files, keys, what is said
    (["val/1.jpg"], ["C:\\img\\2.jpg", "C:\\img\\3.jpg"], (
     r"has no 'C:\\img\\2.jpg' (it has 'val/1.jpg', for example); let --images name the "
     r"folder, tars or parquet files with '2.jpg'")),
    (["1.jpg"], ["0/2.jpg", "1/3.jpg"], "files with '0/2.jpg'"),
    (["1.jpg"], ["1.jpg", "2.jpg"], "example); let --images name a place that has all of them"),
    ([], ["1.jpg"], "has no '1.jpg' (it has no images); let"),
    (["note.txt"], ["1.jpg"], "(it has no images)"),
    (["1.jpg"], ["https://x.org/2.jpg"], "it is a URL, but images are read from files"),
    (["1.jpg"], ["", ""], "the captions name no image; build from a source that does"),
    (["1.jpg"], ["184613.0"], "files with '184613.webp'"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "keys", "said"), REMEDIES)
def test_a_remedy_is_one_for_the_case(
    tmp_path: Path, files: list[str], keys: list[str], said: str
) -> None:
    store = folder_of(tmp_path / "p", files)
    (tmp_path / "p").mkdir(exist_ok=True)
    assert said in missing(store, keys, store.absent(keys))


def test_the_folder_that_a_remedy_names_has_the_images(tmp_path: Path) -> None:
    files = ["far/a/1.jpg", "far/b/2.jpg"]
    folder_of(tmp_path, files)
    store = folder_of(tmp_path / "p/x", ["other.jpg"])
    keys = [str(tmp_path / name) for name in files]
    said = missing(store, keys, set(keys))
    assert f"it is a file on this machine: use --images {tmp_path / 'far'}" in said
    assert ImageFolder(tmp_path / "far").absent(keys) == set()
    windows = [f"D:\\data\\{name.replace('/', chr(92))}" for name in files]
    near = missing(ImageFolder(tmp_path / "p"), windows, set(windows))
    assert f"use --images {tmp_path}, which has it" in near
    assert match_keys(ImageFolder(tmp_path), windows).absent(windows) == set()


def test_a_split_is_not_given_the_images_of_another(tmp_path: Path) -> None:
    train, val = (["/data/" + f"{split}/{n}.jpg" for n in range(3)] for split in ("train", "val"))
    for name, is_found in (("train", True), ("p", False)):
        store = folder_of(tmp_path / name, ["0.jpg", "1.jpg", "2.jpg"])
        assert (match_keys(store, train, beside=val) != store) == is_found
        assert match_keys(store, val, beside=train) == store
    both = folder_of(tmp_path / "both", ["train/0.jpg", "val/0.jpg"])
    for keys, other in ((train, val), (val, train)):
        assert match_keys(both, keys, beside=other).absent(keys[:1]) == set()


@given(
    st.lists(st.text("ab/\\.:0", min_size=1, max_size=8), min_size=1, max_size=6, unique=True),
    st.sampled_from(("", "/mnt/x/", "C:/data/", "img/")),
)
def test_one_change_keeps_keys_apart(names: list[str], start: str) -> None:
    keys = [start + name for name in names]
    change = KeyChange(start, windows=False, end="", suffix=".jpg")
    assert len({change.of(key) for key in keys}) == len(keys)


def test_names_that_cannot_be_listed_end_in_no_error(tmp_path: Path) -> None:
    folder = tmp_path / "p/deep"
    folder.mkdir(parents=True)
    os.mkfifo(tmp_path / "p/pipe.jpg")
    assert example_in(ImageFolder(tmp_path / "p")) == ""
    assert example_in(ImageFolder(tmp_path / "none")) == ""
