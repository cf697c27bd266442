"""Which files of a folder are read: whatever the case, wherever they lie, packed or not."""

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import polars as pl
import pytest

from data.sources import Source, source_class
from tests.data.sources.reading import captions

SUFFIXES = {"jsonl": ".jsonl", "csv": ".csv", "parquet": ".parquet", "webdataset": ".tar"}
ALL = pytest.mark.parametrize("name", sorted(SUFFIXES))


def content_of(suffix: str, image: str) -> bytes:
    """Return a file with one caption."""
    sink = io.BytesIO()
    match suffix:
        case ".jsonl":
            sink.write(json.dumps({"image": image, "caption": f"dog {image}"}).encode())
        case ".csv":
            sink.write(f"image,caption\n{image},dog {image}\n".encode())
        case ".parquet":
            pl.DataFrame({"image": [image], "caption": [f"dog {image}"]}).write_parquet(sink)
        case _:
            with tarfile.open(fileobj=sink, mode="w") as tar:
                for member, content in (("0.jpg", b""), ("0.txt", f"dog {image}".encode())):
                    info = tarfile.TarInfo(member)
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
    return sink.getvalue()


def write(root: Path, name: str, *files: str) -> Source:
    """Write files named after their captions; SUFFIX stands for the suffix of the source."""
    suffix = SUFFIXES[name]
    for file in files:
        path = root / file.replace(".SUFFIX", suffix.upper()).replace(".suffix", suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = content_of(suffix, file)
        path.write_bytes(gzip.compress(content) if file.endswith(".gz") else content)
    return source_class(name)(root=root)


def texts(source: Source) -> set[str]:
    return {caption.text for caption in captions(source)}


def files_left_out(source: Source) -> list[tuple[str, str]]:
    return sorted(tuple(skip) for skip in source.left_out())


@ALL
def test_all_files_are_found(tmp_path: Path, name: str) -> None:
    files = ["a.suffix", "C.SUFFIX", "sub/b.suffix", "sub/deep/er/d.SUFFIX", "Val.suffix"]
    source = write(tmp_path, name, *files)
    assert texts(source) == {f"dog {file}" for file in files}
    assert source.splits() == ("train", "validation", "sub")
    assert files_left_out(source) == []


@pytest.mark.parametrize("name", ["jsonl", "csv", "webdataset"])
def test_packed_files_are_found(tmp_path: Path, name: str) -> None:
    source = write(tmp_path, name, "a.suffix.gz", "sub/b.SUFFIX.gz", "b.suffix", "b.suffix.gz")
    assert texts(source) == {"dog a.suffix.gz", "dog sub/b.SUFFIX.gz", "dog b.suffix"}
    assert files_left_out(source) == [
        ("file also exists uncompressed", f"b{SUFFIXES[name]}.gz"),
    ]


def test_a_packed_tar_has_the_keys_that_it_has_unpacked(tmp_path: Path) -> None:
    source = write(tmp_path, "webdataset", "a.suffix.gz")
    (caption,) = captions(source)
    assert caption.id == "webdataset:a.tar/0.jpg:0"
    (tmp_path / "a.tar.gz").rename(tmp_path / "a.tgz")
    assert captions(source) == [caption]


@ALL
def test_what_is_left_out_is_told(tmp_path: Path, name: str) -> None:
    others = {other: suffix for other, suffix in SUFFIXES.items() if other != name}
    for other, suffix in others.items():
        write(tmp_path, other, f"x{suffix}", f"sub/y{suffix}")
    for file in ("a.jpg", "README.md", "classnames.txt", ".git/a.jsonl", "z.zip", "a.json"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b"-")
    source = write(tmp_path, name, "a.suffix", "._a.suffix", "sub/.b.suffix")
    assert texts(source) == {"dog a.suffix"}
    assert files_left_out(source) == sorted(
        [
            ("file is hidden", f"._a{SUFFIXES[name]}"),
            ("file is hidden", f"sub/.b{SUFFIXES[name]}"),
            ("file has another type: .json", "a.json"),
            ("file has another type: .zip", "z.zip"),
            *((f"file has another type: {s}", f"x{s}") for s in others.values()),
            *((f"file has another type: {s}", f"sub/y{s}") for s in others.values()),
        ]
    )


@pytest.mark.parametrize(("name", "other"), [("cc3m", "tsv"), ("laion_coco", "parquet")])
def test_a_table_beside_tars_is_left_out(tmp_path: Path, name: str, other: str) -> None:
    write(tmp_path, "webdataset", "sub/a.tar")
    (tmp_path / f"a.{other}").write_bytes(b"-")
    source = source_class(name)(root=tmp_path)
    assert texts(source) == {"dog sub/a.tar"}
    assert files_left_out(source) == [(f"file has another type: .{other}", f"a.{other}")]


@ALL
@pytest.mark.parametrize(
    ("file", "split"),
    [
        ("a.suffix", "train"),
        ("x_VAL_1.suffix", "validation"),
        ("dev-00000-of-00002.suffix", "dev"),
        ("my train/x.suffix", "my_train"),
        ("held-out/val.suffix", "held_out"),
        ("data/Test_1/part 0/x.suffix", "Test_1"),
        ("data/part/x.suffix", "data"),
    ],
)
def test_splits(tmp_path: Path, name: str, file: str, split: str) -> None:
    assert write(tmp_path, name, file).splits() == (split,)


def test_links_are_followed_once(tmp_path: Path) -> None:
    source = write(tmp_path, "jsonl", "a/x.jsonl", "b/y.jsonl")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "c").symlink_to(tmp_path / "b")
    assert sorted(caption.image for caption in captions(source)) == ["a/x.jsonl", "b/y.jsonl"]
    assert files_left_out(source) == [
        ("folder links to one that is read", "a/up"),
        ("folder links to one that is read", "c"),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    source = write(tmp_path, "jsonl", "a.jsonl", "sub/b.jsonl")
    (tmp_path / "sub").chmod(0)
    try:
        assert texts(source) == {"dog a.jsonl"}
        assert files_left_out(source) == [("folder cannot be read", "sub")]
    finally:
        (tmp_path / "sub").chmod(0o700)


def test_the_files_of_one_split_are_read_whatever_their_case(tmp_path: Path) -> None:
    content = json.dumps(
        {
            "images": [{"id": 1, "file_name": "a.jpg"}],
            "annotations": [{"id": 1, "image_id": 1, "caption": "a dog"}],
        }
    ).encode()
    (tmp_path / "annotations").mkdir()
    for file in ("annotations/captions_a.JSON", "Captions_b.json", "captions_a.json"):
        (tmp_path / file).write_bytes(content)
    (tmp_path / "annotations/captions_c.json.gz").write_bytes(gzip.compress(content))
    source = source_class("coco")(root=tmp_path)
    assert source.splits() == ("a", "c", "b")
    assert len(captions(source)) == 3
    assert files_left_out(source) == [
        ("another file has the same split", "captions_a.json"),
    ]


def test_published_names_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "Captions.TXT").write_text("image,caption\na.jpg,a dog\n")
    (tmp_path / "results.csv.gz").write_bytes(gzip.compress(b"image,caption\nb.jpg,a cat\n"))
    source = source_class("flickr30k")(root=tmp_path)
    assert texts(source) == {"a cat"}
    assert files_left_out(source) == [("another file has the same split", "Captions.TXT")]
    images = [{"filename": "a", "split": "val", "sentences": [{"raw": "a dog"}]}]
    (tmp_path / "Dataset_COCO.json").write_text(json.dumps({"images": images}))
    assert texts(source_class("karpathy")(root=tmp_path)) == {"a dog"}
