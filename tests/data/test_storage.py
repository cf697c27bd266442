"""Files by URL: as those of a folder, whatever the network does."""

import io
import os
import tempfile
import time
from copy import deepcopy
from pathlib import Path

import pytest

import data.commit
import data.remote
from data.commit import (
    attempt_path,
    commit,
    find_finished,
    link_into_place,
    sweep,
    write_atomically,
)
from data.errors import RetryableError, UsageError
from data.remote import Remote
from data.storage import AnyPath, is_remote, local_copy, path_of, sizes_in, version_of
from data.streams import Stream
from tests.faulty_proxy import PASSING, Fault, always, no_faults, plan_of, random_plan
from tests.s3_server import Bucket

CONTENT = bytes(range(256)) * 1000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("out", Path("out")),
        ("/data/out", Path("/data/out")),
        ("C:/data", Path("C:/data")),
        ("file:///data/a%20b", Path("/data/a b")),
        (Path("out"), Path("out")),
    ],
)
def test_paths_of_this_machine_are_paths(text: str | Path, expected: Path) -> None:
    assert path_of(text) == expected
    assert not is_remote(path_of(text))


@pytest.mark.parametrize(
    "url", ["s3://bucket/a/b.arrow", "hf://datasets/user/name@main/x", "gs://b", "memory://a/b"]
)
def test_a_url_stays_as_it_is(url: str) -> None:
    path = path_of(url)
    assert is_remote(path)
    assert str(path) == str(path_of(path)) == str(deepcopy(path)) == url
    assert str(path / "more") == f"{url}/more"
    assert str((path / "more/x.json").parent) == f"{url}/more"
    assert (path / "more/x.json").relative_to(path).as_posix() == "more/x.json"
    assert (path / "x.json").suffix == ".json"


def test_a_file_is_written_read_listed_and_deleted(s3: Bucket) -> None:
    folder = path_of(f"{s3.url}/folder")
    assert not folder.exists()
    assert list(folder.glob("*")) == []
    assert sizes_in(folder) == {}
    assert version_of(folder / "x.bin") == ""
    (folder / "x.bin").write_bytes(CONTENT)
    (folder / "below/y.txt").write_text("é")
    assert s3.get("folder/x.bin") == CONTENT
    assert (folder.is_dir(), folder.is_file()) == (True, False)
    assert ((folder / "x.bin").is_dir(), (folder / "x.bin").is_file()) == (False, True)
    assert [path.name for path in folder.iterdir()] == ["below", "x.bin"]
    assert [str(path) for path in folder.glob("*/*.txt")] == [f"{folder}/below/y.txt"]
    assert sizes_in(folder) == {"x.bin": len(CONTENT)}
    assert (folder / "below/y.txt").read_text() == "é"
    before = version_of(folder / "x.bin")
    (folder / "x.bin").write_bytes(b"other")
    assert version_of(folder / "x.bin") != before
    (folder / "x.bin").unlink()
    (folder / "x.bin").unlink(missing_ok=True)
    assert s3.keys() == ["folder/below/y.txt"]
    with pytest.raises(FileNotFoundError):
        (folder / "x.bin").read_bytes()


def test_a_file_is_read_from_any_place_on(s3: Bucket) -> None:
    s3.put("x.bin", CONTENT)
    path = path_of(f"{s3.url}/x.bin")
    assert is_remote(path)
    assert path.read_range(250, 12) == CONTENT[250:262]
    assert path.read_range(len(CONTENT) - 3, 10) == CONTENT[-3:]
    with path.open("rb") as file:
        assert file.read(3) == CONTENT[:3]
        assert file.seek(-5, io.SEEK_END) == len(CONTENT) - 5
        assert file.read() == CONTENT[-5:]
        assert file.seek(7) == 7
        assert file.read() == CONTENT[7:]


