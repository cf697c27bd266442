"""What is published: the exact files, equal for equal folders, and back to the same bytes."""

import json
import shlex
from hashlib import sha512
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.config import read_yaml, with_setting
from data.errors import UsageError
from data.manifest import Manifest, Shard, problems_of, read_manifest
from data.parquet import write_chunked
from data.published import restore_folder, split_name, within
from data.records import Reject, Row
from data.schema import ROW_SCHEMA, batch_of_rows
from data.shards import read_plain, write_rejects
from negatives.config import build_config
from negatives.publishing.checks import (
    licence_of,
    read_audit,
    read_shares,
    refuse_failing,
)
from negatives.publishing.header import FEATURES, size_category
from negatives.publishing.packing import MOST_FILES, packs_of
from negatives.publishing.provenance import command_of
from tests.negatives.publishing.hub_folders import (
    audit_of,
    folder_of,
    publish_to,
    rows_of,
    write_audit,
)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("publish")
    folder_of(root / "out")
    publish_to(root / "out", root / "out/publish", read_manifest(root / "out"))
    return root / "out"


def test_the_files_are_these_and_equal_folders_give_equal_ones(out: Path, tmp_path: Path) -> None:
    names = publish_to(out, tmp_path / "again", read_manifest(out))
    assert names == [
        "README.md",
        "audit.json",
        *(f"data/train-{n:05d}-of-00005.parquet" for n in range(5)),
        "data/val_2-00000-of-00001.parquet",
        "manifest.json",
        "report.html",
    ]
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (out / "publish" / name).read_bytes()


def test_restored_shards_have_equal_bytes(out: Path, tmp_path: Path) -> None:
    restore_folder(out / "publish", tmp_path)
    assert list(problems_of(tmp_path, read_manifest(tmp_path))) == []
    for path in (out / "manifest.json", *(out / "data").iterdir()):
        assert (tmp_path / path.relative_to(out)).read_bytes() == path.read_bytes()


def test_shards_of_many_batches_and_none_of_scores_come_back(tmp_path: Path) -> None:
    rows = [row._replace(negatives=()) for row in rows_of(4100)] + rows_of(5000, first=4100)
    from tests.negatives.folders.small_folders import make_folder  # noqa: PLC0415

    manifest = make_folder(tmp_path / "out", {"train": rows}, shard_rows=9000)
    publish_to(tmp_path / "out", tmp_path / "p", manifest)
    (tmp_path / "back").mkdir()
    restore_folder(tmp_path / "p", tmp_path / "back")
    for shard in manifest.shards:
        before, after = (tmp_path / name / shard.file for name in ("out", "back"))
        assert before.read_bytes() == after.read_bytes()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("swap", "its rows do not give the bytes that the manifest states"),
        ("drop", "expected 8 rows, found 0"),
        ("cut", "damaged parquet file"),
        ("add", "more rows than the manifest states"),
        ("name", "expected a file in the folder"),
    ],
)
def test_what_is_not_as_published_is_refused(
    out: Path, tmp_path: Path, damage: str, message: str
) -> None:
    there = tmp_path / "p"
    publish_to(out, there, read_manifest(out))
    first, second = sorted((there / "data").glob("train-*"))[:2]
    if damage == "swap":
        first.write_bytes(second.read_bytes())
    elif damage == "drop":
        for path in (there / "data").glob("train-*"):
            path.unlink()
    elif damage == "cut":
        first.write_bytes(first.read_bytes()[:-9])
    elif damage == "add":
        (there / "data/train-00005-of-00005.parquet").write_bytes(first.read_bytes())
    else:
        text = (there / "manifest.json").read_text()
        (there / "manifest.json").write_text(text.replace("data/val-2", "../val-2"))
    (tmp_path / "back").mkdir()
    with pytest.raises(UsageError, match=message):
        restore_folder(there, tmp_path / "back")
    assert not (tmp_path / "back/manifest.json").exists()


@pytest.mark.parametrize("file", ["/etc/passwd", "data/../../x", "x", "data/a/b", ".."])
def test_a_manifest_names_no_other_folder(tmp_path: Path, file: str) -> None:
    with pytest.raises(UsageError, match="found"):
        within(tmp_path, file)


def test_rejects_and_the_corpus_model_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    manifest = folder_of(folder, 10)
    content = json.loads((folder / "manifest.json").read_text())
    (folder / "rejects").mkdir()
    (folder / "fluency").mkdir()
    (folder / "fluency/counts.npy").write_bytes(b"counts")
    row = rows_of(3)[2]
    negative = row.negatives[0]
    reject = Reject(row.id, "swap", "swap", negative.text, negative.edit, "a reason", 0)
    path = folder / "rejects/train-00000-of-00002.arrow"
    write_rejects(path, [reject] * 3)
    from data.commit import sync_and_hash  # noqa: PLC0415

    size, sha256 = sync_and_hash(path)
    content["rejects"] = [
        {"file": "rejects/train-00000-of-00002.arrow", "split": "train", "rows": 3, "bytes": size,
         "sha256": sha256}
    ]  # fmt: skip
    size, sha256 = sync_and_hash(folder / "fluency/counts.npy")
    content["fluency"] = [{"file": "fluency/counts.npy", "bytes": size, "sha256": sha256}]
    (folder / "manifest.json").write_text(json.dumps(content))
    publish_to(folder, tmp_path / "p", manifest)
    (tmp_path / "back").mkdir()
    restored = restore_folder(tmp_path / "p", tmp_path / "back")
    assert list(problems_of(tmp_path / "back", restored)) == []


