"""Text as people save it: packed, in UTF-16, with other line ends, or no text at all."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UsageError
from data.sources import source_class
from data.sources.lines import decode, lines_of
from data.sources.packed import kind_of, plain_name
from tests.data.sources.reading import captions, complaint

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda content: pa.Codec("zstd").compress(content, asbytes=True),
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
TEXT = "A caf\u00e9 \U0001f436, \u732b."
FILES = {
    "jsonl": json.dumps({"image": "a.jpg", "caption": TEXT}, ensure_ascii=False) + "\n",
    "csv": f'image,caption\na.jpg,"{TEXT}"\n',
    "coco": json.dumps(
        {
            "images": [{"id": 1, "file_name": "a.jpg"}],
            "annotations": [{"id": 1, "image_id": 1, "caption": TEXT}],
        },
        ensure_ascii=False,
    ),
    "karpathy": json.dumps(
        {"images": [{"filename": "a", "split": "val", "sentences": [{"raw": TEXT}]}]}
    ),
    "flickr8k": f"a.jpg#0\t{TEXT}\n",
    "cc3m": f"{TEXT}\thttp://x\n",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", sorted(FILES))
def test_every_text_may_be_in_utf8_utf16_or_utf32(tmp_path: Path, name: str, encoding: str) -> None:
    (tmp_path / "file").write_bytes(FILES[name].encode(encoding))
    assert [c.text for c in captions(source_class(name)(root=tmp_path / "file"))] == [TEXT]


@pytest.mark.parametrize("packing", sorted(PACKERS))
@pytest.mark.parametrize("name", sorted(FILES))
def test_every_text_may_be_packed(tmp_path: Path, name: str, packing: str) -> None:
    (tmp_path / f"file.{packing}").write_bytes(PACKERS[packing](FILES[name].encode()))
    assert [c.text for c in captions(source_class(name)(root=tmp_path / f"file.{packing}"))] == [
        TEXT
    ]


@pytest.mark.parametrize("packing", sorted(PACKERS))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_packed_file_that_was_cut_is_told(tmp_path: Path, packing: str, encoding: str) -> None:
    rows = "".join(json.dumps({"image": n, "caption": f"dog {n * n}"}) + "\n" for n in range(9999))
    content = PACKERS[packing](rows.encode(encoding))
    path = tmp_path / "a.jsonl"
    for part in (content[: len(content) // 2], content[:-3]):
        path.write_bytes(part)
        message = complaint(source_class("jsonl")(root=path))
        assert message.startswith(f"{path}: damaged compressed file: ")
        assert message.endswith("; download or write it again")


def cells_of(path: Path) -> list[list[str]]:
    return [line.rstrip("\r\n").split("\t") for _, line in lines_of(path)]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(tmp_path: Path, encoding: str, end: str, *, last: bool) -> None:
    lines = ["image\tcaption", "a\tone\u2028two\x0bthree\x85", "", "b\t" + "word " * 5000]
    (tmp_path / "a.tsv").write_bytes((end.join(lines) + end * last).encode(encoding))
    assert cells_of(tmp_path / "a.tsv") == [line.split("\t") for line in lines]
    assert [number for number, _ in lines_of(tmp_path / "a.tsv")] == [1, 2, 3, 4]


def test_a_carriage_return_is_no_line_end_where_lines_end_otherwise(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(b"image\tcaption\na\tone\rtwo\n")
    assert cells_of(tmp_path / "a.tsv") == [["image", "caption"], ["a", "one\rtwo"]]


def test_files_that_were_joined_have_a_byte_order_mark_inside(tmp_path: Path) -> None:
    part = b"\xef\xbb\xbf" + b'{"image": "a", "caption": "a dog"}\r\n'
    (tmp_path / "a.jsonl").write_bytes(part * 2)
    assert [c.id for c in captions(source_class("jsonl")(root=tmp_path))] == [
        "jsonl:a:0",
        "jsonl:a:1",
    ]


def tar_bytes() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a.jpg"))
    return sink.getvalue()


def parquet_bytes() -> bytes:
    sink = io.BytesIO()
    pl.DataFrame({"caption": ["a dog"]}).write_parquet(sink)
    return sink.getvalue()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
FOREIGN = {
    b"PK\x03\x04....": "a zip archive, perhaps from Excel; unpack it, or save its table as csv",
    LFS: "a Git LFS pointer; run `git lfs pull` to fetch the file itself",
    b"\n<!DOCTYPE HTML><html>": "a web page, perhaps a login",
    parquet_bytes(): "a parquet file; the source parquet reads it",
    tar_bytes(): "a tar; the source webdataset reads tars",
}


@pytest.mark.parametrize("content", FOREIGN)
@pytest.mark.parametrize("name", ["jsonl", "csv", "coco", "parquet", "webdataset"])
def test_what_was_given_by_mistake_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    told = FOREIGN[content]
    if told.split(";")[-1].split()[2] == name:
        return
    (tmp_path / "file").write_bytes(content)
    message = complaint(source_class(name)(root=tmp_path / "file"))
    assert f"found {told}" in message
    assert "iconv" not in message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"caf\xe9\n", "line 1: expected UTF-8, found the byte 0xe9; if the whole file"),
        (
            "a\nb".encode("utf-16") + b"\0",
            "expected UTF-16 as at its start, found truncated",
        ),
        (b"a\rcaf\xe9\rb", "after line 0: expected UTF-8 as at its start"),
    ],
)
def test_other_encodings_are_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        list(lines_of(tmp_path / "a.txt"))
    assert expected in str(caught.value)


def test_a_file_that_may_not_be_read_is_no_damaged_one(tmp_path: Path) -> None:
    for name in ("jsonl", "parquet", "webdataset"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"a.{name.replace('webdataset', 'tar')}").symlink_to(tmp_path / "gone")
        with pytest.raises(UsageError) as caught:
            list(source_class(name)(root=tmp_path / name).read("train"))
        assert "download" not in str(caught.value)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff")))
def test_decoded(text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("name", "plain", "kind"),
    [
        ("A.JSONL", "A.JSONL", ".jsonl"),
        ("a.csv.gz", "a.csv", ".csv"),
        ("a.TSV.BZ2", "a.TSV", ".tsv"),
        ("x/a.tgz", "a.tar", ".tar"),
        ("a.gz", "a", ""),
        ("a", "a", ""),
        (".gz", ".gz", ""),
    ],
)
def test_names(name: str, plain: str, kind: str) -> None:
    assert (plain_name(Path(name).name), kind_of(Path(name).name)) == (plain, kind)
