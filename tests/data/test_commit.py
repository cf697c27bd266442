import errno
import json
from pathlib import Path

import pytest

from data.commit import (
    attempt_path,
    commit,
    find_finished,
    link_into_place,
    sweep,
    write_atomically,
)
from data.errors import UsageError


def attempt(folder: Path, text: str) -> Path:
    path = attempt_path(folder, "block", "rows")
    path.write_text(text)
    return path


def test_a_unit_is_finished_by_its_marker_alone(tmp_path: Path) -> None:
    path = attempt(tmp_path, "one")
    assert find_finished(tmp_path, "block") is None
    unit = commit(tmp_path, "block", {"rows": path}, {"rows": 1})
    assert find_finished(tmp_path, "block") == unit
    assert (tmp_path / unit.files["rows"].file).read_text() == "one"
    assert unit.stats == {"rows": 1}


def test_the_first_attempt_wins_and_the_second_adopts_it(tmp_path: Path) -> None:
    first, second = attempt(tmp_path, "first"), attempt(tmp_path, "second!")
    winner = commit(tmp_path, "block", {"rows": second}, {"by": "second"})
    assert commit(tmp_path, "block", {"rows": first}, {"by": "first"}) == winner
    assert winner.stats == {"by": "second"}


@pytest.mark.parametrize("damage", ["gone", "cut", "rotten"])
def test_a_unit_with_broken_files_is_made_again(tmp_path: Path, damage: str) -> None:
    unit = commit(tmp_path, "block", {"rows": attempt(tmp_path, "content")}, {})
    path = tmp_path / unit.files["rows"].file
    if damage == "gone":
        path.unlink()
    else:
        path.write_text({"cut": "cont", "rotten": "contend"}[damage])
    assert find_finished(tmp_path, "block") is None
    assert commit(tmp_path, "block", {"rows": attempt(tmp_path, "content")}, {}).name == "block"


def test_linking_into_place_twice_is_linking_once(tmp_path: Path) -> None:
    unit = commit(tmp_path / "work", "block", {"rows": attempt(tmp_path / "work", "x")}, {})
    source, target = tmp_path / "work" / unit.files["rows"].file, tmp_path / "data" / "x.arrow"
    for _ in range(2):
        link_into_place(source, target)
        assert target.read_text() == "x"
    target.unlink()
    target.write_text("what an older attempt left")
    link_into_place(source, target)
    assert target.read_text() == "x"
    assert [path.name for path in target.parent.iterdir()] == ["x.arrow"]


def test_sweep_takes_all_that_is_not_to_be_kept(tmp_path: Path) -> None:
    attempt(tmp_path, "draft")
    kept = tmp_path / "kept.json"
    write_atomically(kept, json.dumps({}))
    sweep(tmp_path, keep=[kept])
    assert list(tmp_path.iterdir()) == [kept]
    sweep(tmp_path / "absent", keep=[])


def test_a_file_system_without_hard_links_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_paths: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    path = attempt(tmp_path, "x")
    monkeypatch.setattr("os.link", link)
    with pytest.raises(UsageError, match="hard links"):
        commit(tmp_path, "block", {"rows": path}, {})
    with pytest.raises(UsageError, match="hard links"):
        link_into_place(tmp_path / "a", tmp_path / "data/b")