@pytest.mark.parametrize("replaced_by", [b"shorter", CONTENT[::-1]])
def test_a_file_that_is_replaced_while_it_is_read_is_not_taken_for_whole(
    s3: Bucket, replaced_by: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data.remote, "_READ_AHEAD_BYTES", 1000)
    s3.put("x.bin", CONTENT)
    with path_of(f"{s3.url}/x.bin").open("rb") as file:
        assert file.read(10) == CONTENT[:10]
        time.sleep(1.1)  # stores tell times by the second
        s3.put("x.bin", replaced_by)
        with pytest.raises(RetryableError, match="changed while it was read"):
            file.read()


def test_a_refusal_is_no_end_of_a_file(s3: Bucket) -> None:
    s3.put("x.bin", CONTENT)
    s3.proxy.plan = always("bad token", matching="GET")
    with pytest.raises(UsageError, match="malformed"):
        path_of(f"{s3.url}/x.bin").read_bytes()
    s3.put("empty", b"")
    s3.proxy.plan = no_faults
    assert path_of(f"{s3.url}/empty").read_bytes() == b""


@pytest.mark.parametrize("name", ["run[1]", "q?", "a*", "a b", "50%", "a#b", "é"])
def test_a_tree_goes_and_nothing_else(s3: Bucket, name: str) -> None:
    others = ["run1/work/a", "q1/work/a", "ab/work/a", "work/a", "a b c/work/a"]
    for other in others:
        s3.put(other, b"of another")
    folder = Remote(f"{s3.url}/{name}/work")
    for child in ("a", "deep/b[2]", "c*"):
        (folder / child).write_bytes(b"x")
    assert [str(path) for path in folder.glob("a")] == [f"{folder}/a"]
    folder.remove_tree()
    folder.remove_tree()
    assert s3.keys() == sorted(others)


def test_a_tree_is_gone_though_the_store_keeps_some_at_first(s3: Bucket) -> None:
    folder = Remote(f"{s3.url}/work")
    for number in range(5):
        (folder / str(number)).write_bytes(b"x")
    s3.proxy.plan = plan_of("kept", "kept", matching="delete")
    folder.remove_tree()
    assert s3.keys() == []
    assert s3.proxy.faults["kept"] == 2


def test_of_two_who_create_a_file_one_does(s3: Bucket) -> None:
    path = Remote(f"{s3.url}/marker")
    assert [path.create(b"first"), path.create(b"second")] == [True, False]
    assert path.read_bytes() == b"first"


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_waited_for(s3: Bucket, fault: Fault) -> None:
    path = Remote(f"{s3.url}/x.bin")
    s3.proxy.plan = plan_of(fault, matching="PUT")
    path.write_bytes(CONTENT)
    assert s3.get("x.bin") == CONTENT
    s3.proxy.plan = plan_of(fault, matching="GET")
    assert path.read_bytes() == CONTENT
    s3.proxy.plan = plan_of(fault, matching="HEAD")
    assert path.stat().st_size == len(CONTENT)
    assert s3.proxy.faults[fault] == 3


def test_stores_differ_in_what_they_say_of_a_condition(s3: Bucket) -> None:
    path = Remote(f"{s3.url}/marker")
    s3.proxy.plan = plan_of("exists", matching="PUT")
    assert not path.create(b"first")
    s3.proxy.plan = plan_of("not implemented", matching="PUT")
    assert path.create(b"first")
    s3.proxy.plan = plan_of("not implemented", matching="PUT")
    assert not path.create(b"second")
    assert s3.get("marker") == b"first"


