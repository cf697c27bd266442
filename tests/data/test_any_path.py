"""Paths that may be URLs: mypy proves that what needs a file of this machine gets one."""

import copy
import os
import pickle
import textwrap
from pathlib import Path

import pytest
from mypy import api

from data.remote import Remote
from data.storage import AnyPath, is_remote, path_of, relative_to

ROOT = Path(__file__).parents[2]
HEAD = """\
import os, shutil
import numpy as np
from pathlib import Path
from data.commit import sync_and_hash, write_synced
from data.storage import AnyPath, local_copy, is_remote, path_of

def local(path: Path) -> None: ...
"""
MISSED = """\
def f(path: AnyPath) -> None:
    os.link(path, path)  # wrong
    shutil.rmtree(path)  # wrong
    open(path)  # wrong
    np.load(path, mmap_mode="r")  # wrong
    path.rename(path)  # wrong
    path.samefile(path)  # wrong
    local(path)  # wrong
    local(path / "below")  # wrong
    local(path.parent)  # wrong
    write_synced(path, "")  # wrong
    path.open("w")  # wrong
    path.open(encoding="utf-8")  # wrong
    path.absolute()  # wrong

def g(text: str) -> Path:
    return path_of(text)  # wrong

def h(path: AnyPath) -> None:
    if is_remote(path):
        local(path)  # wrong
        return
    path.fetch_to(path)  # wrong
"""
PROVEN = """\
def f(path: AnyPath) -> None:
    path.read_text(encoding="utf-8")
    path.write_bytes(b"")
    sync_and_hash(path / "below")
    [each.name for each in path.iterdir()]
    local(local_copy(path))
    if is_remote(path):
        path.remove_tree()
    else:
        shutil.rmtree(path)
        local(path.parent)

def g(path: AnyPath) -> None:
    if is_remote(path):
        raise ValueError(path)
    os.link(path, path)
    local(path)
"""


@pytest.mark.parametrize("code", [MISSED, PROVEN])
def test_mypy_sees_where_a_url_would_be_taken_for_a_path(code: str, tmp_path: Path) -> None:
    file = tmp_path / "cases.py"
    file.write_text(textwrap.dedent(HEAD + code))
    flags = ["--strict", "--config-file", str(ROOT / "pyproject.toml")]
    message, failure, _ = api.run([*flags, "--cache-dir", str(tmp_path / "cache"), str(file)])
    assert not failure
    errors = {int(line.split(":")[1]) for line in message.splitlines() if ": error: " in line}
    lines = enumerate((HEAD + code).splitlines(), start=1)
    assert errors == {number for number, line in lines if line.endswith("# wrong")}, message


def test_the_operating_system_is_not_given_a_url() -> None:
    path = path_of("s3://bucket/x")
    with pytest.raises(TypeError, match="not Remote"):
        os.fspath(path)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not Remote"):
        Path(path)  # type: ignore[arg-type]


def test_a_url_is_a_value() -> None:
    path = Remote("s3://bucket/a/b.tar.gz")
    same = pickle.loads(pickle.dumps(path))  # noqa: S301 - our own
    assert same == copy.deepcopy(path) == Remote("s3://bucket/a") / "b.tar.gz"
    assert len({path, same, Remote("s3://bucket/a/c")}) == 2
    assert path != Path("s3://bucket/a/b.tar.gz")
    assert sorted([path, Remote("s3://bucket/a/a")]) == [Remote("s3://bucket/a/a"), path]
    assert (path.name, path.stem, path.suffix) == ("b.tar.gz", "b.tar", ".gz")
    assert path.parts == ("s3:", "bucket", "a", "b.tar.gz")
    assert str(path.with_suffix(".zip")) == "s3://bucket/a/b.tar.zip"
    assert str(path.with_name("c")) == "s3://bucket/a/c"
    assert [str(folder) for folder in path.parents][:2] == ["s3://bucket/a", "s3://bucket"]
    assert f"{path!r}" == "Remote('s3://bucket/a/b.tar.gz')"


@pytest.mark.parametrize(
    ("path", "folder", "way"),
    [
        ("s3://bucket/a/b/c", "s3://bucket/a", "b/c"),
        ("s3://bucket/a", "s3://bucket/a", "."),
        ("a/b/c", "a", "b/c"),
        ("a/b", "s3://bucket/a", None),
        ("s3://bucket/a", "a", None),
        ("s3://bucket/a", "s3://bucket/b", None),
    ],
)
def test_the_way_from_a_folder(path: str, folder: str, way: str | None) -> None:
    given: tuple[AnyPath, AnyPath] = path_of(path), path_of(folder)
    if way is None:
        with pytest.raises(ValueError, match="is not in the subpath"):
            relative_to(*given)
    else:
        assert relative_to(*given).as_posix() == way
    assert is_remote(given[0]) == path.startswith("s3:")
