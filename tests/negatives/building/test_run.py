"""The build as a whole, on the embedded scenes: equal bytes, restarts, refusals."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from data.errors import ShardError, UsageError
from data.manifest import problems_of, read_all_rows, read_manifest
from data.texts import normalise
from negatives.building import build
from negatives.config import BuildConfig, build_config
from negatives.parse import Parse
from negatives.sampling import UNDRAWN
from negatives.slots import Slot

NUM_CAPTIONS = 90


def config_of(**negatives: object) -> BuildConfig:
    return build_config(
        {
            "data": {"source": {"name": "scenes"}, "limit": NUM_CAPTIONS},
            "negatives": {"shard_captions": 20, **negatives},
        }
    )


def content_of(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file that equal work must make equal."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


@pytest.fixture(scope="module")
def build_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "out"
    build(config_of(rejects=True, positives=True), out=out)
    return out


def test_a_build_is_whole(build_folder: Path) -> None:
    manifest = read_manifest(build_folder)
    assert list(problems_of(build_folder, manifest)) == []
    assert manifest.num_rows() == NUM_CAPTIONS
    assert len(manifest.shards) > 2
    assert manifest.tallies["captions"]["all"] == NUM_CAPTIONS
    (scorer,) = manifest.config["negatives"]["choice"]["scorers"]
    assert scorer["scorer"] == "corpus"
    assert not (build_folder / "work").exists()
    rows = list(read_all_rows(build_folder, manifest))
    assert len({row.id for row in rows}) == NUM_CAPTIONS
    counted = sum(manifest.tallies["negatives_by_type"].values())
    assert sum(len(row.negatives) for row in rows) == counted > NUM_CAPTIONS // 5
    assert sum(shard.rows for shard in manifest.rejects) == sum(
        count
        for outcome, count in manifest.tallies["slots_by_fate"].items()
        if outcome.partition(": ")[2] not in UNDRAWN | {"slots", "accepted"}
    )


def test_no_negative_repeats_its_caption_a_sibling_or_another(build_folder: Path) -> None:
    rows = list(read_all_rows(build_folder, read_manifest(build_folder)))
    said: dict[str, set[str]] = {}
    for row in rows:
        said.setdefault(row.image, set()).add(normalise(row.caption))
    for row in rows:
        texts = [normalise(negative.text) for negative in row.negatives]
        assert len(set(texts)) == len(texts)
        assert not said[row.image].intersection(texts)


def test_positives_are_counted_and_change_no_negative(build_folder: Path, tmp_path: Path) -> None:
    build(config_of(rejects=True), out=tmp_path)
    manifests = [read_manifest(folder) for folder in (build_folder, tmp_path)]
    rows, without = (
        list(read_all_rows(folder, manifest))
        for folder, manifest in zip((build_folder, tmp_path), manifests, strict=True)
    )
    assert [row.negatives for row in rows] == [row.negatives for row in without]
    assert not any(row.positives for row in without)
    positives = [positive for row in rows for positive in row.positives]
    tallies = manifests[0].tallies
    assert len(positives) == sum(tallies["positives_by_type"].values()) > NUM_CAPTIONS // 5
    assert tallies["captions"]["with_positive"] == sum(bool(row.positives) for row in rows)
    for positive in positives:
        assert manifests[0].producers[positive.producer]["rule"] == positive.rule
    for row in rows:
        texts = [normalise(each.text) for each in (*row.negatives, *row.positives)]
        assert len({*texts, normalise(row.caption)}) == 1 + len(texts)


@pytest.mark.parametrize("workers", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_the_number_of_workers_changes_no_byte(
    build_folder: Path, tmp_path: Path, workers: int
) -> None:
    build(config_of(rejects=True, positives=True), out=tmp_path / "out", workers=workers)
    assert content_of(tmp_path / "out") == content_of(build_folder)


class Killed(BaseException):
    """Stands for the end of the process: nothing in a build catches it."""


def killer(after: int) -> Callable[[str, int], None]:
    left = iter(range(after))

    def report(_stage: str, _num_captions: int) -> None:
        if next(left, None) is None:
            raise Killed

    return report


@pytest.mark.parametrize("after", [0, 2, 4, 5, 7, 9, 10, 12, 14])
def test_a_killed_build_goes_on_to_the_same_bytes(
    build_folder: Path, tmp_path: Path, after: int
) -> None:
    out = tmp_path / "out"
    with pytest.raises(Killed):
        build(config_of(rejects=True, positives=True), out=out, report=killer(after))
    with pytest.raises(UsageError, match="not a finished build"):
        read_manifest(out)
    finished = sorted((out / "work").rglob("*.done"))
    stamps = [path.stat().st_mtime_ns for path in finished]
    assert len(finished) > after
    (out / "work/choose").mkdir(exist_ok=True)
    (out / "work/choose/x.data.0.tmp").write_text("what a killed attempt left")
    build(
        config_of(rejects=True, positives=True),
        out=out,
        report=_touch_when_finished(finished, stamps),
    )
    assert content_of(out) == content_of(build_folder)


def _touch_when_finished(finished: list[Path], stamps: list[int]) -> Callable[[str, int], None]:
    def report(_stage: str, _num_captions: int) -> None:
        assert [path.stat().st_mtime_ns for path in finished] == stamps

    return report


def test_a_finished_build_is_not_made_again(build_folder: Path) -> None:
    before = (build_folder / "manifest.json").stat().st_mtime_ns

    def report(stage: str, _num_captions: int) -> None:
        raise AssertionError(stage)

    build(config_of(rejects=True, positives=True), out=build_folder, report=report)
    assert (build_folder / "manifest.json").stat().st_mtime_ns == before


def test_another_configuration_is_refused_with_the_difference(
    build_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"config\.negatives\.seed: 0 -> 1"):
        build(config_of(rejects=True, seed=1), out=build_folder)
    with pytest.raises(Killed):
        build(config_of(), out=tmp_path, report=killer(1))
    with pytest.raises(UsageError, match=r"choice\.guards: true -> false"):
        build(config_of(choice={"guards": False}), out=tmp_path)
    build(config_of(choice={"guards": False}), out=tmp_path, resume="never")


def test_folders_that_are_not_ours_are_refused(build_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not empty"):
        build(config_of(), out=tmp_path)
    with pytest.raises(UsageError, match="no build to resume"):
        build(config_of(), out=tmp_path / "new", resume="always")
    with pytest.raises(UsageError, match="contains a finished build"):
        build(config_of(rejects=True, positives=True), out=build_folder, resume="never")


def jsonl_config(path: Path) -> BuildConfig:
    source = {"name": "jsonl", "root": str(path)}
    return build_config({"data": {"source": source}, "negatives": {"shard_captions": 2}})


def write_captions(path: Path, *texts: str) -> None:
    lines = [json.dumps({"image": f"{n}.jpg", "caption": text}) for n, text in enumerate(texts)]
    path.write_text("\n".join(lines) + "\n")


def test_a_source_that_changes_under_a_build_is_refused(tmp_path: Path) -> None:
    captions, out = tmp_path / "captions.jsonl", tmp_path / "out"
    write_captions(captions, "A red car.", "A black dog on a bench.", "Two cats on a bed.")
    with pytest.raises(Killed):
        build(jsonl_config(captions), out=out, report=killer(1))
    write_captions(captions, "A blue car.", "A black dog on a bench.", "Two cats on a bed.")
    with pytest.raises(UsageError, match="changed"):
        build(jsonl_config(captions), out=out)
    build(jsonl_config(captions), out=out, resume="never")
    write_captions(captions, "A blue car.", "A black dog on a bench.")
    with pytest.raises(UsageError, match="changed"):
        build(jsonl_config(captions), out=out)


def test_what_cannot_be_used_is_counted(tmp_path: Path) -> None:
    captions = tmp_path / "captions.jsonl"
    write_captions(
        captions,
        "A red car.",
        "Un homme avec un chapeau rouge est assis sur un banc.",
        "",
        "word " * 3000,
        "Nothing here.",
    )
    manifest = build(jsonl_config(captions), out=tmp_path / "out")
    assert manifest.num_rows() == 2
    assert manifest.tallies["skipped"] == {
        "caption is empty": 1,
        "longer than 10000 characters": 1,
        "not English": 1,
    }
    write_captions(captions, "")
    with pytest.raises(UsageError, match="no caption of the source could be used"):
        build(jsonl_config(captions), out=tmp_path / "none")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fails:
    """ "a red car" -> an error, as a user's own rule may raise."""

    on: str = "dog"

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        if self.on in parse.text:
            raise KeyError(self.on)
        yield from ()


