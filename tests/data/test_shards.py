from pathlib import Path

import datasets
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.edits import Edit, Replacement
from data.errors import UsageError
from data.records import METHODS, SUBTYPES, TYPES, Negative, Reject, Row
from data.schema import ROW_SCHEMA, batch_of_rows, rows_of_batch
from data.shards import ROWS_PER_BATCH, read_rejects, read_rows, write_rejects, write_rows

EDIT = Edit((Replacement(2, 5, "blue"), Replacement(6, 9, "bus")))
NEGATIVE = Negative("a blue bus", "replace", "att", "replace_attribute", "rule", EDIT, None, 0)
ROWS = [
    Row("x:1:0", "1.jpg", "a red car", (NEGATIVE, NEGATIVE._replace(score=-1.5, producer=1))),
    Row("x:2:0", "2.jpg", "nothing here", ()),
    Row("x:3:0", "", "\N{DOG FACE} a\u0301\t\N{ARABIC LETTER ALEF}\x00", (NEGATIVE,)),
]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
edits = st.builds(
    lambda start, length, text: Edit((Replacement(start, start + length, text),)),
    st.integers(0, 1000),
    st.integers(0, 1000),
    texts,
)
negatives = st.builds(
    Negative,
    texts,
    st.sampled_from(TYPES),
    st.sampled_from(SUBTYPES),
    texts,
    st.sampled_from(METHODS),
    edits,
    st.none() | st.floats(width=32, allow_nan=False),
    st.integers(0, 100),
)
rows = st.builds(Row, texts, texts, texts, st.lists(negatives, max_size=4).map(tuple))


@given(st.lists(rows, max_size=6))
def test_rows_come_back_as_they_were(rows: list[Row]) -> None:
    assert list(rows_of_batch(batch_of_rows(rows))) == rows


def test_a_shard_comes_back_as_it_was_whatever_its_length(tmp_path: Path) -> None:
    many = ROWS * (ROWS_PER_BATCH // 2)
    write_rows(tmp_path / "many.arrow", many)
    assert list(read_rows(tmp_path / "many.arrow")) == many
    write_rows(tmp_path / "none.arrow", [])
    assert list(read_rows(tmp_path / "none.arrow")) == []


def test_rejects_come_back_as_they_were(tmp_path: Path) -> None:
    rejects = [Reject("x:1:0", "swap", "swap", "a car red", EDIT, "equal text", 0)]
    write_rejects(tmp_path / "rejects.arrow", rejects)
    assert list(read_rejects(tmp_path / "rejects.arrow")) == rejects


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.arrow", ROWS)
    write_rows(tmp_path / "b.arrow", ROWS)
    assert (tmp_path / "a.arrow").read_bytes() == (tmp_path / "b.arrow").read_bytes()


def test_other_readers_open_a_shard_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "train-00000-of-00001.arrow"
    write_rows(path, ROWS)
    captions = [row.caption for row in ROWS]

    one = datasets.Dataset.from_file(str(path))
    assert one["caption"][:] == captions
    assert one[0]["negatives"][0]["edits"][0] == {"start": 2, "end": 5, "text": "blue"}

    many = datasets.load_dataset(
        "arrow", data_files={"train": str(path)}, cache_dir=str(tmp_path / "cache")
    )
    assert many["train"]["caption"][:] == captions

    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_stream(source).read_all()
    assert table.schema.equals(ROW_SCHEMA)
    assert not any(pa.types.is_dictionary(field.type) for field in table.schema)

    frame = pl.read_ipc_stream(path)
    assert frame["caption"].to_list() == captions
    assert frame["negatives"].list.len().to_list() == [2, 0, 1]


def test_a_mapped_shard_is_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    write_rows(path, ROWS * 1000)
    before = pa.total_allocated_bytes()
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_stream(source).read_all()
        assert pa.total_allocated_bytes() - before < table.nbytes / 10


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut", "schema"])
def test_a_damaged_shard_is_named_in_one_line(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.arrow"
    write_rows(path, ROWS * 100)
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "schema":
        write_rejects(path, [])
    else:
        path.write_bytes(
            {"empty": b"", "text": b"hello", "cut": content[: len(content) // 2]}[damage]
        )
    with pytest.raises(UsageError, match=r"a\.arrow"):
        list(read_rows(path))
