"""Folders made of folders: filter and merge, and the discipline that they share with import."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from data.errors import UsageError
from data.manifest import FILE_NAME, Manifest, problems_of, read_all_rows, read_manifest, to_json
from data.records import Row
from negatives.cli import cli
from negatives.folders.filtering import FilterOptions, filter_folder
from negatives.folders.lineage import open_parent
from negatives.folders.merging import merge_folders
from tests.negatives.folders.small_folders import make_folder, negative_of, row_of

CAPTION = "A red car next to a blue house."
SWAP = negative_of(CAPTION, "A blue car next to a red house.", score=-1.0)
COUNT = negative_of(CAPTION, "Two red cars.", kind="count/num", rule="count", producer=1)
OBJECT = negative_of(CAPTION, "A red car next to a blue bench.", kind="replace/obj", score=-9.0)
ROWS = [
    Row("x:1:0", ("1.jpg",), CAPTION, (SWAP, COUNT, OBJECT)),
    row_of("x:2:0", "Two dogs.", image="2.jpg"),
    Row("x:3:0", ("3.jpg",), CAPTION, (COUNT,)),
]
RULES = ("swap", "count")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [row_of("x:9:0", "A tall tree.", "A short tree.", image="9.jpg")]
    make_folder(tmp_path / "in", {"train": ROWS, "val": rows}, rules=RULES)
    return tmp_path / "in"


def rows_of(folder: Path) -> list[Row]:
    """Return all rows of a folder that must be whole."""
    manifest = read_manifest(folder)
    assert list(problems_of(folder, manifest)) == []
    assert not (folder / "work").exists()
    return list(read_all_rows(folder, manifest))


def filter_and_read(folder: Path, **options: object) -> tuple[list[Row], Manifest, dict[str, int]]:
    out = folder.with_name("kept")
    manifest, dropped = filter_folder(folder, out, options=FilterOptions(**options))  # type: ignore[arg-type]
    assert to_json(manifest) == (out / FILE_NAME).read_text(encoding="utf-8")
    return rows_of(out), manifest, dropped


@pytest.mark.parametrize(
    ("options", "ids", "num_negatives", "dropped"),
    [
        ({"types": ("swap",)}, "1 2 3 9", 2, {"negatives: another type": 3}),
        ({"types": ("swap/att", "count")}, "1 2 3 9", 4, {"negatives: another type": 1}),
        ({"rules": ("count",)}, "1 2 3 9", 2, {"negatives: another rule": 3}),
        (
            {"min_score": -1.0},
            "1 2 3 9",
            1,
            {"negatives: no score": 3, "negatives: score too low": 1},
        ),
        (
            {"max_negatives": 1},
            "1 2 3 9",
            3,
            {"negatives: above the number for a caption": 2},
        ),
        ({"drop_empty": True}, "1 3 9", 5, {"captions: no negative": 1}),
        (
            {"types": ("swap",), "drop_empty": True},
            "1 9",
            2,
            {"captions: no negative": 2, "negatives: another type": 3},
        ),
        ({"sample_captions": 1.0}, "1 2 3 9", 5, {}),
    ],
)
def test_filter_keeps_what_is_asked_for_and_counts_the_rest(
    folder: Path,
    options: dict[str, object],
    ids: str,
    num_negatives: int,
    dropped: dict[str, int],
) -> None:
    rows, manifest, found = filter_and_read(folder, **options)
    assert [row.id for row in rows] == [f"x:{number}:0" for number in ids.split()]
    assert found == dropped
    assert sum(manifest.tallies["negatives_by_type"].values()) == num_negatives
    assert sum(manifest.tallies["negatives_by_rule"].values()) == num_negatives
    assert sum(len(row.negatives) for row in rows) == num_negatives
    assert manifest.tallies["captions"] == {
        "all": len(rows),
        "with_negative": sum(bool(row.negatives) for row in rows),
    }
    assert sum(manifest.tallies["empty_because"].values()) == sum(not r.negatives for r in rows)


def test_filter_tells_its_lineage(folder: Path) -> None:
    parent = open_parent(folder)
    _, manifest, dropped = filter_and_read(folder, types=("swap",))
    (entry,) = manifest.lineage
    assert entry["command"] == "filter"
    assert entry["options"]["types"] == ["swap"]  # type: ignore[index]
    assert entry["parent"] == parent.record
    assert parent.record["fingerprint"] == parent.manifest.fingerprint != manifest.fingerprint
    assert entry["dropped"] == dropped
    assert manifest.producers == parent.manifest.producers
    assert manifest.config == parent.manifest.config
    assert manifest.tallies["slots_by_fate"] == {}
    again = folder.with_name("again")
    further, _ = filter_folder(
        folder.with_name("kept"), again, options=FilterOptions(drop_empty=True)
    )
    assert further.lineage[0] == entry
    assert further.lineage[1]["parent"]["fingerprint"] == manifest.fingerprint  # type: ignore[index]
    assert str(folder.parent) not in to_json(further)


def test_a_sample_depends_on_seed_and_id_alone(tmp_path: Path) -> None:
    rows = [row_of(f"x:{n}", "A tall tree.", "A short tree.", image=str(n)) for n in range(400)]
    make_folder(tmp_path / "a", {"train": rows}, shard_rows=50)
    make_folder(tmp_path / "b", {"train": rows[::-1]}, shard_rows=70)
    ids = []
    for name, seed in (("a", 1), ("b", 1), ("a", 2)):
        out = tmp_path / f"{name}-{seed}"
        options = FilterOptions(sample_captions=0.25, seed=seed)
        _, dropped = filter_folder(tmp_path / name, out, options=options)
        ids.append({row.id for row in rows_of(out)})
        assert 60 < len(ids[-1]) < 140
        assert dropped == {"captions: not in the sample": 400 - len(ids[-1])}
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing to filter by"),
        ({"types": ("swpa",)}, "no negatives of the type 'swpa'; did you mean 'swap'"),
        ({"rules": ("negate",)}, "no negatives of the rule 'negate'"),
        ({"max_negatives": 0}, "expected 1 or more"),
        ({"sample_captions": 1.5}, "expected a share"),
        ({"min_score": 99.0, "drop_empty": True}, "nothing is left"),
    ],
)
def test_filter_refuses_what_means_nothing(
    folder: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        filter_and_read(folder, **options)
    assert not folder.with_name("kept").exists()


def test_merge_joins_captions_and_producers(folder: Path, tmp_path: Path) -> None:
    other = negative_of(CAPTION, "A RED car next to a red house", kind="replace/att", rule="mine")
    again = negative_of(CAPTION, "A blue car next to a red house", rule="mine")
    own = [
        row_of("x:2:0", "Two dogs.", "Three dogs.", image="2.jpg", rule="swap", producer=1),
        Row("x:1:0", ("1.jpg",), CAPTION, (other, again)),
        row_of("y:7:0", "A cat.", "A dog.", image="7.jpg"),
    ]
    make_folder(tmp_path / "b", {"train": own, "test": own[2:]}, rules=("mine", "swap"))
    make_folder(tmp_path / "c", {"val": ROWS[:1]}, source="coco", rules=RULES)
    folders = [folder, tmp_path / "b", tmp_path / "c"]
    manifest, dropped = merge_folders(folders, tmp_path / "new")
    rows = rows_of(tmp_path / "new")

    assert [row.id for row in rows] == "x:1:0 x:2:0 x:3:0 y:7:0 x:9:0 x:1:0 y:7:0".split()  # noqa: SIM905 - shorter
    assert manifest.splits() == ("train", "val", "test")
    assert [shard.file for shard in manifest.shards] == [
        "data/train-00000-of-00002.arrow",
        "data/train-00001-of-00002.arrow",
        "data/val-00000-of-00001.arrow",
        "data/test-00000-of-00001.arrow",
    ]
    assert [negative.rule for negative in rows[0].negatives] == ["swap", "count", "swap", "mine"]
    assert dropped == {"negatives: equal text": 1}
    rules = [producer["rule"] for producer in manifest.producers]
    assert rules == ["swap", "count", "mine"]
    assert rules[rows[0].negatives[3].producer] == "mine"
    assert rules[rows[1].negatives[0].producer] == "swap"
    assert manifest.tallies["captions"] == {"all": 7, "with_negative": 7}
    assert [source["name"] for source in manifest.source["sources"]] == [  # type: ignore[attr-defined]
        "scenes",
        "coco",
    ]
    assert manifest.source["licence"] == "CC0-1.0"
    (entry,) = manifest.lineage
    parents = [open_parent(path) for path in folders]
    assert [record["sha256"] for record in entry["parents"]] == [  # type: ignore[attr-defined]
        parent.record["sha256"] for parent in parents
    ]
    assert str(tmp_path) not in to_json(manifest)


def test_merge_gives_the_same_bytes_each_time(folder: Path, tmp_path: Path) -> None:
    make_folder(tmp_path / "b", {"train": ROWS[1:]}, rules=RULES)
    for name in ("one", "two"):
        merge_folders([folder, tmp_path / "b"], tmp_path / name)
    one, two = (
        {p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*.*")}
        for n in ("one", "two")
    )
    assert one == two


def test_merge_refuses_one_id_for_two_captions(folder: Path, tmp_path: Path) -> None:
    make_folder(tmp_path / "b", {"train": [row_of("x:1:0", "A cat.", "A dog.", image="1.jpg")]})
    with pytest.raises(UsageError, match=r"'x:1:0' has the caption 'A red car.*but 'A cat"):
        merge_folders([folder, tmp_path / "b"], tmp_path / "new")
    make_folder(tmp_path / "c", {"train": [ROWS[0]._replace(images=("z.jpg",))]}, rules=RULES)
    with pytest.raises(UsageError, match=r"z\.jpg"):
        merge_folders([folder, tmp_path / "c"], tmp_path / "new")
    make_folder(tmp_path / "d", {"train": [ROWS[0], ROWS[0]]}, rules=RULES)
    with pytest.raises(UsageError, match="occurs twice in one split"):
        merge_folders([folder, tmp_path / "d"], tmp_path / "new")
    with pytest.raises(UsageError, match="one of them twice"):
        merge_folders([folder, tmp_path / "in"], tmp_path / "new")
    with pytest.raises(UsageError, match="two folders or more"):
        merge_folders([folder], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_damage_is_not_handed_on_as_whole(folder: Path, tmp_path: Path) -> None:
    path = folder / read_manifest(folder).shards[0].file
    content = path.read_bytes()
    path.write_bytes(content.replace(b"Two red cars.", b"Two bad cars."))
    with pytest.raises(UsageError, match="damaged"):
        filter_and_read(folder, types=("swap",))
    make_folder(tmp_path / "b", {"train": ROWS[1:]}, rules=RULES)
    with pytest.raises(UsageError, match="damaged"):
        merge_folders([tmp_path / "b", folder], tmp_path / "new")


def test_only_a_new_folder_is_written(folder: Path, tmp_path: Path) -> None:
    before = (folder / FILE_NAME).read_bytes()
    options = FilterOptions(drop_empty=True)
    with pytest.raises(UsageError, match="contains a finished folder"):
        filter_folder(folder, folder, options=options)
    assert (folder / FILE_NAME).read_bytes() == before
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/one.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not empty"):
        filter_folder(folder, tmp_path / "thesis", options=options)
    with pytest.raises(UsageError, match="found a file"):
        filter_folder(folder, tmp_path / "thesis/one.txt", options=options)
    with pytest.raises(UsageError, match="cannot be written"):
        filter_folder(folder, tmp_path / "thesis/one.txt/x", options=options)
    (tmp_path / "build/work").mkdir(parents=True)
    (tmp_path / "build/work/identity.json").write_text('{"config": {}}')
    with pytest.raises(UsageError, match="not empty"):
        filter_folder(folder, tmp_path / "build", options=options)
    (tmp_path / "empty").mkdir()
    filter_folder(folder, tmp_path / "empty", options=options)
    assert len(rows_of(tmp_path / "empty")) == 3


KILLED = """
import os, signal, sys
from pathlib import Path
import negatives.folders.writing as folders
from tests.negatives.folders.test_folders import ROWS
from tests.negatives.folders.small_folders import make_folder

