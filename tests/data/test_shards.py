import math
import struct
from pathlib import Path

import datasets
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.commit import sync_and_hash
from data.edits import Edit, Replacement
from data.errors import UsageError
from data.manifest import (
    FILE_NAME,
    Manifest,
    Shard,
    problems_of,
    read_manifest,
    row_problems,
    to_json,
)
from data.parquet import write_parquet
from data.published import restore_folder
from data.records import (
    LAYOUTS,
    METHODS,
    POSITIVE_TYPES,
    SUBTYPES,
    TYPES,
    Negative,
    Positive,
    Reject,
    Row,
)
from data.schema import ROW_SCHEMA, ROW_SCHEMA_1, batch_of_rows, downgraded, rows_of_batch
from data.shards import (
    ROWS_PER_BATCH,
    map_batches,
    read_rejects,
    read_rows,
    write_batches,
    write_rejects,
    write_rows,
)

EDIT = Edit((Replacement(2, 5, "blue"), Replacement(6, 9, "bus")))
NEGATIVE = Negative("a blue bus", "replace", "att", "replace_attribute", "rule", EDIT, None, 0)
ROWS = [
    Row("x:1:0", ("1.jpg",), "a red car", (NEGATIVE, NEGATIVE._replace(score=-1.5, producer=1))),
    Row("x:2:0", ("2.jpg",), "nothing here", ()),
    Row("x:3:0", (), "\N{DOG FACE} a\u0301\t\N{ARABIC LETTER ALEF}\x00", (NEGATIVE,)),
]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
edits = st.builds(
    lambda start, length, text: Edit((Replacement(start, start + length, text),)),
    st.integers(0, 1000),
    st.integers(0, 1000),
    texts,
)
rest_of_edited = (
    st.sampled_from(SUBTYPES),
    texts,
    st.sampled_from(METHODS),
    edits,
    st.none() | st.floats(width=32, allow_nan=False),
    st.integers(0, 100),
)
negatives = st.builds(Negative, texts, st.sampled_from(TYPES), *rest_of_edited)
positives = st.builds(Positive, texts, st.sampled_from(POSITIVE_TYPES), *rest_of_edited)
rows = st.builds(
    Row,
    texts,
    st.lists(texts, max_size=2).map(tuple),
    texts,
    st.lists(negatives, max_size=4).map(tuple),
    st.lists(positives, max_size=3).map(tuple),
    st.sampled_from(LAYOUTS),
)


@given(st.lists(rows, max_size=6))
def test_rows_come_back_as_they_were(rows: list[Row]) -> None:
    batch = batch_of_rows(rows)
    back = list(rows_of_batch(batch))
    assert batch_of_rows(back).equals(batch)
    assert list(map(_unscored, back)) == list(map(_unscored, rows))


def _unscored(row: Row) -> Row:
    """Return a row without scores, whose float32 may be read as the shorter decimal."""
    negatives = tuple(each._replace(score=None) for each in row.negatives)
    positives = tuple(each._replace(score=None) for each in row.positives)
    return row._replace(negatives=negatives, positives=positives)


def test_a_shard_comes_back_as_it_was_whatever_its_length(tmp_path: Path) -> None:
    many = ROWS * (ROWS_PER_BATCH // 2)
    write_rows(tmp_path / "many.arrow", many)
    assert list(read_rows(tmp_path / "many.arrow")) == many
    write_rows(tmp_path / "none.arrow", [])
    assert list(read_rows(tmp_path / "none.arrow")) == []


def test_a_folder_of_version_1_is_read_and_so_is_what_it_published(tmp_path: Path) -> None:
    old, published, restored = (tmp_path / name for name in ("old", "published", "restored"))
    for folder in (old, published, restored):
        (folder / "data").mkdir(parents=True)
    shard = old / "data/train-00000.arrow"
    write_batches(shard, [downgraded(batch_of_rows(ROWS[:2]))], schema=ROW_SCHEMA_1)
    size, sha256 = sync_and_hash(shard)
    manifest = Manifest(
        schema=1, seed=0, config={}, fingerprint="", source={}, versions={}, producers=[{}, {}],
        shards=(Shard(file="data/train-00000.arrow", split="train", rows=2, bytes=size,
                      sha256=sha256),),
        rejects=(), fluency=(), tallies={}, lineage=[],
    )  # fmt: skip
    for folder in (old, published):
        (folder / FILE_NAME).write_text(to_json(manifest))
    batches = map_batches(shard, schema=ROW_SCHEMA_1)
    file = published / "data/train-00000-of-00001.parquet"
    write_parquet(file, batches, schema=ROW_SCHEMA_1)
    restore_folder(published, restored)
    for folder in (old, restored):
        assert list(problems_of(folder, read_manifest(folder))) == []
        assert list(read_rows(folder / "data/train-00000.arrow")) == ROWS[:2]


@pytest.mark.parametrize(
    ("images", "layout", "problem"),
    [
        (("1.jpg", "2.jpg"), "left-right", None),
        (("1.jpg",), "left-right", "row 1: 1 images with the layout left-right"),
        (("1.jpg", "2.jpg"), "single", "row 1: 2 images with the layout single"),
        (("1.jpg", "2.jpg"), "diagonal", "row 1: layout 'diagonal' is unknown"),
    ],
)
def test_a_layout_fits_the_images(
    images: tuple[str, ...], layout: str, problem: str | None
) -> None:
    row = Row("1", images, "a red car", (), (), layout)
    assert [*row_problems(row, num_producers=1)] == ([problem] if problem else [])


def test_a_score_is_read_with_its_own_decimals_and_written_with_its_own_bytes() -> None:
    """0.4427 is stored as 0.4426999986171722; what no four decimals name is kept as it is."""
    wide = struct.unpack("f", struct.pack("f", 1 / 3))[0]
    scores = (0.4427, -2.9999, 12.1234, 0.0, wide, math.inf, None)
    row = ROWS[0]._replace(negatives=tuple(NEGATIVE._replace(score=each) for each in scores))
    batch = batch_of_rows([row])
    (read,) = rows_of_batch(batch)
    assert tuple(each.score for each in read.negatives) == scores
    assert batch_of_rows([read]).equals(batch)


def test_a_positive_has_a_type_of_its_own() -> None:
    positive = Positive("a blue bus", "swap", "np", "conjuncts", "rule", EDIT, None, 0)
    row = Row("1", (), "a red car", (), (positive,))
    problem = "row 1: type 'swap' is unknown"
    assert [*row_problems(row, num_producers=1)] == [problem]


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
