import io
import os
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from data.config import plain
from data.errors import UsageError
from data.image_index import Index
from data.images import ImageColumns, ImageFolder, SceneImages, Store, open_images
from data.manifest import Manifest, read_manifest
from data.sources.scenes import Scenes
from tests.data.image_stores import IMAGES, STORES, in_parquet, in_tar
from tests.training.folders import finished, picture_folder, rows_of, tar_of


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return read_manifest(finished(tmp_path / "out", {"train": rows_of(3)}))


@pytest.mark.parametrize("name", STORES)
def test_images_come_back_as_they_were(name: str, tmp_path: Path, manifest: Manifest) -> None:
    write, columns = STORES[name]
    place = write(tmp_path / "pictures")
    for _ in range(2):  # made, and found made
        store: Store = open_images(place, manifest=manifest, columns=columns)
        store = pickle.loads(pickle.dumps(store))  # noqa: S301  (our own)
        assert {key: store.read(key) for key in IMAGES} == IMAGES
        assert store.absent(IMAGES) == set()
        wrong = {"", "0", "0/", "9/000.jpg", "0/001.jpg.jpg", "/etc/hostname", "../pictures/x"}
        assert store.absent([*IMAGES, *wrong]) == wrong
        for key in wrong:
            with pytest.raises(UsageError):
                store.read(key)


def test_images_without_names_have_the_number_of_their_row(
    tmp_path: Path, manifest: Manifest
) -> None:
    for number in range(2):
        contents = [f"{number} {row}".encode() for row in range(3)]
        pl.DataFrame({"image": contents}).write_parquet(tmp_path / f"train-{number}.parquet")
    store = open_images(tmp_path, manifest=manifest)
    assert [store.read(f"train/{row}") for row in (0, 4)] == [b"0 0", b"1 1"]


def test_numbers_are_keys_without_a_point(tmp_path: Path, manifest: Manifest) -> None:
    for key, number in (("a", 184613), ("b", 184614.0)):
        frame = pl.DataFrame({"id": [number], "image": [key.encode()]})
        frame.write_parquet(tmp_path / f"{key}.parquet")
        store = open_images(
            tmp_path / f"{key}.parquet", manifest=manifest, columns=ImageColumns(key="id")
        )
        assert store.read(str(int(number))) == key.encode()


def test_the_sources_keys_name_members_of_tars(tmp_path: Path, manifest: Manifest) -> None:
    for name in ("a", "b"):
        tar_of(tmp_path / f"{name}.tar", {"./1.jpg": name.encode(), f"{name}.PNG": b"own"})
    store = open_images(tmp_path, manifest=manifest)
    assert store.read("b.tar/./1.jpg") == b"b"
    assert store.read("b.PNG") == b"own"
    assert store.absent(["1.jpg"]) == {"1.jpg"}  # which of the two?


def test_a_sample_may_state_its_image(tmp_path: Path, manifest: Manifest) -> None:
    members = {
        "1.json": b'{"image": "val/a.jpg"}', "1.jpg": b"first",
        "2.json": b'{"image": "val/a.jpg"}', "2.jpg": b"the same again",
        "3.json": b'{"image": 5}', "3.jpg": b"third", "4.json": b"broken", "4.jpg": b"fourth",
        "5.json": b'{"image": "val/b.jpg"}', "6.jpg": b"another sample's",
    }  # fmt: skip
    store = open_images(tar_of(tmp_path / "a.tar", members), manifest=manifest)
    assert store.read("val/a.jpg") == b"first"
    assert store.absent(["val/a.jpg", "2.jpg", "3.jpg", "4.jpg"]) == set()
    assert store.absent(["val/b.jpg"]) == {"val/b.jpg"}


def test_a_key_may_come_back_with_the_same_image_alone(tmp_path: Path, manifest: Manifest) -> None:
    named = (("x", b"one"), ("x", b"one"), ("y", b"one"), ("y", b"two"), ("z", b"three"))
    frame = {"image": [*({"bytes": content, "path": key} for key, content in named), None]}
    pl.DataFrame(frame).write_parquet(tmp_path / "a.parquet")
    store = open_images(tmp_path, manifest=manifest)
    assert store.read("x") == b"one"
    assert store.absent(["x", "z", "none"]) == {"none"}
    for ask in (lambda: store.absent(["x", "y", "z"]), lambda: store.read("y")):
        with pytest.raises(UsageError, match=r"found different ones under 1 of .* example 'y'"):
            ask()