def rows():
    yield from ROWS * 3
    if sys.argv[2] == "rows":
        os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[2] == "manifest":
    folders.write_manifest = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
make_folder(Path(sys.argv[1]), {"train": rows()}, rules=("swap", "count"))
"""


@pytest.mark.parametrize("where", ["rows", "manifest"])
def test_a_killed_run_leaves_no_manifest_and_the_next_one_works(
    folder: Path, tmp_path: Path, where: str
) -> None:
    out = tmp_path / "new"
    command = [sys.executable, "-c", KILLED, str(out), where]
    done = subprocess.run(command, check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == -signal.SIGKILL
    assert any(out.rglob("*.arrow"))
    assert not (out / FILE_NAME).exists()
    filter_folder(folder, out, options=FilterOptions(drop_empty=True))
    filter_folder(folder, tmp_path / "whole", options=FilterOptions(drop_empty=True))
    assert rows_of(out) == rows_of(tmp_path / "whole")


@pytest.mark.parametrize("leftover", ["", "identity.json.0.tmp"])
def test_a_run_killed_before_its_mark_is_no_obstacle(
    folder: Path, tmp_path: Path, leftover: str
) -> None:
    (tmp_path / "new/work").mkdir(parents=True)
    if leftover:
        (tmp_path / "new/work" / leftover).write_text("{")
    filter_folder(folder, tmp_path / "new", options=FilterOptions(drop_empty=True))
    assert len(rows_of(tmp_path / "new")) == 3


def run(*arguments: object) -> str:
    result = CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_commands(folder: Path, tmp_path: Path) -> None:
    told = json.loads(run("filter", folder, tmp_path / "a", "--type", "swap", "--json"))
    assert told["dropped"] == {"negatives: another type": 3}
    assert "dropped: 1 captions: no negative" in run(
        "filter", folder, tmp_path / "b", "--drop-empty"
    )
    assert "4 captions" in run("merge", tmp_path / "a", tmp_path / "b", tmp_path / "c")
    assert rows_of(tmp_path / "c")
    assert run("merge", tmp_path / "a", tmp_path / "b", tmp_path / "d", "--quiet") == ""
    with pytest.raises(UsageError, match="found 2 names"):
        run("merge", tmp_path / "a", tmp_path / "b")
    output = tmp_path / "x.jsonl"
    told = json.loads(
        run("export", folder, "--to", "jsonl", "--output", output, "--split", "train", "--json")
    )
    assert told["captions"] == 3
    assert "3 captions, 4 negatives" in run("import", output, tmp_path / "e")
    assert "left out: 1 no negative" in run(
        *("export", folder, "--to", "negclip-tsv", "--output", tmp_path / "x.tsv"),
        *("--split", "train"),
    )


def test_captions_without_an_image_fill_shards_of_the_size_asked_for(tmp_path: Path) -> None:
    rows = [row_of(f"x:{n}", "A tall tree.", "A short tree.", image="") for n in range(6)]
    manifest = make_folder(tmp_path / "in", {"train": rows}, shard_rows=2)
    assert [shard.rows for shard in manifest.shards] == [2, 2, 2]


def test_inspect_prints_edits_as_shards_hold_them(folder: Path) -> None:
    told = json.loads(run("inspect", folder, "--rule", "swap", "--sample", "1", "--json"))
    assert "edit" not in told
    (first, *_) = told["edits"]
    assert set(first) == {"start", "end", "text"}


def test_stats_of_a_manifest_without_tallies_is_one_line(folder: Path) -> None:
    path = folder / FILE_NAME
    whole = json.loads(path.read_text(encoding="utf-8"))
    for tallies in ({}, {**whole["tallies"], "captions": {}}):
        path.write_text(json.dumps({**whole, "tallies": tallies}), encoding="utf-8")
        for flags in ([], ["--json"]):
            with pytest.raises(UsageError, match="damaged manifest: no tallies"):
                run("stats", folder, *flags)