@pytest.mark.parametrize("fault", PASSING)
def test_a_marker_has_one_writer_whatever_becomes_of_the_answer(s3: Bucket, fault: Fault) -> None:
    path = Remote(f"{s3.url}/marker")
    s3.proxy.plan = plan_of(fault, matching="PUT")
    path.create(b"first")
    assert not path.create(b"second")
    assert s3.get("marker") == b"first"
    assert s3.proxy.faults[fault] == 1


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("denied", UsageError, "check your login"),
        ("slow down", RetryableError, "try again"),
    ],
)
def test_what_does_not_pass_is_told(
    s3: Bucket, fault: Fault, error: type[Exception], message: str
) -> None:
    s3.put("x.bin", CONTENT)
    s3.proxy.plan = always(fault)
    with pytest.raises(error, match=message):
        path_of(f"{s3.url}/x.bin").read_bytes()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nowhere://bucket/x", "nowhere"),
        ("s3://no-such-bucket-here/x", "no such bucket"),
        ("hf://datasets/user/name/x", "negatives publish"),
        ("simplecache::s3://bucket/x", "one kind of storage"),
        ("ftp://me:secret@host/x", "a URL with a password"),
    ],
)
def test_what_cannot_be_written_to_is_told_in_one_line(s3: Bucket, url: str, message: str) -> None:
    assert s3.name
    with pytest.raises(UsageError, match=message) as caught:
        path_of(url).write_bytes(b"x")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_what_is_mapped_has_one_local_copy(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = path_of(f"{s3.url}/table.npy")
    for content in (b"one", b"three"):
        path.write_bytes(content)
        copy = local_copy(path)
        assert copy.read_bytes() == content
        assert local_copy(path) == copy
        assert list(copy.parent.iterdir()) == [copy]
    assert local_copy(copy) == copy


def attempts_at(folder: AnyPath, text: str) -> dict[str, Path]:
    path = attempt_path(folder, "block", "rows")
    path.write_text(text)
    return {"rows": path}


def test_attempts_leave_nothing_on_this_machine(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    data.commit._scratch.cache_clear()
    folder = path_of(f"{s3.url}/work")
    (path,) = attempts_at(folder, "of a killed run").values()
    commit(folder, "block", attempts_at(folder, "x"), {})
    s3.proxy.plan = always("denied", matching="PUT")
    with pytest.raises(UsageError):
        commit(folder, "other", attempts_at(folder, "x"), {})
    assert list(path.parent.iterdir()) == [path]
    os.utime(path, (0, 0))
    data.commit._scratch.cache_clear()
    assert attempts_at(folder, "x")["rows"].parent == path.parent
    assert not path.exists()
    data.commit._scratch.cache_clear()


def test_the_first_attempt_wins_in_a_store_too(s3: Bucket) -> None:
    folder = path_of(f"{s3.url}/work")
    assert find_finished(folder, "block") is None
    first = attempts_at(folder, "first")
    winner = commit(folder, "block", first, {"by": "first"})
    assert commit(folder, "block", attempts_at(folder, "second!"), {"by": "second"}) == winner
    assert find_finished(folder, "block") == winner
    assert not first["rows"].exists()
    source, target = folder / winner.files["rows"].file, path_of(f"{s3.url}/data/x.arrow")
    for _ in range(2):
        link_into_place(source, target)
        assert target.read_text() == "first"
    (folder / winner.files["rows"].file).write_text("cut")
    assert find_finished(folder, "block") is None
    assert s3.get("work/block.json") is None
    sweep(folder, keep=[])
    write_atomically(path_of(f"{s3.url}/run.json"), "{}")
    assert s3.keys() == ["data/x.arrow", "run.json"]


@pytest.mark.parametrize("seed", range(4))
def test_commits_among_faults_lose_nothing_and_show_nothing_half(s3: Bucket, seed: int) -> None:
    folder = path_of(f"{s3.url}/work")
    s3.proxy.plan = random_plan(Stream(seed, "faults"), share=0.4)
    units = [
        commit(folder, f"block-{number}", attempts_at(folder, "x" * 5000), {"rows": number})
        for number in range(8)
    ]
    for number, unit in enumerate(units):
        assert find_finished(folder, f"block-{number}") == unit
        assert unit.stats == {"rows": number}
        assert (folder / unit.files["rows"].file).read_text() == "x" * 5000
    assert {len(s3.get(key) or b"") for key in s3.keys() if key.endswith(".done")} == {5000}  # noqa: SIM118
    assert s3.proxy.faults.total() >= 10