def test_a_member_that_is_twice_in_a_tar_is_asked_for_in_vain(
    tmp_path: Path, manifest: Manifest
) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for content in (b"one", b"another"):
            info = tarfile.TarInfo("1.jpg")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    store = open_images(tmp_path / "a.tar", manifest=manifest)
    with pytest.raises(UsageError, match="found different ones under 1 of the requested keys"):
        store.absent(["a.tar/1.jpg"])


@pytest.mark.parametrize("write", [in_tar, in_parquet])
def test_an_index_is_made_once_and_again_for_other_files(
    write: Callable[[Path], Path], tmp_path: Path, manifest: Manifest
) -> None:
    place = write(tmp_path / "pictures")

    def index() -> Index:
        store = open_images(place, manifest=manifest)
        assert isinstance(store, Index)
        return store

    first = index()
    written = first.path.stat().st_mtime_ns
    assert index().path.stat().st_mtime_ns == written
    for path in place.parent.rglob("*"):
        if path.suffix in {".tar", ".parquet"}:
            os.utime(path, ns=(1, 1))
    assert index().path != first.path
    assert not list(first.path.parent.glob("*.tmp"))


def test_a_cache_of_ones_own(tmp_path: Path, manifest: Manifest) -> None:
    store = open_images(in_tar(tmp_path / "p"), manifest=manifest, cache=tmp_path / "mine")
    assert isinstance(store, Index)
    assert store.path.is_relative_to(tmp_path / "mine")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="choose another folder for the cache"):
        open_images(tmp_path / "p/a.tar", manifest=manifest, cache=tmp_path / "file")


def test_tars_without_images(tmp_path: Path, manifest: Manifest) -> None:
    tar_of(tmp_path / "a.tar", {"note.txt": b"no picture"})
    with pytest.raises(UsageError, match=r"a\.tar: expected images, found none"):
        open_images(tmp_path / "a.tar", manifest=manifest)
    (tmp_path / "a.tar").write_bytes(b"no tar at all")
    with pytest.raises(UsageError, match="expected an uncompressed tar"):
        open_images(tmp_path / "a.tar", manifest=manifest)


def test_a_tar_that_ends_early(tmp_path: Path, manifest: Manifest) -> None:
    path = in_tar(tmp_path / "p")
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(UsageError, match="truncated tar"):
        open_images(path, manifest=manifest)


def test_parquet_without_bytes(tmp_path: Path, manifest: Manifest) -> None:
    pl.DataFrame({"image": ["a.jpg"]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="the bytes of an image, found str"):
        open_images(tmp_path, manifest=manifest)
    with pytest.raises(UsageError, match="no column 'jpg'"):
        open_images(tmp_path, manifest=manifest, columns=ImageColumns(image="jpg"))
    assert not list((tmp_path / "cache").rglob("*.tmp"))


def test_a_tar_that_was_cut_later(tmp_path: Path, manifest: Manifest) -> None:
    path = in_tar(tmp_path / "p")
    store = open_images(path, manifest=manifest)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(UsageError, match="download or write it again"):
        store.read(list(IMAGES)[-1])


def test_places_that_are_none(tmp_path: Path, manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        open_images(tmp_path / "nowhere", manifest=manifest)
    (tmp_path / "one.jpg").touch()
    with pytest.raises(UsageError, match="expected a folder of images"):
        open_images(tmp_path / "one.jpg", manifest=manifest)
    with pytest.raises(UsageError, match="expected a folder built from scenes"):
        open_images(None, manifest=manifest)


def test_scenes_are_drawn_when_they_are_asked_for(tmp_path: Path) -> None:
    scenes = Scenes(num_images=20, seed=3)
    folder = finished(tmp_path / "out", {"train": rows_of(2)})
    manifest = read_manifest(folder)
    source = {"name": "scenes", **plain(scenes)}
    manifest.config["data"] = {"source": source}
    store = open_images(None, manifest=manifest)
    assert store == SceneImages(scenes)
    keys = [caption.image for caption in scenes.read("train")]
    wrong = {"train/000020.png", "test/000000.png", "train/1.jpg", "x"}
    assert store.absent([*keys, *wrong]) == wrong
    assert store.read("train/000007.png").startswith(b"\x89PNG")
    assert store.read("train/000007.png") is store.read("train/000007.png")  # drawn once


def test_a_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture_folder(tmp_path / "p", IMAGES)
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(path) or scandir(path))
    assert ImageFolder(tmp_path / "p").absent(IMAGES) == set()
    assert len(listed) == 2