def test_datasets_reads_the_columns_as_the_card_says(out: Path) -> None:
    stated = datasets.Features._from_yaml_list([*FEATURES])
    assert stated == datasets.Features.from_arrow_schema(ROW_SCHEMA)
    card = (out / "publish/README.md").read_text()
    header = out.parent / "header.yaml"
    header.write_text(card.split("---\n")[1])
    info = read_yaml(header)
    assert datasets.DatasetInfo._from_yaml_dict(info["dataset_info"]).features == stated
    assert [split["num_examples"] for split in info["dataset_info"]["splits"]] == [40, 5]
    assert info["license"] == "cc0-1.0"
    assert info["size_categories"] == ["n<1K"]


def test_the_card_says_what_was_measured_and_escapes_it(out: Path, tmp_path: Path) -> None:
    shares = [{"folder": "out|", "group": "swap", "judgement": "useful", "value": 0.9, "low": 0.8,
               "high": 0.95, "num": 200}]  # fmt: skip
    publish_to(out, tmp_path / "p", read_manifest(out), shares=shares, licence="")
    card = (tmp_path / "p/README.md").read_text()
    assert "| words | overall | 0.500 | 0.490 to 0.510 | 0.45 to 0.55 | 2,000 | inside |" in card
    assert "| out\\| | swap | useful | 0.900 | 0.800 to 0.950 | 200 |" in card
    assert "license: unknown" in card
    assert "| swap/att | a blue car näher bus 1 | a green car näher bus 1 |" in card
    assert str(tmp_path) not in card


@pytest.mark.parametrize(
    ("licence", "header"),
    [
        ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        ("", {"license": "unknown"}),
        ("LicenseRef-X (a, b)", {"license": "other", "license_name": "licenseref-x-a-b"}),
    ],
)
def test_licences(out: Path, tmp_path: Path, licence: str, header: dict[str, str]) -> None:
    publish_to(out, tmp_path / "p", read_manifest(out), licence=licence)
    (tmp_path / "h.yaml").write_text((tmp_path / "p/README.md").read_text().split("---\n")[1])
    assert header.items() <= read_yaml(tmp_path / "h.yaml").items()


@given(st.lists(st.integers(1, 600), min_size=1, max_size=5))
def test_packs_hold_all_shards_in_order_in_few_files(sizes: list[int]) -> None:
    shards = [
        Shard(file=f"data/s{split}-{n}.arrow", split=f"s{split}", rows=1, bytes=1, sha256="")
        for split, size in enumerate(sizes)
        for n in range(size)
    ]
    packs = packs_of(shards)
    assert [shard for pack in packs for shard in pack.shards] == shards
    assert len(packs) == len({pack.file for pack in packs}) <= MOST_FILES
    assert len(packs) == len(shards) or len(packs) > MOST_FILES - 2 * len(sizes)
    assert all(pack.shards for pack in packs)


def test_splits_that_cannot_be_told_apart_are_refused() -> None:
    shards = [Shard(file="", split=s, rows=1, bytes=1, sha256="") for s in ("a-b", "a_b")]
    assert split_name("a-b") == split_name("a_b")
    with pytest.raises(UsageError, match="two have the same name"):
        packs_of(shards)


def test_a_few_changed_rows_change_few_pages(tmp_path: Path) -> None:
    """Content-defined chunking: what follows an inserted row is cut as it was."""
    rows = [
        Row(f"{n}", (), "".join(sha512(f"{n} {k}".encode()).hexdigest() for k in range(4)), ())
        for n in range(12_000)
    ]
    parts = []
    for name, chosen in (("a", rows), ("b", [*rows[:50], *rows_of(1), *rows[50:]])):
        write_chunked(tmp_path / name, [batch_of_rows(chosen)], schema=ROW_SCHEMA)
        parts.append(set((tmp_path / name).read_bytes().split(b"\x07")))
        assert pq.ParquetFile(tmp_path / name).metadata.row_group(0).column(0).has_offset_index
    shared = sum(map(len, parts[0] & parts[1]))
    assert shared > 0.7 * sum(map(len, parts[0]))


def test_an_old_pyarrow_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def old(*_args: object, **_options: object) -> None:
        raise TypeError("unexpected keyword")

    monkeypatch.setattr(pq, "ParquetWriter", old)
    with pytest.raises(UsageError, match="expected pyarrow 21 or newer"):
        write_chunked(tmp_path / "a", [], schema=ROW_SCHEMA)


