"""Several captions in one field are told apart where the field says so, and else on request."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.sources import Source, source_class
from data.sources.caption_cells import LINES, LIST, cell_texts, doubt, list_in
from tests.data.sources.reading import captions, everything

TWO = ["A dog's bed, red", 'a "sale" sign']
LISTS = {
    "json": json.dumps(TWO),
    "json_unicode": json.dumps(["caf\u00e9", "\U0001f436"]),
    "json_lines": json.dumps(TWO, indent=1),
    "python": repr(TWO),
    "tuple": repr(tuple(TWO)),
    "numpy": str(np.array(TWO, dtype=object)),
    "numpy_lines": str(np.array(["word " * 20] * 3, dtype=object)),
    "one": '["a dog"]',
    "none": '["a dog", null]',
    "empty": "[]",
    "spaces": f"  {json.dumps(TWO)}\n",
}
ONE = [
    "A dog on a sofa.",
    "[sic] a dog [on] a sofa",
    "(a dog on a sofa)",
    "[a dog, a cat]",
    "[1, 2]",
    '["a dog", 2]',
    '["a dog", "a c',
    "('a dog')",
    '{"caption": "a dog"}',
    "a dog | a cat; two dogs",
    '"a dog", "a cat"',
    "",
    "[",
    "]",
    "[" * 5000 + "]" * 5000,
]


@pytest.mark.parametrize("name", LISTS)
def test_lists_that_are_written_as_text(name: str) -> None:
    found = list_in(LISTS[name])
    assert found is not None
    assert cell_texts(LISTS[name], "auto") == (found or [None])
    assert cell_texts(LISTS[name], "lines") == (found or [None])
    assert cell_texts(LISTS[name], "never") == [LISTS[name]]


@pytest.mark.parametrize("name", ["json", "json_lines", "python", "tuple", "numpy", "spaces"])
def test_a_list_is_what_it_says(name: str) -> None:
    assert list_in(LISTS[name]) == TWO


def test_strings_of_numpy_are_not_joined() -> None:
    assert list_in("['a' 'b']") == ["a", "b"]
    assert list_in("[\"it's\" 'b c'\n 'd']") == ["it's", "b c", "d"]


@pytest.mark.parametrize("text", ONE)
def test_texts_that_are_one_caption(text: str) -> None:
    assert cell_texts(text, "auto") == [text]
    assert cell_texts(text, "lines") == [text]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines(end: str) -> None:
    text = f"A dog{end}{end} Two dogs {end}Three\u2028dogs{end}"
    assert cell_texts(text, "lines") == ["A dog", " Two dogs ", "Three\u2028dogs"]
    assert cell_texts(text, "auto") == [text]
    assert cell_texts([text, "A cat"], "lines")[-1] == "A cat"


@pytest.mark.parametrize("cell", [None, 7, ["a", None], {"en": "a"}, [["a"]]])
def test_cells_that_are_no_text_stay(cell: object) -> None:
    assert cell_texts(cell, "lines") == (cell if isinstance(cell, list) else [cell])


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_what_was_written_comes_back(texts: list[str]) -> None:
    for written in (json.dumps(texts), repr(texts), repr(tuple(texts))):
        assert cell_texts(written, "auto") == texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A dog", None),
        ("A dog\nTwo dogs", LINES),
        ('["a dog", 2]', LIST),
        ("['a dog' 'a cat' ...]", LIST),
        ("['a dog', 'a c", None),
        ("[sic] a dog", None),
    ],
)
def test_doubt(text: str, expected: str | None) -> None:
    assert doubt(text) == expected


def write(path: Path, cell: str) -> Source:
    """Write a file with one row whose caption is the cell; return its source."""
    match path.suffix:
        case ".jsonl":
            path.write_text(json.dumps({"image": "a.jpg", "caption": cell}))
        case ".csv":
            quoted = cell.replace('"', '""')
            path.write_text(f'image,caption\na.jpg,"{quoted}"\n', newline="")
        case ".parquet":
            pq.write_table(pa.table({"image": ["a.jpg"], "caption": [cell]}), path)
        case _:
            with tarfile.open(path, "w") as tar:
                for name, content in (("a.jpg", b""), ("a.txt", cell.encode())):
                    info = tarfile.TarInfo(name)
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
    return source_class(path.suffix[1:].replace("tar", "webdataset"))(root=path)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "tar"])
@pytest.mark.parametrize("name", ["json", "python", "numpy"])
def test_every_source_tells_a_list_apart(tmp_path: Path, suffix: str, name: str) -> None:
    found = captions(write(tmp_path / f"x.{suffix}", LISTS[name]))
    assert [caption.text for caption in found] == TWO
    assert [caption.id.rpartition(":")[2] for caption in found] == ["0", "1"]
    assert len({caption.image for caption in found}) == 1


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "tar"])
def test_every_source_tells_lines_apart_on_request(tmp_path: Path, suffix: str) -> None:
    source = write(tmp_path / f"x.{suffix}", "A dog\nTwo dogs\n")
    assert [caption.text for caption in captions(source)] == ["A dog\nTwo dogs"]
    asked = type(source)(root=source.root, several="lines")
    assert [caption.text for caption in captions(asked)] == ["A dog", "Two dogs"]
    assert captions(asked)[0].id == captions(source)[0].id


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "tar"])
def test_one_caption_keeps_its_id(tmp_path: Path, suffix: str) -> None:
    source = write(tmp_path / f"x.{suffix}", "A dog, asleep.")
    found = captions(source)
    assert [caption.text for caption in found] == ["A dog, asleep."]
    for several in ("lines", "never"):
        assert captions(type(source)(root=source.root, several=several)) == found


@pytest.mark.parametrize("place", ["test", "."])
@pytest.mark.parametrize("root", [".", "test"])
@pytest.mark.parametrize(("kind", "num"), [("retrieval\n", 5), ("multilabel\n", 1), (None, 1)])
def test_the_layout_of_clip_benchmark(
    tmp_path: Path, place: str, root: str, kind: str | None, num: int
) -> None:
    """Its tars of retrieval hold a caption a line, as the file dataset_type.txt says."""
    (tmp_path / "test").mkdir()
    write(tmp_path / "test/0.tar", "\n".join(f"Dog number {n}" for n in range(5)))
    if kind is not None:
        (tmp_path / place / "dataset_type.txt").write_text(kind)
    source = source_class("webdataset")(root=tmp_path / root)
    assert len(captions(source)) == num
    assert len(captions(type(source)(root=source.root, several="never"))) == 1
    assert all(c.image.endswith("0.tar/a.jpg") for c in captions(source))


def test_columns_of_the_same_name_are_several_captions(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image,caption,caption\na.jpg,A dog,Two dogs\nb.jpg,A cat,\n")
    assert [tuple(item) for item in everything(source_class("csv")(root=tmp_path))] == [
        ("csv:a.jpg:0", "a.jpg", "A dog"),
        ("csv:a.jpg:1", "a.jpg", "Two dogs"),
        ("csv:b.jpg:0", "b.jpg", "A cat"),
        ("caption is empty", "a.csv, line 3"),
    ]
    columns = [pa.array([name]) for name in ("a.jpg", "A dog", "Two dogs")]
    table = pa.Table.from_arrays(columns, names=["image", "caption", "caption"])
    pq.write_table(table, tmp_path / "a.parquet")
    found = captions(source_class("parquet")(root=tmp_path))
    assert [caption.text for caption in found] == ["A dog", "Two dogs"]


def test_a_file_that_is_one_json_list(tmp_path: Path) -> None:
    """As LAVIS writes Karpathy's splits."""
    rows = [{"image": "a.jpg", "caption": TWO}, {"image": "b.jpg", "caption": "A cat"}]
    (tmp_path / "coco_karpathy_train.json").write_text(json.dumps(rows, indent=1))
    found = captions(source_class("jsonl")(root=tmp_path / "coco_karpathy_train.json"))
    assert [(c.id, c.text) for c in found] == [
        ("jsonl:a.jpg:0", TWO[0]),
        ("jsonl:a.jpg:1", TWO[1]),
        ("jsonl:b.jpg:0", "A cat"),
    ]
