"""webdataset tars, and the two published datasets that come in them or in a table."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.errors import UsageError
from data.image_index import index_of_tars
from data.records import Caption
from data.sources.cc3m import Cc3m
from data.sources.laion_coco import LaionCoco
from data.sources.webdataset import Webdataset
from tests.data.sources.reading import captions, complaint, everything, skips


def write(path: Path, *members: tuple[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def test_samples(tmp_path: Path) -> None:
    write(
        tmp_path / "00000.tar",
        ("000.jpg", b"..."),
        ("000.txt", b"\xef\xbb\xbfA dog &amp; cat\n"),
        ("sub.dir/001.seg.png", b"..."),
        ("sub.dir/001.JPG", b"..."),
        ("sub.dir/001.json", b'{"caption": "Two dogs", "alt": ["x", "y"]}'),
    )
    write(tmp_path / "00001.tar", ("000.json", b'{"alt": "z"}'), ("000.png", b""))
    source = Webdataset(root=tmp_path)
    assert captions(source) == [
        Caption("webdataset:00000.tar/000.jpg:0", "00000.tar/000.jpg", "A dog &amp; cat"),
        Caption("webdataset:00000.tar/sub.dir/001.JPG:0", "00000.tar/sub.dir/001.JPG", "Two dogs"),
    ]
    assert skips(source) == [("caption is missing", "00001.tar, 000")]
    of_keys = Webdataset(root=tmp_path, json_keys=("alt",))
    assert [tuple(item) for item in everything(of_keys)] == [
        ("caption is missing", "00000.tar, 000"),
        ("webdataset:00000.tar/sub.dir/001.JPG:0", "00000.tar/sub.dir/001.JPG", "x"),
        ("webdataset:00000.tar/sub.dir/001.JPG:1", "00000.tar/sub.dir/001.JPG", "y"),
        ("webdataset:00001.tar/000.png:0", "00001.tar/000.png", "z"),
    ]


def test_samples_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    write(
        file,
        ("0.txt", b"no picture of it"),
        ("1.jpg", b""),
        ("2.jpg", b""),
        ("2.json", b"{"),
        ("3.jpg", b""),
        ("3.json", b"[]"),
        ("4.jpg", b""),
        ("4.txt", b"caf\xe9"),
        ("5.jpg", b""),
        ("5.txt", b" "),
        ("6.jpg", b""),
        ("6.txt", b"A dog"),
        ("5.jpg", b""),
        ("5.txt", b"A dog"),
        ("7.jpg", b""),
        ("7.json", b'{"caption": 7}'),
    )
    assert skips(Webdataset(root=file)) == [
        ("no image", "a.tar, 0"),
        ("caption is missing", "a.tar, 1"),
        ("json in the tar is broken", "a.tar, 2"),
        ("caption is missing", "a.tar, 3"),
        ("caption, image or id is not valid Unicode", "a.tar, 4"),
        ("caption is empty", "a.tar, 5"),
        ("key recurs in the tar", "a.tar, 5"),
        ("caption is not text", "a.tar, 7"),
    ]
    assert [caption.image for caption in captions(Webdataset(root=file))] == ["a.tar/6.jpg"]


NUM_SAMPLES = 20


@pytest.mark.parametrize("cut", range(512, 40 * 1024, 700))
def test_a_tar_that_ends_early(tmp_path: Path, cut: int) -> None:
    """Half a download: what is whole is read, the end is counted, nothing passes in silence."""
    file = tmp_path / "a.tar"
    pairs = [((f"{n}.txt", b"A dog"), (f"{n}.jpg", b"x" * 700)) for n in range(NUM_SAMPLES)]
    write(file, *(member for pair in pairs for member in pair))
    whole = file.read_bytes()
    end = len(whole.rstrip(b"\0"))
    file.write_bytes(whole[:cut])
    num_captions = len(captions(Webdataset(root=file)))
    reasons = [reason for reason, _ in skips(Webdataset(root=file))]
    assert num_captions <= -(-cut * NUM_SAMPLES // end)
    assert set(reasons) <= {"tar ends early", "no image"}
    if num_captions < NUM_SAMPLES and cut % 512:
        assert "tar ends early" in reasons


def test_a_broken_header_is_not_the_end(tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    members = [(f"{n}.{suffix}", b"A dog") for n in range(3) for suffix in ("jpg", "txt")]
    write(file, *members)
    content = bytearray(file.read_bytes())
    last_header = content.index(b"2.txt")
    content[last_header : last_header + 10] = b"\xff" * 10
    file.write_bytes(content)
    assert [tuple(item) for item in everything(Webdataset(root=file))] == [
        ("webdataset:a.tar/0.jpg:0", "a.tar/0.jpg", "A dog"),
        ("webdataset:a.tar/1.jpg:0", "a.tar/1.jpg", "A dog"),
        ("tar ends early", "a.tar, 2"),
    ]


def test_tars_that_are_refused(tmp_path: Path) -> None:
    for content in (b"", b"no tar", b"x" * 2048):
        (tmp_path / "a.tar").write_bytes(content)
        assert "expected a tar, found" in complaint(Webdataset(root=tmp_path))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_texts_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    write(
        tmp_path / "a.tar",
        ("0.jpg", b""),
        ("0.txt", "A caf\u00e9".encode(encoding)),
        ("1.jpg", b""),
        ("1.json", '{"caption": "A caf\u00e9"}'.encode(encoding)),
    )
    assert [c.text for c in captions(Webdataset(root=tmp_path))] == ["A caf\u00e9"] * 2


@pytest.mark.parametrize("cut", [600, 1500, 3000, 4100])
def test_a_packed_tar_that_ends_early(tmp_path: Path, cut: int) -> None:
    noise = [hashlib.sha512(bytes([n])).digest() * 9 for n in range(9)]
    pairs = [((f"{n}.txt", b"A dog"), (f"{n}.jpg", noise[n])) for n in range(9)]
    write(tmp_path / "a.tar", *(member for pair in pairs for member in pair))
    whole = gzip.compress((tmp_path / "a.tar").read_bytes(), 0)
    (tmp_path / "a.tar").unlink()
    (tmp_path / "a.tar.gz").write_bytes(whole[:cut])
    source = Webdataset(root=tmp_path)
    assert {reason for reason, _ in skips(source)} <= {"tar ends early", "no image"}
    assert ("tar ends early" in dict(skips(source))) == (cut > 512)
    (tmp_path / "a.tar.gz").write_bytes(whole)
    assert len(captions(source)) == 9
    assert skips(source) == []


def test_images_are_not_looked_for_in_a_packed_tar(tmp_path: Path) -> None:
    write(tmp_path / "a.tar", ("0.jpg", b"..."))
    (tmp_path / "b.tar").write_bytes(gzip.compress((tmp_path / "a.tar").read_bytes()))
    with pytest.raises(UsageError, match=r"b\.tar: .* found a compressed file; unpack it$"):
        index_of_tars((tmp_path / "b.tar",), root=tmp_path, cache=tmp_path)


def test_cc3m_tsv(tmp_path: Path) -> None:
    (tmp_path / "Train_GCC-training.tsv").write_text(
        'a "dog" on a sofa\thttp://x.org/1.jpg\n\na cat\nno image\thttp://x.org/2.jpg\n'
        "a dog\thttp://x.org/1.jpg\n"
    )
    (tmp_path / "Validation_GCC-1.1.0-Validation.tsv").write_text("a cow\thttp://x.org/3.jpg\n")
    source = Cc3m(root=tmp_path)
    assert source.splits() == ("train", "validation")
    assert [tuple(item) for item in everything(source)] == [
        ("cc3m:train:0", "http://x.org/1.jpg", 'a "dog" on a sofa'),
        ("row does not fit the columns", "Train_GCC-training.tsv, line 3"),
        ("junk caption", "Train_GCC-training.tsv, line 4"),
        ("cc3m:train:3", "http://x.org/1.jpg", "a dog"),
        ("cc3m:validation:0", "http://x.org/3.jpg", "a cow"),
    ]


def test_cc3m_tars(tmp_path: Path) -> None:
    (tmp_path / "Train_GCC-training.tsv").write_text("a dog\thttp://x.org/1.jpg\n")
    for split in ("train", "validation"):
        write(tmp_path / f"cc3m-{split}-0000.tar", ("0.jpg", b""), ("0.txt", b"a dog"))
    assert [caption.id for caption in captions(Cc3m(root=tmp_path))] == [
        "cc3m:cc3m-train-0000.tar/0.jpg:0",
        "cc3m:cc3m-validation-0000.tar/0.jpg:0",
    ]


def test_laion_coco_parquet(tmp_path: Path) -> None:
    rows = [
        {"URL": "http://x/1", "top_caption": "a dog", "all_captions": ["a dog", "dogs"]},
        {"URL": "http://x/1", "top_caption": None, "all_captions": []},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "part-0.parquet")
    assert [tuple(item) for item in everything(LaionCoco(root=tmp_path))] == [
        ("laion_coco:train:0", "http://x/1", "a dog"),
        ("caption is missing", "part-0.parquet, row 1"),
    ]
    several = LaionCoco(root=tmp_path, caption_columns=("all_captions",))
    assert [caption.id for caption in captions(several)] == [
        "laion_coco:train:0:0",
        "laion_coco:train:0:1",
    ]
    assert "did you mean 'top_caption'?" in complaint(
        LaionCoco(root=tmp_path, caption_columns=("top_captions",))
    )


def test_laion_coco_tars(tmp_path: Path) -> None:
    write(
        tmp_path / "00000.tar",
        ("0.jpg", b""),
        ("0.txt", b"a dog"),
        ("0.json", b'{"all_captions": ["dogs"]}'),
    )
    (tmp_path / "00000.parquet").write_bytes(b"what the downloader noted, not captions")
    assert [c.text for c in captions(LaionCoco(root=tmp_path))] == ["a dog"]
    keys = LaionCoco(root=tmp_path, caption_columns=("all_captions",))
    assert [c.text for c in captions(keys)] == ["dogs"]
