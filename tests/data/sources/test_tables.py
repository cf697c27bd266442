"""Tables of the user's own: jsonl, csv, tsv and parquet."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.records import Caption
from data.sources import Source
from data.sources.own_tables import Csv, Jsonl, Parquet
from tests.data.sources.reading import captions, complaint, everything, skips

TABLES = {"jsonl": Jsonl, "csv": Csv, "tsv": Csv, "parquet": Parquet}
ALL = pytest.mark.parametrize("suffix", sorted(TABLES))


def write(path: Path, *rows: dict[str, object]) -> None:
    """Write rows with the same columns in the format that the suffix names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(list(rows)), path, row_group_size=2)
        case suffix:
            lines = [rows[0].keys(), *(row.values() for row in rows)]
            delimiter = "\t" if suffix == ".tsv" else ","
            path.write_text("".join(delimiter.join(map(str, line)) + "\n" for line in lines))


def source_of(path: Path, suffix: str, **options: object) -> Source:
    return TABLES[suffix](root=path, **options)


@ALL
def test_captions_and_ids(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"mine.{suffix}"
    write(
        file,
        {"image": "a.jpg", "caption": " A dog &amp; a cat. "},
        {"image": "a.jpg", "caption": "caf\u00e9 \U0001f436"},
        {"image": "b.jpg", "caption": 'a "sign"' if suffix != "csv" else "a sign"},
    )
    name = "csv" if suffix == "tsv" else suffix
    found = captions(source_of(file, suffix))
    assert found[:2] == [
        Caption(f"{name}:a.jpg:0", "a.jpg", "A dog &amp; a cat."),
        Caption(f"{name}:a.jpg:1", "a.jpg", "caf\u00e9 \U0001f436"),
    ]
    assert found[2].id == f"{name}:b.jpg:0"
    assert captions(source_of(tmp_path, suffix)) == found
    assert source_of(file, suffix).splits() == ("train",)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_ids_that_pandas_made_floats_are_whole_again(tmp_path: Path, suffix: str) -> None:
    rows = [{"image": image, "caption": "a dog"} for image in (184613.0, 184613.0, None, 7.0)]
    write(tmp_path / f"mine.{suffix}", *rows)
    found = everything(source_of(tmp_path, suffix))
    assert [item.image for item in found if isinstance(item, Caption)] == ["184613", "184613", "7"]
    assert [skip.reason for skip in found if not isinstance(skip, Caption)] == ["no image"]


@ALL
def test_images_are_brought_together(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"mine.{suffix}"
    write(file, *({"image": image, "caption": f"dog {n}"} for n, image in enumerate("abcab")))
    found = captions(source_of(file, suffix))
    assert [(caption.image, caption.text) for caption in found] == [
        ("a", "dog 0"),
        ("a", "dog 3"),
        ("b", "dog 1"),
        ("b", "dog 4"),
        ("c", "dog 2"),
    ]
    assert "(--set data.source.grouped=false)" in complaint(source_of(file, suffix, grouped=True))


@ALL
def test_columns_by_name(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"mine.{suffix}"
    rows = [{"key": k, "url": f"{k}.jpg", "short": "a dog", "long": "a red dog"} for k in "xy"]
    write(file, *rows)
    source = source_of(
        file, suffix, caption_columns=("long", "short"), image_column="url", id_column="key"
    )
    assert captions(source) == [
        Caption("x:0", "x.jpg", "a red dog"),
        Caption("x:1", "x.jpg", "a dog"),
        Caption("y:0", "y.jpg", "a red dog"),
        Caption("y:1", "y.jpg", "a dog"),
    ]
    one = source_of(file, suffix, caption_columns=("long",), image_column="url", id_column="key")
    assert [caption.id for caption in captions(one)] == ["x", "y"]
    wrong = source_of(file, suffix, caption_columns=("longs",), image_column="url")
    assert (
        "no column 'longs'; did you mean 'long'? choose from: key, long, short, url"
        in complaint(wrong)
    )


@ALL
def test_no_columns(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / f"mine.{suffix}", {"image": "a", "caption": "a dog"})
    source = source_of(tmp_path, suffix, caption_columns=())
    assert complaint(source) == "caption_columns: expected at least one column, found none"


@ALL
def test_without_image_column_each_row_is_an_image(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"mine.{suffix}"
    write(file, {"caption": "a dog", "n": "1"}, {"caption": "a dog", "n": "2"})
    found = captions(source_of(file, suffix, image_column=None))
    assert [caption.image for caption in found] == ["train/0", "train/1"]
    assert len({caption.id for caption in found}) == 2


@ALL
def test_ids_that_come_back_are_refused(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"mine.{suffix}"
    write(file, *({"image": image, "caption": "a dog", "id": 7} for image in "ab"))
    message = complaint(source_of(file, suffix, id_column="id"))
    assert message.startswith(f"mine.{suffix}, ")
    assert "expected a unique id for each caption, found '7' again" in message


@ALL
def test_empty_cells(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"mine.{suffix}"
    write(
        file,
        {"image": "a", "caption": "", "id": "1"},
        {"image": "", "caption": "a dog", "id": "2"},
        {"image": "b", "caption": "a dog", "id": ""},
    )
    reasons = [reason for reason, _ in skips(source_of(file, suffix, id_column="id"))]
    assert sorted(reasons) == ["caption is empty", "no id", "no image"]


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["captions.jsonl"], ("train",)),
        (["train.jsonl", "val.jsonl", "test_new.jsonl"], ("test", "train", "validation")),
        (["val-00000-of-00002.jsonl", "val-00001-of-00002.jsonl"], ("val",)),
        (["a.jsonl", "b.jsonl", "README.md", ".hidden.jsonl"], ("train",)),
        (["my train/x.jsonl", "held-out/x.jsonl"], ("held_out", "my_train")),
        (["trainer.jsonl", "contest.jsonl"], ("train",)),
    ],
)
def test_splits(tmp_path: Path, names: list[str], splits: tuple[str, ...]) -> None:
    for name in names:
        write(tmp_path / name, {"image": name, "caption": "a dog"})
    source = Jsonl(root=tmp_path)
    assert tuple(sorted(source.splits())) == splits
    num_files = sum(name.endswith(".jsonl") and not name.startswith(".") for name in names)
    assert len(captions(source)) == num_files
    everything_mine = Jsonl(root=tmp_path, split="mine")
    assert everything_mine.splits() == ("mine",)
    assert len(captions(everything_mine)) == num_files
    assert Jsonl(root=tmp_path, only_splits=(splits[0],)).splits() == (splits[0],)


@ALL
def test_missing_files(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "empty").mkdir()
    assert f"expected a .{suffix.replace('tsv', 'csv')}" in complaint(
        source_of(tmp_path / "empty", suffix)
    )
    message = complaint(source_of(tmp_path / f"no.{suffix}", suffix))
    assert message == f"{tmp_path}/no.{suffix}: no such file or folder; choose from: empty"


JSONL_FAULTS = [
    (b'{"image": "a"\n', "line 1: expected JSON, found the end of the text"),
    (b'\n\n{"image": "a", }\n', "line 3: expected JSON, found"),
    (b"1\n", "line 1: expected an object such as"),
    (b"\n[1, 2]\n", "item 0: expected an object such as"),
    (b"[{}]\n[{}]\n", "line 2: expected JSON, found"),
    (b'{"image": "a", "caption": "caf\xe9"}\n', "line 1: expected UTF-8, found the byte 0xe9"),
    (b"\xff\xfe{\x00}\x00", "line 1: no column 'caption'; choose from: nothing"),
    (b"{\n}\n", "line 1: expected JSON, found the end of the text"),
    (b'{"image": "a", "text": "a dog"}\n', "line 1: no column 'caption'; choose from: image, text"),
    (b'{"image": "a", "Caption": "a dog"}\n', "no column 'caption'; did you mean 'Caption'?"),
    (b'{"image": "a", "caption": ' + b"9" * 5000 + b"}", "JSON that cannot be parsed"),
]


@pytest.mark.parametrize(("content", "expected"), JSONL_FAULTS)
def test_jsonl_that_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    assert expected in complaint(Jsonl(root=tmp_path))


def test_jsonl_with_odd_lines(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(
        b"\xef\xbb\xbf"
        b'{"image": "a", "caption": ["one", "", "two\\u2028lines"]}\r\n'
        b"\r\n"
        b'{"image": "b", "caption": []}\n'
        b'{"image": "b", "caption": {"en": "a dog"}}\n'
        b'{"image": "b", "caption": "half \\ud83d"}\n'
        b'{"image": "b"}\n'
        b'{"caption": "a dog"}\n'
        b'{"image": 5, "caption": "nul \\u0000 raw\xe2\x80\xa8line"}'
    )
    assert [tuple(item) for item in everything(Jsonl(root=tmp_path))] == [
        ("jsonl:a:0", "a", "one"),
        ("caption is empty", "a.jsonl, line 1"),
        ("jsonl:a:2", "a", "two\u2028lines"),
        ("caption is missing", "a.jsonl, line 3"),
        ("caption is not text", "a.jsonl, line 4"),
        ("caption, image or id is not valid Unicode", "a.jsonl, line 5"),
        ("caption is missing", "a.jsonl, line 6"),
        ("no image", "a.jsonl, line 7"),
        ("jsonl:5:0", "5", "nul \x00 raw\u2028line"),
    ]


def test_image_ids_that_pandas_made_floats(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", *({"image": n, "caption": "a dog"} for n in (1.0, None, 2.0)))
    table = pa.table({"image": [1.0, None, 2.0], "caption": ["a dog"] * 3})
    pq.write_table(table, tmp_path / "a.parquet")
    for suffix in ("jsonl", "parquet"):
        source = source_of(tmp_path, suffix)
        assert [caption.image for caption in captions(source)] == ["1", "2"]
        assert [reason for reason, _ in skips(source)] == ["no image"]


def test_a_field_of_csv_may_hold_an_image(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f'image,caption,bytes\na,"a dog","{"x" * 1_000_000}"\n')
    assert [caption.text for caption in captions(Csv(root=tmp_path))] == ["a dog"]


def test_csv_with_quotes_and_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(
        b"\xef\xbb\xbfimage,caption\r\n"
        b'a,"a ""sale"" sign, red"\r\n'
        b"\r\n"
        b'b,"two\r\nlines"\r\n'
        b"c,one,too many\r\n"
        b"d\r\n"
        b'e,mid "quotes" stay\r\n'
    )
    assert [tuple(item) for item in everything(Csv(root=tmp_path))] == [
        ("csv:a:0", "a", 'a "sale" sign, red'),
        ("csv:b:0", "b", "two\r\nlines"),
        ("row does not fit the columns", "a.csv, line 6"),
        ("row does not fit the columns", "a.csv, line 7"),
        ("csv:e:0", "e", 'mid "quotes" stay'),
    ]


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        (b'image,caption\na,"never closed\nb,c\n', {}, "line 2: expected quotes to be closed"),
        (b'image,caption\na,"b"c\n', {}, "line 2: expected quotes to be closed"),
        (b"image,caption\na,b\n", {"delimiter": ";;"}, "expected one character, found ';;'"),
        (
            b"image,caption\na,b\n",
            {"delimiter": ";"},
            """which seems to be separated by ','; set it: --set 'data.source.delimiter=","'""",
        ),
        (b"picture\na\n", {}, "no column 'caption'; choose from: picture; set others: --set data."),
        (b"a,b\nc,d\n", {"header": ("x", "caption")}, "no column 'image'"),
        (b"image,caption\na,caf\xe9\n", {}, "line 2: expected UTF-8"),
    ],
)
def test_csv_that_is_refused(
    tmp_path: Path, content: bytes, options: dict[str, object], expected: str
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert expected in complaint(Csv(root=tmp_path, **options))


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.tsv", 'image\tcaption\na\t"a dog\n', {}),
        ("a.csv", 'image,caption\na,"a dog\n', {"quoted": False}),
        ("a.tsv", 'a\t"a dog\n', {"header": ("image", "caption")}),
        ("a.csv", 'image;caption\na;"""a dog"\n', {"delimiter": ";"}),
        ("a.tsv", 'image\tcaption\na\t"""a dog"\n', {"quoted": True}),
        ("a.csv", ' image | caption \na|"a dog\n', {"delimiter": "|", "quoted": False}),
    ],
)
def test_csv_options(tmp_path: Path, name: str, content: str, options: dict[str, object]) -> None:
    (tmp_path / name).write_text(content)
    assert captions(Csv(root=tmp_path, **options)) == [Caption("csv:a:0", "a", '"a dog')]


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "tsv"])
def test_a_file_without_rows_is_told_and_counts_as_no_image(
    tmp_path: Path, suffix: str, content: bytes
) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(content)
    write(tmp_path / f"b.{suffix}", {"caption": "a dog", "n": 1})
    source = source_of(tmp_path, suffix, image_column=None)
    assert [tuple(item) for item in everything(source)] == [
        ("file has no rows", f"a.{suffix}"),
        (f"{source_of(tmp_path, suffix).__class__.__name__.lower()}:train/0:0", "train/0", "a dog"),
    ]


