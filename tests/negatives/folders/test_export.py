"""What other trainers read: exported files opened with their own libraries."""

import ast
import csv
import gc
import json
import os
import tarfile
from base64 import b64decode
from pathlib import Path

import datasets
import polars as pl
import pytest
import webdataset

from data.errors import UsageError
from data.manifest import read_all_rows, read_manifest
from data.pictures import picture_of
from data.records import Row
from data.schema import ROW_SCHEMA
from negatives.commands import convert
from negatives.folders.exporting import TARGETS, ExportOptions, ExportResult, export_folder
from negatives.folders.importing import ImportOptions, import_published
from tests.negatives.folders.small_folders import make_folder, negative_of, row_of

CAPTION = "A red car next to a blue house."
QUOTED = '"Stop"\tit says \N{LINE SEPARATOR} "on" it\'s sign'
ROWS = [
    row_of("x:1.a:0", CAPTION, "A blue car next to a red house.", "A car.", image="a/1.jpg"),
    row_of("x:1.a:1", "Two dogs.", image="a/1.jpg"),
    row_of("x:2:0", QUOTED, '"Go"\tit says \N{DOG FACE}', image="a/2.PNG", score=-1.5),
    row_of("x:3:0", "A tall tree.", "A short tree.", image=""),
    row_of("x:4:0", "A tall man.", "A short man.", image="../secret.jpg"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_folder(tmp_path / "in", {"train": ROWS})
    return tmp_path / "in"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    (tmp_path / "images/a").mkdir(parents=True)
    (tmp_path / "images/a/1.jpg").write_bytes(b"first")
    (tmp_path / "images/a/2.PNG").write_bytes(b"second")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    return tmp_path / "images"


def export(folder: Path, output: Path, to: str, **options: object) -> ExportResult:
    return export_folder(folder, output, options=ExportOptions(to=to, **options))  # type: ignore[arg-type]


def test_jsonl_comes_back_with_the_same_texts(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "new/mine.jsonl"
    exported = export(folder, output, "jsonl")
    assert (exported.captions, exported.left_out) == (5, {})
    assert [file.file for file in exported.files] == ["mine.jsonl"]
    lines = [json.loads(line) for line in output.read_text(encoding="utf-8").split("\n")[:-1]]
    assert lines[0]["negatives"][0]["edits"][0] == {"start": 2, "end": 5, "text": "blue"}

    import_published(output, tmp_path / "back", options=ImportOptions())
    back = list(read_all_rows(tmp_path / "back", read_manifest(tmp_path / "back")))
    assert [_content_of(row) for row in back] == [_content_of(row) for row in ROWS]


def _content_of(row: Row) -> object:
    return row[:3], [(n.text, n.type, n.subtype, n.rule) for n in row.negatives]


def test_parquet_has_the_schema_of_the_shards(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine.parquet"
    export(folder, output, "parquet")
    frame = pl.read_parquet(output)
    assert frame.columns == ROW_SCHEMA.names
    assert frame["caption"].to_list() == [row.caption for row in ROWS]
    read = datasets.Dataset.from_parquet(str(output), cache_dir=str(tmp_path / "cache"))
    assert read[2]["negatives"][0]["score"] == -1.5


def test_negclip_tsv_is_read_as_its_trainers_read_it(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "train_neg.tsv"
    exported = export(folder, output, "negclip-tsv", images=tmp_path)
    assert exported.captions == 3
    assert exported.left_out == {"no image": 1, "no negative": 1}
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["title"] for row in rows] == [CAPTION, QUOTED, "A tall man."]
    assert rows[0]["filepath"] == str(tmp_path / "a/1.jpg")
    assert ast.literal_eval(rows[0]["neg_caption"]) == [n.text for n in ROWS[0].negatives]
    assert {row["neg_image"] for row in rows} == {"[]"}

    import_published(output, tmp_path / "back", options=ImportOptions())
    back = read_all_rows(tmp_path / "back", read_manifest(tmp_path / "back"))
    assert [row.negatives[0].text for row in back] == [
        row.negatives[0].text for row in (ROWS[0], ROWS[2], ROWS[4])
    ]


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # the library leaves them open
def test_webdataset_reads_the_tars(folder: Path, images: Path, tmp_path: Path) -> None:
    exported = export(folder, tmp_path / "tars", "webdataset", images=images, tar_samples=2)
    names = ["train-00000-of-00002.tar", "train-00001-of-00002.tar"]
    assert [file.file for file in exported.files] == names
    assert exported.left_out == {"image is not in the folder": 1, "no image": 1}
    urls = [str(tmp_path / "tars" / name) for name in names]
    samples = list(webdataset.WebDataset(urls, shardshuffle=False, empty_check=False))
    gc.collect()
    assert [sample["__key__"] for sample in samples] == ["000000000", "000000001", "000000002"]
    assert [sample["txt"].decode() for sample in samples] == [row.caption for row in ROWS[:3]]
    assert [sample.get("jpg") or sample["png"] for sample in samples] == [
        b"first",
        b"first",
        b"second",
    ]
    assert json.loads(samples[0]["json"])["negatives"][1]["text"] == "A car."
    secret = (images.parent / "secret.jpg").read_bytes()
    assert all(secret not in (tmp_path / "tars" / name).read_bytes() for name in names)


@pytest.mark.parametrize("start", ["C:\\data\\", "/mnt/x/"])
def test_images_are_found_by_the_paths_of_another_machine(
    images: Path, tmp_path: Path, start: str
) -> None:
    slash = start[-1]
    rows = [
        row._replace(images=(f"{start}a{slash}{name}",))
        for row, name in zip(ROWS, ("1.jpg", "1.jpg", "2.PNG", "3.jpg", "1.jpg"), strict=True)
    ]
    make_folder(tmp_path / "paths", {"train": rows})
    exported = export(tmp_path / "paths", tmp_path / "tars", "webdataset", images=images)
    assert (exported.captions, exported.left_out) == (4, {"image is missing": 1})
    export(tmp_path / "paths", tmp_path / "a.tsv", "negclip-tsv", images=images)
    with (tmp_path / "a.tsv").open(encoding="utf-8", newline="") as file:
        paths = [row["filepath"] for row in csv.DictReader(file, delimiter="\t")]
    assert paths[0] == str(images / "a/1.jpg")


def test_tars_have_the_same_bytes_each_time(folder: Path, images: Path, tmp_path: Path) -> None:
    first = export(folder, tmp_path / "a", "webdataset", images=images)
    os.utime(images / "a/1.jpg", (1, 1))
    (images / "a/2.PNG").chmod(0o600)
    assert export(folder, tmp_path / "b", "webdataset", images=images) == first


def test_tars_without_images_hold_every_caption(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tars").mkdir()
    exported = export(folder, tmp_path / "tars", "webdataset")
    assert (exported.captions, exported.left_out) == (5, {})


def test_one_file_holds_one_split_unless_asked(tmp_path: Path) -> None:
    make_folder(tmp_path / "in", {"train": ROWS[:3], "val": ROWS[3:]})
    with pytest.raises(UsageError, match="splits train, val; choose with --split"):
        export(tmp_path / "in", tmp_path / "x.jsonl", "jsonl")
    with pytest.raises(UsageError, match="no split 'vla'; did you mean 'val'"):
        export(tmp_path / "in", tmp_path / "x.jsonl", "jsonl", splits=("vla",))
    assert export(tmp_path / "in", tmp_path / "x.jsonl", "jsonl", splits=("val",)).captions == 2
    both = ("val", "train")
    assert export(tmp_path / "in", tmp_path / "y.jsonl", "jsonl", splits=both).captions == 5
    tars = export(tmp_path / "in", tmp_path / "tars", "webdataset")
    assert [file.file.partition("-")[0] for file in tars.files] == ["train", "val"]


def test_what_is_there_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for output in (tmp_path / "thesis.txt", tmp_path):
        for to in TARGETS:
            with pytest.raises(UsageError, match="exists already"):
                export(folder, output, to)
    for output in (tmp_path / "thesis.txt/x.jsonl", Path("/proc/y")):
        for to in TARGETS:
            with pytest.raises(UsageError, match="cannot be written"):
                export(folder, output, to)


def test_the_working_folder_is_no_output(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for to in TARGETS:
        with pytest.raises(UsageError, match="the current folder"):
            export(folder, Path(), to)
    assert (tmp_path / "empty").is_dir()


def test_a_failed_or_killed_export_leaves_nothing_under_the_name(
    folder: Path, tmp_path: Path
) -> None:
    def fail(_num_captions: int) -> None:
        raise KeyboardInterrupt

    for to in TARGETS:
        output = tmp_path / "out" / to
        with pytest.raises(KeyboardInterrupt):
            export_folder(folder, output, options=ExportOptions(to=to), report=fail)
        assert list(output.parent.iterdir()) == []
    draft = tmp_path / "out/.jsonl.unfinished"  # as a killed run leaves it
    draft.mkdir()
    (draft / "x").write_text("half")
    export(folder, tmp_path / "out/jsonl", "jsonl")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["jsonl"]


def test_options_that_do_not_fit_are_refused(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "x"
    with pytest.raises(UsageError, match="did you mean 'jsonl'"):
        export(folder, output, "json")
    with pytest.raises(UsageError, match="expected 1 or more, found 0"):
        export(folder, output, "webdataset", tar_samples=0)
    for to in ("jsonl", "parquet", "negclip-tsv"):
        with pytest.raises(UsageError, match="only webdataset has tars"):
            export(folder, output, to, tar_samples=3)
    for to in ("jsonl", "parquet"):
        with pytest.raises(UsageError, match="does not use images"):
            export(folder, output, to, images=tmp_path)
    with pytest.raises(UsageError, match="expected a folder of images"):
        export(folder, output, "webdataset", images=tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"empty has no 'a/1.jpg' .it has no images"):
        export(folder, output, "webdataset", images=tmp_path / "empty")
    make_folder(tmp_path / "none", {"train": [ROWS[1]]})
    with pytest.raises(UsageError, match=r'nothing to export; left out: {"no negative": 1}'):
        export(tmp_path / "none", output, "negclip-tsv")
    assert not output.exists()


def test_the_command_offers_every_format() -> None:
    assert set(convert._TARGETS) == set(TARGETS)
    assert negative_of("a b", "a c").edit.apply("a b") == "a c"


def test_a_composite_comes_back_from_jsonl(tmp_path: Path) -> None:
    both = ROWS[2]._replace(images=("a/1.jpg", "a/2.PNG"), layout="top-bottom")
    odd = ROWS[3]._replace(images=("a/1.jpg", "a/2.PNG"), layout="single")
    make_folder(tmp_path / "in", {"train": [ROWS[0], both, odd]})
    export(tmp_path / "in", tmp_path / "mine.jsonl", "jsonl")
    manifest = import_published(tmp_path / "mine.jsonl", tmp_path / "back", options=ImportOptions())
    back = list(read_all_rows(tmp_path / "back", manifest))
    assert [(row.images, row.layout) for row in back] == [
        (("a/1.jpg",), "single"),
        (both.images, both.layout),
    ]
    assert manifest.tallies["skipped"] == {"composite of an unknown layout": 1}


def test_composites_are_left_out_where_a_row_has_one_image(images: Path, tmp_path: Path) -> None:
    both = ROWS[2]._replace(images=("a/1.jpg", "a/2.PNG"), layout="left-right")
    make_folder(tmp_path / "in", {"train": [ROWS[0], both]})
    exported = export(tmp_path / "in", tmp_path / "new", "negclip-tsv", images=images)
    assert (exported.captions, exported.left_out) == (1, {"composite of two images": 1})


def test_tars_have_composites_as_one_picture(images: Path, tmp_path: Path) -> None:
    png = b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
    )
    for name in ("left.png", "right.png"):
        (images / name).write_bytes(png)
    row = ROWS[2]._replace(images=("left.png", "right.png"), layout="left-right")
    broken = row._replace(id="b", images=("left.png", "a/1.jpg"))
    gone = row._replace(id="c", images=("left.png", "none.png"))
    make_folder(tmp_path / "in", {"train": [row, broken, gone]})
    exported = export(tmp_path / "in", tmp_path / "tars", "webdataset", images=images)
    assert (exported.captions, exported.left_out) == (
        1,
        {"image is missing": 1, "image of a composite cannot be decoded": 1},
    )
    with tarfile.open(tmp_path / "tars/train-00000-of-00001.tar") as tar:
        file = tar.extractfile("000000000.jpg")
        assert file is not None
        assert file.read() == picture_of([png, png], "left-right", size=512)
        assert tar.extractfile("000000000.txt") is not None
