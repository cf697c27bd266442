"""The comparison of two checkouts notices what differs."""

from pathlib import Path

import pytest

from benchmarks.equal_bytes import compare_builds, equal, files_in

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_checkout_equals_itself(tmp_path: Path) -> None:
    outcome = compare_builds(ROOT, "negclip", ["--source", "scenes", "--limit", "8"], tmp_path)
    assert outcome.same
    assert "the same" in str(outcome)
    assert outcome.new_s > 0


@pytest.mark.parametrize("change", ["other bytes", "a file more", "nothing"])
def test_a_difference_is_seen(tmp_path: Path, change: str) -> None:
    for name in ("old", "new"):
        (tmp_path / name / "data").mkdir(parents=True)
        (tmp_path / name / "data" / "a.arrow").write_bytes(b"1")
    if change == "other bytes":
        (tmp_path / "new" / "data" / "a.arrow").write_bytes(b"2")
    elif change == "a file more":
        (tmp_path / "new" / "data" / "b.arrow").write_bytes(b"1")
    same = equal(tmp_path / "old", tmp_path / "new")
    assert same == (change == "nothing")
    assert files_in(tmp_path / "old") == {"data/a.arrow"}
