"""Images by URL are those of the folder, byte for byte, whatever the store does meanwhile."""

import multiprocessing
from pathlib import Path

import polars as pl
import pytest

from data import remote
from data.errors import UsageError
from data.image_names import missing
from data.images import Store, open_images
from data.manifest import Manifest, read_manifest
from data.storage import AnyPath, path_of
from data.streams import Stream
from tests.data.image_stores import IMAGES, STORES
from tests.faulty_proxy import always, no_faults, random_plan
from tests.s3_server import Bucket
from tests.training.folders import finished, rows_of


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(remote, "_READ_AHEAD_BYTES", 2048)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return read_manifest(finished(tmp_path / "out", {"train": rows_of(3)}))


def upload(name: str, s3: Bucket, tmp_path: Path) -> AnyPath:
    """Return the URL of the images in a layout."""
    made = STORES[name][0](tmp_path / "pictures")
    s3.put_folder(tmp_path / "pictures", "some/pictures")
    return path_of(s3.url) / "some" / made.relative_to(tmp_path)


def open_store(name: str, url: AnyPath, manifest: Manifest) -> Store:
    return open_images(url, manifest=manifest, columns=STORES[name][1])


@pytest.mark.parametrize("name", STORES)
def test_images_come_back_as_they_were(
    name: str, s3: Bucket, tmp_path: Path, manifest: Manifest
) -> None:
    url = upload(name, s3, tmp_path)
    s3.proxy.plan = random_plan(Stream("images", name), share=0.5)
    store = open_store(name, url, manifest)
    assert {key: store.read(key) for key in IMAGES} == IMAGES
    wrong = {"", "0", "0/", "9/000.jpg", "0/001.jpg.jpg", "/etc/hostname", "../pictures/x"}
    assert store.absent([*IMAGES, *wrong]) == wrong
    for key in wrong:
        with pytest.raises(UsageError):
            store.read(key)
    assert s3.proxy.faults.total() >= 3


@pytest.mark.parametrize("name", STORES)
def test_an_index_is_made_once_and_again_for_other_files(
    name: str, s3: Bucket, tmp_path: Path, manifest: Manifest
) -> None:
    url = upload(name, s3, tmp_path)
    open_store(name, url, manifest)
    s3.proxy.seen.clear()
    open_store(name, url, manifest)
    ranges = [
        message
        for message in s3.proxy.seen
        if message.startswith("GET") and "list-type" not in message
    ]
    assert ranges == []
    kept = set((tmp_path / "cache").rglob("*.npy"))
    assert len(kept) == (name != "folder")
    for path in (tmp_path / "pictures").rglob("*.tar"):
        path.write_bytes(path.read_bytes() + b"\0" * 512)
    for path in (tmp_path / "pictures").rglob("*.parquet"):
        pl.read_parquet(path).write_parquet(path, compression="gzip")
    s3.put_folder(tmp_path / "pictures", "some/pictures")
    open_store(name, url, manifest)
    is_newer = set((tmp_path / "cache").rglob("*.npy")) - kept
    assert len(is_newer) == (name != "folder")


def test_each_folder_is_listed_once(s3: Bucket, tmp_path: Path, manifest: Manifest) -> None:
    store = open_store("folder", upload("folder", s3, tmp_path), manifest)
    s3.proxy.seen.clear()
    assert store.absent([*IMAGES, "1/no.jpg", "2/no.jpg"]) == {"1/no.jpg", "2/no.jpg"}
    assert sum("prefix=some%2Fpictures%2F" in message for message in s3.proxy.seen) <= 4
    assert len(s3.proxy.seen) <= 4
    said = missing(store, ["000.jpg"], {"000.jpg"})
    assert (
        f"(it has '0/000.jpg', for example); use --images {s3.url}/some/pictures/0, which" in said
    )


def test_processes_that_are_started_afresh_read_them(
    s3: Bucket, tmp_path: Path, manifest: Manifest
) -> None:
    store = open_store("tars", upload("tars", s3, tmp_path), manifest)
    s3.proxy.plan = random_plan(Stream("spawned"), share=0.2, kinds=("lost answer", "cut answer"))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(store.read, IMAGES, chunksize=5) == list(IMAGES.values())
    assert s3.proxy.faults.total() >= 2


def test_what_is_not_there_or_refused(s3: Bucket, tmp_path: Path, manifest: Manifest) -> None:
    url = upload("tar", s3, tmp_path)
    with pytest.raises(UsageError, match=r"b\.tar: no such file or folder; .*a\.tar"):
        open_images(url.with_name("b.tar"), manifest=manifest)
    s3.put("one.jpg", b"-")
    with pytest.raises(UsageError, match=r"one\.jpg: expected a folder of images, a \.tar"):
        open_images(path_of(f"{s3.url}/one.jpg"), manifest=manifest)
    store = open_store("tar", url, manifest)
    s3.proxy.plan = always("denied")
    with pytest.raises(UsageError, match="check your login for this store"):
        store.read("0/000.jpg")
    s3.proxy.plan = no_faults
    s3.put("some/pictures/a.tar", b"\0" * 512)
    with pytest.raises(UsageError, match=r"a\.tar: ends before the image '0/018\.jpg'"):
        store.read("0/018.jpg")