@pytest.mark.parametrize(("scorers", "stage"), [([], "choose"), (["corpus"], "fit")])
def test_a_failing_rule_names_its_caption_and_spares_the_other_blocks(
    tmp_path: Path, scorers: list[str], stage: str
) -> None:
    captions, out = tmp_path / "captions.jsonl", tmp_path / "out"
    write_captions(captions, "A red car.", "A tall tree.", "A black dog.", "Two cats on a bed.")
    config = build_config(
        {
            "data": {"source": {"name": "jsonl", "root": str(captions)}},
            "negatives": {
                "shard_captions": 2,
                "rules": [{"rule": f"{__name__}:Fails"}],
                "choice": {"scorers": scorers},
            },
        }
    )
    with pytest.raises(ShardError, match=r"1 block failed, 1 finished(.|\n)*black dog"):
        build(config, out=out)
    assert len(list((out / f"work/{stage}").glob("*.done"))) == 1


@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "extra"])
def test_verify_names_a_damaged_shard(tmp_path: Path, damage: str) -> None:
    manifest = build(config_of(), out=tmp_path)
    path = tmp_path / manifest.shards[1].file
    content = path.read_bytes()
    if damage == "flip":
        path.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    elif damage == "cut":
        path.write_bytes(content[:-10])
    elif damage == "missing":
        path.unlink()
    else:
        path = path.with_name("stranger.arrow")
        path.write_bytes(b"")
    size = len(content)
    problem = {
        "flip": "damaged, SHA-256 {} instead of {}",
        "cut": f"{size - 10} bytes, expected {size}",
        "missing": "missing",
        "extra": "not in the manifest",
    }[damage]
    if damage == "flip":
        now, before = path.read_bytes(), content
        problem = problem.format(*(sha256(each).hexdigest() for each in (now, before)))
    assert list(problems_of(tmp_path, manifest)) == [f"data/{path.name}: {problem}"]
