"""Which folder a build may write, go on in, and clear: what a kill can leave, and strangers."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data.commit import Json
from data.errors import UsageError
from data.manifest import problems_of, read_manifest, to_json
from data.records import Caption, Skip
from negatives.building import build, finishing, plan
from negatives.config import build_config
from negatives.folders.claims import Mark, claim
from negatives.models import model_name
from negatives.spacy_parse import load_model
from tests.negatives.building.test_run import Killed, config_of, content_of, killer


@pytest.fixture(scope="module")
def build_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "out"
    build(config_of(rejects=True), out=out)
    return out


@pytest.mark.parametrize("left", ["nothing", "work", "draft"])
def test_a_build_killed_before_its_mark_stood_begins_again(
    build_folder: Path, tmp_path: Path, left: str
) -> None:
    if left != "nothing":
        (tmp_path / "work").mkdir()
    if left == "draft":
        (tmp_path / "work/identity.json.0123.tmp").write_text('{"comm')
    build(config_of(rejects=True), out=tmp_path)
    assert content_of(tmp_path) == content_of(build_folder)


@pytest.mark.parametrize("files", [["work/novel.txt"], ["work/identity.json"], ["data/x", "work/"]])
@pytest.mark.parametrize("resume", ["never", "if-possible"])
def test_what_strangers_keep_is_never_deleted(
    tmp_path: Path, files: list[str], resume: plan.Resume
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        if name.endswith("/"):
            (tmp_path / name).mkdir()
        else:
            (tmp_path / name).write_text("years of work")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="not an unfinished build"):
        build(config_of(), out=tmp_path, resume=resume)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unfinished_filter_is_no_unfinished_build(tmp_path: Path) -> None:
    claim(tmp_path, Mark("filter", {}))
    with pytest.raises(UsageError, match="not an unfinished build"):
        build(config_of(), out=tmp_path, resume="never")


@pytest.mark.parametrize("at", ["write_atomically", "write_manifest"])
@pytest.mark.parametrize("resume", ["never", "if-possible"])
def test_killed_between_the_shards_and_the_manifest(
    build_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
    resume: plan.Resume,
) -> None:
    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(finishing, at, kill)
        with pytest.raises(Killed):
            build(config_of(rejects=True), out=tmp_path)
    assert len(list((tmp_path / "data").iterdir())) > 2
    stale = tmp_path / "data/train-00000-of-00099.arrow"
    shutil.copy(next((tmp_path / "data").iterdir()), stale)
    build(config_of(rejects=True), out=tmp_path, resume=resume)
    assert content_of(tmp_path) == content_of(build_folder)
    assert list(problems_of(tmp_path, read_manifest(tmp_path))) == []


def test_unfinished_work_that_rotted_is_made_again(build_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        build(config_of(rejects=True), out=tmp_path, report=killer(3))
    for path in (tmp_path / "work").rglob("*.done"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    build(config_of(rejects=True), out=tmp_path)
    assert content_of(tmp_path) == content_of(build_folder)


def test_a_difference_names_both_ways_out(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        build(config_of(), out=tmp_path, report=killer(1))
    with pytest.raises(UsageError, match=r"another folder; or use --resume never"):
        build(config_of(seed=3), out=tmp_path)


def test_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="found a file"):
        build(config_of(), out=tmp_path / "file")
    with pytest.raises(UsageError, match="cannot be written"):
        build(config_of(), out=tmp_path / "file/below")


def test_a_manifest_tells_no_machine_s_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    captions = tmp_path / "here" / "captions.jsonl"
    captions.parent.mkdir()
    captions.write_text(json.dumps({"image": "1.jpg", "caption": "A red car."}))
    monkeypatch.chdir(captions.parent)
    load_model(model_name()).to_disk(tmp_path / "my_model")
    source = {"name": "jsonl", "root": "."}
    model = {"model": str(tmp_path / "my_model")}
    sections = {"data": {"source": source}, "negatives": model}
    manifest = build(build_config(sections), out=tmp_path / "out")
    assert manifest.source["root"] == "here"
    assert manifest.config["negatives"]["model"] == "my_model"  # type: ignore[index]
    assert manifest.versions["parser"].startswith("my_model ")
    assert str(tmp_path) not in to_json(manifest)


class Splits:
    """A source of two splits that counts what is read of it."""

    licence = ""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.num_read = 0

    def splits(self) -> tuple[str, ...]:
        return self.names

    def left_out(self) -> tuple[Skip, ...]:
        return ()

    def read(self, split: str) -> Iterator[Caption | Skip]:
        for number in range(4):
            self.num_read += 1
            yield Caption(f"{split}:{number}", "", f"A red car next to {number} dogs.")
            yield Skip("never seen", "")


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Splits], None]:
    def make(source: Splits) -> None:
        def make_source(_spec: object) -> tuple[Splits, Json]:
            return source, {"name": "splits"}

        monkeypatch.setattr(plan, "make_source", make_source)

    return make


def test_splits_become_file_names(tmp_path: Path, use: Callable[[Splits], None]) -> None:
    use(Splits("../../evil", "a/b", ".hidden"))
    manifest = build(build_config({}), out=tmp_path)
    assert manifest.splits() == ("_.._evil", "a_b", "hidden")
    assert list(problems_of(tmp_path, manifest)) == []
    use(Splits("a/b", "a b"))
    with pytest.raises(UsageError, match="two splits would be named 'a_b'"):
        build(build_config({}), out=tmp_path / "again")


@pytest.mark.parametrize(("limit", "num_skipped"), [(3, 2), (4, 3), (5, 4)])
def test_nothing_is_read_beyond_the_limit(
    tmp_path: Path, use: Callable[[Splits], None], limit: int, num_skipped: int
) -> None:
    source = Splits("one", "two")
    use(source)
    manifest = build(build_config({"data": {"limit": limit}}), out=tmp_path)
    assert source.num_read == limit == manifest.num_rows()
    assert manifest.tallies["skipped"]["never seen"] == num_skipped
    assert manifest.splits() == ("one", "two")[: 1 + (limit > 4)]


def test_captions_without_an_image_may_be_cut_anywhere(
    tmp_path: Path, use: Callable[[Splits], None]
) -> None:
    use(Splits("one"))
    manifest = build(build_config({"negatives": {"shard_captions": 2}}), out=tmp_path)
    assert [shard.rows for shard in manifest.shards] == [2, 2]
