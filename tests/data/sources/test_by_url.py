"""Sources by URL: the captions are those of the same files in a folder, whatever the store does."""

import io
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from data import remote
from data.config import parse_options
from data.errors import RetryableError, UsageError
from data.records import Skip
from data.sources import Source, source_class
from data.storage import path_of
from data.streams import Stream
from negatives.building.plan import make_source
from tests.data.sources.reading import complaint, everything
from tests.fake_hub import FakeHub, Fault, serving, use_in_client
from tests.faulty_proxy import PASSING, always, random_plan
from tests.s3_server import Bucket

TEXTS = [
    f"caption {number}: a dog — {'näher ' * (number % 7)}by {number} trees" for number in range(240)
]
NAMES = [f"{number // 3:04}.jpg" for number in range(240)]


@pytest.fixture(autouse=True)
def _many_small_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_READ_AHEAD_BYTES", 8192)


def write_coco(root: Path) -> None:
    numbers = range(len(TEXTS))
    captions = [{"id": n, "image_id": n // 3, "caption": TEXTS[n]} for n in numbers]
    images = [{"id": n // 3, "file_name": NAMES[n]} for n in numbers[::3]]
    (root / "annotations").mkdir()
    for split in ("train2017", "val2017"):
        content = json.dumps({"images": images, "annotations": captions})
        (root / f"annotations/captions_{split}.json").write_text(content)


def write_jsonl(root: Path) -> None:
    lines = [json.dumps({"image": n, "caption": t}) for n, t in zip(NAMES, TEXTS, strict=True)]
    for split in ("train", "val"):
        (root / split).mkdir()
        (root / split / "a.jsonl").write_text("\n".join(lines))


def write_csv(root: Path) -> None:
    frame = pl.DataFrame({"image": NAMES, "caption": TEXTS})
    frame.write_csv(root / "train.csv")
    frame.write_csv(root / "notes.txt")


def write_parquet(root: Path) -> None:
    frame = pl.DataFrame({"image": NAMES, "caption": TEXTS, "other": ["x" * 100] * 240})
    frame[:200].write_parquet(root / "train-00000-of-00002.parquet")
    frame[200:].write_parquet(root / "train-00001-of-00002.parquet", row_group_size=20)


def write_tars(root: Path) -> None:
    for number in range(3):
        with tarfile.open(root / f"{number}.tar", "w") as tar:
            for name, text in zip(NAMES[number::9], TEXTS[number::9], strict=True):
                for suffix, content in (("jpg", b"\xff" * 700), ("txt", text.encode())):
                    info = tarfile.TarInfo(name.replace("jpg", suffix))
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))


SOURCES: dict[str, Callable[[Path], None]] = {
    "coco": write_coco,
    "jsonl": write_jsonl,
    "csv": write_csv,
    "parquet": write_parquet,
    "webdataset": write_tars,
}


def source_of(name: str, root: Path | str) -> Source:
    return parse_options(source_class(name), {"root": str(root)}, where="source")


@pytest.mark.parametrize("name", SOURCES)
def test_a_url_gives_what_the_folder_gives(name: str, s3: Bucket, tmp_path: Path) -> None:
    SOURCES[name](tmp_path)
    expected = everything(source_of(name, tmp_path))
    assert len(expected) >= 80
    assert not any(isinstance(item, Skip) for item in expected)
    s3.put_folder(tmp_path, "some/where")
    s3.proxy.plan = random_plan(Stream("sources", name), share=0.3)
    source = source_of(name, f"{s3.url}/some/where")
    assert everything(source) == expected
    assert source.splits() == source_of(name, tmp_path).splits()
    s3.proxy.plan = random_plan(Stream("file", name), share=0.3)
    files = {path: everything(source_of(name, path)) for path in tmp_path.glob("*.*")}
    for path, items in files.items():
        assert everything(source_of(name, f"{s3.url}/some/where/{path.name}")) == items
    assert sum(s3.proxy.faults[kind] for kind in PASSING) > 5, s3.proxy.faults


@pytest.mark.parametrize("name", ["jsonl", "parquet", "webdataset"])
def test_a_store_that_stays_down_is_no_damaged_file(name: str, s3: Bucket, tmp_path: Path) -> None:
    SOURCES[name](tmp_path)
    s3.put_folder(tmp_path, "x")
    source = source_of(name, f"{s3.url}/x")
    items = source.read(source.splits()[0])
    s3.proxy.plan = always("broken")
    with pytest.raises(RetryableError, match=rf"^{s3.url}/x.*try again$") as caught:
        list(items)
    assert "\n" not in str(caught.value)


def test_a_manifest_names_the_last_part_alone(s3: Bucket) -> None:
    source, identity = make_source({"name": "coco", "root": f"{s3.url}/some/where/coco"})
    assert identity["root"] == "coco"
    assert getattr(source, "root") == path_of(f"{s3.url}/some/where/coco")  # noqa: B009 - any source


@pytest.mark.parametrize(
    ("below", "message"),
    [
        ("/cco", r"no such file or folder; did you mean 'coco'\?"),
        ("/coco/a/b", r"no such file or folder, nor the folder .*/coco/a$"),
        ("", r"expected annotations/captions_\*\.json in it, found coco/$"),
        ("/coco", r"expected annotations/captions_\*\.json in it, found notes\.txt$"),
    ],
)
def test_what_is_not_there(below: str, message: str, s3: Bucket) -> None:
    s3.put("coco/notes.txt", b"-")
    found = complaint(source_of("coco", s3.url + below))
    assert found.startswith(f"{s3.url}{below}: ")
    with pytest.raises(UsageError, match=message):
        raise UsageError(found)


def test_there_is_no_such_bucket(s3: Bucket) -> None:
    assert complaint(source_of("jsonl", "s3://no-such-bucket-here")) == (
        "s3://no-such-bucket-here: no such bucket, or it is empty"
    )
    assert complaint(source_of("jsonl", "s3://no-such-bucket-here/a")).endswith(
        "no such file or folder, nor the folder s3://no-such-bucket-here"
    )
    assert s3.proxy.requests


def test_refused_credentials_are_said_in_one_line(s3: Bucket) -> None:
    s3.put("a.jsonl", b"{}")
    s3.proxy.plan = always("denied")
    assert "check your login for this store" in complaint(source_of("jsonl", f"{s3.url}/a.jsonl"))


def test_no_credentials_are_said_in_one_line(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    assert "check your login for this store" in complaint(source_of("jsonl", f"{s3.url}/a.jsonl"))


def test_a_library_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    assert "gcsfs" in complaint(source_of("jsonl", "gs://bucket/a.jsonl"))


def test_a_kind_of_store_that_nobody_knows() -> None:
    assert "nowhere" in complaint(source_of("jsonl", "nowhere://bucket/a.jsonl"))


def test_a_name_that_no_bucket_can_have(s3: Bucket) -> None:
    assert complaint(source_of("jsonl", "s3://No Bucket/a.jsonl")).endswith(
        "check the store's name"
    )
    assert s3.proxy.requests.total() == 0


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    pytest.importorskip("huggingface_hub", reason="the extra `hub` is not installed")
    monkeypatch.setattr(remote, "FIRST_PAUSE_S", 0.001)
    with serving() as hub, use_in_client(hub, monkeypatch, tmp_path):
        yield hub


@pytest.mark.parametrize("name", ["coco", "parquet"])
def test_a_folder_on_the_hub(name: str, hub: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    SOURCES[name](tmp_path / "files")
    expected = everything(source_of(name, tmp_path / "files"))
    paths = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    hub.create(
        "user/name",
        **{f"some/{p.relative_to(tmp_path).as_posix()}": p.read_bytes() for p in paths},
    )
    hub.faults += [Fault("/tree/", 500), Fault("/resolve/", 500, times=2), Fault("/resolve/", 429)]
    hub.faults += [Fault("/resolve/", what) for what in ("lost", "gone", "html")]
    for revision in ("", "@main"):
        assert (
            everything(source_of(name, f"hf://datasets/user/name{revision}/some/files")) == expected
        )
    assert not any(fault.times for fault in hub.faults)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("user/none", "no such bucket, or it is empty"),
        ("user/none/a", "nor the folder hf://datasets/user/none"),
        ("user/name/som", "did you mean 'some'"),
        ("user", "check the store's name"),
    ],
)
def test_what_is_not_on_the_hub(url: str, message: str, hub: FakeHub) -> None:
    hub.create("user/name", **{"some/notes.txt": b"-"})
    assert message in complaint(source_of("jsonl", f"hf://datasets/{url}"))


def test_what_the_hub_refuses(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    hub.create("user/name", **{"a.jsonl": b"{}"})
    message = complaint(source_of("jsonl", "hf://datasets/user/name/a.jsonl"))
    assert "hf_wrong" not in message