def test_parquet_cells(tmp_path: Path) -> None:
    table = pa.table(
        {
            "image": pa.array([1, 2, 3, None], pa.int64()),
            "caption": pa.array([["a", "b"], [], None, ["c"]], pa.list_(pa.string())),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    assert [tuple(item) for item in everything(Parquet(root=tmp_path))] == [
        ("parquet:1:0", "1", "a"),
        ("parquet:1:1", "1", "b"),
        ("caption is missing", "a.parquet, row 1"),
        ("caption is missing", "a.parquet, row 2"),
        ("no image", "a.parquet, row 3"),
    ]


def test_parquet_that_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(b"PAR1 is not enough")
    assert "damaged parquet file" in complaint(Parquet(root=file))
    pq.write_table(pa.table({"image": ["a"], "caption": ["b"]}), file)
    file.write_bytes(file.read_bytes()[:-20])
    assert "damaged parquet file" in complaint(Parquet(root=file))


def test_a_damaged_column_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    table = pa.table({"image": [str(n) for n in range(999)], "caption": ["a dog"] * 999})
    pq.write_table(table, file, compression="zstd", row_group_size=500, use_dictionary=False)
    content = bytearray(file.read_bytes())
    column = pq.ParquetFile(file).metadata.row_group(1).column(1)
    start, size = column.data_page_offset, column.total_compressed_size
    content[start : start + size] = b"\xff" * size
    file.write_bytes(content)
    message = complaint(Parquet(root=file))
    assert message.startswith(f"{file}: damaged parquet file: ")
    assert " in the column 'caption' of row group 1; " in message


def test_parquet_with_bytes_that_are_no_text(tmp_path: Path) -> None:
    column = pa.array([b"caf\xe9", b"a dog"], pa.binary())
    bad = pa.StringArray.from_buffers(2, *column.buffers()[1:])
    for texts in (bad, bad.cast(pa.large_string()), column):
        pq.write_table(pa.table({"image": ["a", "b"], "caption": texts}), tmp_path / "a.parquet")
        assert [tuple(item) for item in everything(Parquet(root=tmp_path))] == [
            ("caption, image or id is not valid Unicode", "a.parquet, row 0"),
            ("parquet:b:0", "b", "a dog"),
        ]
    lists = pa.ListArray.from_arrays(pa.array([0, 2, 2]), bad)
    pq.write_table(pa.table({"image": ["a", "b"], "caption": lists}), tmp_path / "a.parquet")
    assert [tuple(item) for item in everything(Parquet(root=tmp_path))] == [
        ("caption, image or id is not valid Unicode", "a.parquet, row 0"),
        ("parquet:a:1", "a", "a dog"),
        ("caption is missing", "a.parquet, row 1"),
    ]