def test_what_readers_said_is_read(tmp_path: Path) -> None:
    share = {"folder": "out", "group": "swap", "judgement": "useful", "value": 1.0, "low": 0.9,
             "high": 1.0, "num": 20}  # fmt: skip
    (tmp_path / "s.json").write_text(json.dumps({"shares": [share], "agreements": []}))
    assert read_shares(tmp_path / "s.json") == [share]


def test_row_groups_are_bounded_and_rows_equal(tmp_path: Path) -> None:
    batches = [batch_of_rows(rows_of(30, first=30 * n)) for n in range(5)]
    write_chunked(tmp_path / "a", batches, schema=ROW_SCHEMA, group_rows=50)
    metadata = pq.ParquetFile(tmp_path / "a").metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [60, 60, 30]
    found = pq.read_table(tmp_path / "a").to_pylist()
    assert found == pa.Table.from_batches(batches).to_pylist()


@pytest.mark.parametrize(
    ("num_rows", "name"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (10**6, "1M<n<10M"), (10**9, "1B<n<10B")],
)
def test_size_categories(num_rows: int, name: str) -> None:
    assert size_category(num_rows) == name


def manifest_with(manifest: Manifest, **fields: Any) -> Manifest:  # noqa: ANN401
    from dataclasses import replace  # noqa: PLC0415

    return replace(manifest, **fields)


def test_an_audit_must_be_of_this_folder_and_keep_its_bars(out: Path, tmp_path: Path) -> None:
    manifest = read_manifest(out)
    path = write_audit(tmp_path / "a.json", audit_of(manifest))
    audit, figures = read_audit(path, manifest)
    assert audit == audit_of(manifest)
    refuse_failing(figures["findings"], allowed=False)
    with pytest.raises(UsageError, match="an audit of another folder"):
        read_audit(path, manifest_with(manifest, fingerprint="f" * 64))
    _, failing = read_audit(write_audit(path, audit_of(manifest, value=0.7)), manifest)
    with pytest.raises(UsageError, match="outside its bars: words of overall"):
        refuse_failing(failing["findings"], allowed=False)
    refuse_failing(failing["findings"], allowed=True)
    for text in ("{}", "[]", "{", '{"findings": [3]}'):
        path.write_text(text)
        with pytest.raises(UsageError, match="expected"):
            read_audit(path, manifest)
        with pytest.raises(UsageError, match="expected"):
            read_shares(path)


@pytest.mark.parametrize("licence", ["", None, "NOASSERTION", "MIT AND NOASSERTION"])
def test_an_unknown_licence_is_refused(out: Path, licence: str | None) -> None:
    manifest = manifest_with(read_manifest(out), source={"name": "x", "licence": licence})
    with pytest.raises(UsageError, match="expected captions of a known licence"):
        licence_of(manifest, unknown_allowed=False)
    assert licence_of(manifest, unknown_allowed=True) == ""
    assert licence_of(read_manifest(out), unknown_allowed=False) == "CC0-1.0"


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["negatives.seed=3", "negatives.choice.keep={swap/obj: 0.5}", "negatives.rejects=true"],
        ["negatives.choice.scorers=[{scorer: corpus, max_log_ratio: 2.5}, causal]"],
        ["negatives.preset=fsc-clip", "negatives.choice.draw=pairs"],
        ["negatives.preset=fsc-clip", "data.limit=7", "negatives.choice.variants=2"],
        ["negatives.rules=[{rule: swap, objects: false}]", "data.source.num_images=60"],
    ],
)
def test_the_command_on_the_card_is_the_build(out: Path, settings: list[str]) -> None:
    sections: dict[str, Any] = {"data": {"source": {"name": "scenes"}}}
    for setting in settings:
        sections = with_setting(sections, setting)
    config = build_config(sections).content()
    manifest = manifest_with(read_manifest(out), config=config)
    words = shlex.split(command_of(manifest), comments=True)
    assert words[:4] == ["negatives", "build", "--source", "scenes"]
    again: dict[str, Any] = {"data": {"source": {"name": "scenes"}}}
    again = with_setting(again, f"negatives.preset={words[words.index('--preset') + 1]}")
    for number, word in enumerate(words):
        if word == "--set":
            again = with_setting(again, words[number + 1])
    assert build_config(again).content() == config


@pytest.mark.parametrize(
    ("config", "command"),
    [
        ({"import": {"format": "auto", "type": "swap", "split": None}}, "import FILE OUT --type"),
        ({"negatives": {"shard_captions": 2}}, "negatives merge"),
    ],
)
def test_other_folders_say_how_they_were_made(out: Path, config: Any, command: str) -> None:  # noqa: ANN401
    assert command in command_of(manifest_with(read_manifest(out), config=config))


def test_published_rows_are_those_of_the_shards(out: Path) -> None:
    manifest = read_manifest(out)
    before = [row for shard in manifest.shards for row in read_plain(out / shard.file)]
    paths = sorted((out / "publish/data").glob("*.parquet"))
    assert [row for path in paths for row in pq.read_table(path).to_pylist()] == before
