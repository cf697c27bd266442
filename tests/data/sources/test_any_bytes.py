"""Whatever a file holds: captions, counted rows, or one line that says what is wrong."""

import io
import json
import tarfile
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources import source_class
from data.sources.raw_captions import REASONS
from tests.data.sources.reading import everything

ROW = {"image": "a.jpg", "caption": "A dog, caf\u00e9."}


def parquet_bytes() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([ROW] * 3), sink)
    return sink.getvalue()


def tar_bytes() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name in ("0.jpg", "0.txt", "1.jpg", "1.json"):
            content = json.dumps(ROW).encode()
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return sink.getvalue()


GOOD = {
    "coco": json.dumps(
        {
            "images": [{"id": 1, "file_name": "1.jpg"}],
            "annotations": [{"id": 1, "image_id": 1, "caption": "A dog"}],
        }
    ).encode(),
    "karpathy": json.dumps(
        {"images": [{"filename": "a", "split": "val", "sentences": [{"raw": "A dog"}]}]}
    ).encode(),
    "flickr8k": b"a.jpg#0\tA dog\na.jpg#1\tA cat\n",
    "flickr30k": b'image,caption\na.jpg,"A ""dog"""\n',
    "cc3m": b"a dog\thttp://x\na cat\thttp://y\n",
    "jsonl": (json.dumps(ROW) + "\n").encode() * 3,
    "csv": b'image,caption\na,"A dog, here"\nb,C\n',
    "parquet": parquet_bytes(),
    "webdataset": tar_bytes(),
}


@pytest.mark.parametrize("name", sorted(GOOD))
@settings(max_examples=60, deadline=None)
@given(
    start=st.integers(0, 1 << 14),
    length=st.integers(0, 40),
    inserted=st.one_of(
        st.binary(max_size=20),
        st.sampled_from([b"\0", b"\xff\xfe", b'"', b"\n", b"\r", b"[]", b"{}", b"null", b"1e999"]),
    ),
)
@example(start=0, length=0, inserted=b"")
@example(start=0, length=1 << 20, inserted=b"")
def test_damaged_files(name: str, start: int, length: int, inserted: bytes) -> None:
    content = GOOD[name]
    start %= len(content)
    damaged = content[:start] + inserted + content[start + length :]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "file.tar" if name == "webdataset" else "file")
        file.write_bytes(damaged)
        try:
            items = everything(source_class(name)(root=file))
        except UsageError as error:
            assert "\n" not in str(error)  # noqa: PT017  (either outcome is right)
            return
    for item in items:
        assert isinstance(item, Caption | Skip)
        assert isinstance(item, Caption) or item.reason in REASONS
    assert items or damaged != content
