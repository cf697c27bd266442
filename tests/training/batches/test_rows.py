import pickle
from pathlib import Path

import pytest

from data.errors import UsageError
from data.images import ImageFolder
from tests.training.folders import finished, picture_folder, pictures_of, row_of, rows_of
from training.batches.rows import RowPlace, num_left_out, open_rows, with_images

ROWS = rows_of(25)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return finished(tmp_path / "out", {"train": ROWS, "val": rows_of(4)})


def test_rows_are_found_by_number(folder: Path) -> None:
    rows = pickle.loads(pickle.dumps(open_rows(folder)))  # noqa: S301  (our own)
    places = [rows.place(number) for number in range(25)]
    assert places[9:11] == [RowPlace(0, 9), RowPlace(1, 0)]
    expected = [(row.id, row.images, "single") for row in ROWS]
    assert [rows.names(place) for place in places] == expected
    texts = [text for shard in range(3) for text in rows.texts(shard)]
    assert [text.caption for text in texts] == [row.caption for row in ROWS]
    assert [text.negatives for text in texts] == [tuple(n.text for n in r.negatives) for r in ROWS]
    assert {text.types for text in texts} == {("swap", "replace", "replace")}
    assert pickle.loads(pickle.dumps(rows)) == rows  # noqa: S301  (maps are not sent along)
    for number in (-1, 25):
        with pytest.raises(IndexError):
            rows.place(number)


def test_a_split_is_rows_of_its_own(folder: Path) -> None:
    assert len(open_rows(folder, split="val")) == 4
    assert open_rows(folder, split="val").digest != open_rows(folder).digest
    with pytest.raises(UsageError, match="no split 'vla'; did you mean 'val'"):
        open_rows(folder, split="vla")


def test_types_are_those_of_the_manifest(folder: Path) -> None:
    assert set(open_rows(folder).types()) == {"swap", "replace"}


def test_shards_are_checked_before_the_start(folder: Path) -> None:
    path = folder / "data/train-00001.arrow"
    content = bytearray(path.read_bytes())
    content[content.index(b"dogs") + 1] ^= 1
    path.write_bytes(content)
    assert len(open_rows(folder)) == 25  # of the same size
    with pytest.raises(UsageError, match=r"1 problem, the first: data/train-00001.arrow: damage"):
        open_rows(folder, verify="full")
    path.write_bytes(content[:-8])
    with pytest.raises(UsageError, match="bytes, expected"):
        open_rows(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(UsageError, match="not a finished build"):
        open_rows(folder)


def test_rows_without_an_image_are_left_out_or_refused(folder: Path, tmp_path: Path) -> None:
    rows = open_rows(folder)
    images = pictures_of(ROWS)
    gone = [ROWS[n].image for n in (0, 9, 10, 24)]
    store = ImageFolder(picture_folder(tmp_path / "p", {k: v for k, v in images.items()
                                                   if k not in gone}))  # fmt: skip
    with pytest.raises(UsageError, match=r"images of 4 of 25 captions .* '0/0000.jpg'.*skip"):
        with_images(rows, store)
    kept, _ = with_images(rows, store, on_missing="skip")
    assert (len(kept), num_left_out(kept)) == (21, 4)
    assert [kept.names(kept.place(n))[0] for n in range(21)] == [
        row.id for row in ROWS if row.image not in gone
    ]
    assert kept.digest != rows.digest
    with pytest.raises(IndexError):
        kept.place(21)
    picture_folder(tmp_path / "p", images)
    assert with_images(rows, store) == (rows, store)
    with pytest.raises(UsageError, match="25 of 25"):
        with_images(rows, ImageFolder(tmp_path / "nothing"), on_missing="skip")


@pytest.mark.parametrize(
    ("given", "meant"),
    [("deep", "deep/images"), ("coco/test", "coco"), ("far/away", None)],
)
def test_the_folder_that_was_meant_is_named(tmp_path: Path, given: str, meant: str | None) -> None:
    rows = [row_of(n, image=f"val/{n}.jpg") for n in range(3)]
    opened = open_rows(finished(tmp_path / "val", {"train": rows}))
    for place in ("coco", "deep/images"):
        picture_folder(tmp_path / place, pictures_of(rows))
    for place in ("coco/test", "far/away/still"):
        (tmp_path / place).mkdir(parents=True)
    with pytest.raises(UsageError, match="3 of 3") as caught:
        with_images(opened, ImageFolder(tmp_path / given), on_missing="skip")
    expected = (
        f"use --images {tmp_path / meant}, which has it" if meant else "files with 'val/0.jpg', or"
    )
    assert expected in str(caught.value)


def test_captions_that_name_images_by_whole_paths_are_trained_on(tmp_path: Path) -> None:
    rows = [row_of(n, image=f"C:\\data\\img\\{n}.jpg") for n in range(12)]
    images = {f"{n}.jpg": b"image" for n in range(11)}
    opened = open_rows(finished(tmp_path / "out", {"train": rows}))
    plain = ImageFolder(picture_folder(tmp_path / "p", images))
    with pytest.raises(
        UsageError, match=r"images of 1 of 12 captions are missing: .*/p has no 'C:"
    ):
        with_images(opened, plain)
    kept, store = with_images(opened, plain, on_missing="skip")
    assert len(kept) == 11
    assert store.read(rows[3].image) == b"image"


def test_a_caption_without_an_image_key_has_no_image(tmp_path: Path) -> None:
    rows = [row_of(n, image="" if n == 1 else f"{n}.jpg") for n in range(3)]
    folder = finished(tmp_path / "out", {"train": rows})
    store = ImageFolder(
        picture_folder(tmp_path / "p", pictures_of(row for row in rows if row.image))
    )
    kept, _ = with_images(open_rows(folder), store, on_missing="skip")
    assert len(kept) == 2
