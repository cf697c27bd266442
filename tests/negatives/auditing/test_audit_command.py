"""`negatives audit` on the command line: what it refuses before it starts, and what it shows."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from data.errors import UsageError
from data.records import Row, images_of
from negatives.auditing import api
from negatives.auditing.contamination import texts_by_name
from negatives.auditing.coverage import Coverage
from negatives.auditing.pairs import Groups, groups_of
from negatives.auditing.run import AuditOptions, audit_folder
from negatives.cli import cli
from tests.negatives.auditing.small_pairs import row_of, telling_rows
from tests.negatives.folders.small_folders import make_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 120 captions with one negative each."""
    out = tmp_path_factory.mktemp("audit") / "out"
    make_folder(out, {"train": telling_rows(60, seed=0)}, rules=("test",), shard_rows=100)
    return out


def run_audit(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["audit", *map(str, arguments)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--html", "nodir/x.html"), "--html .*x.html: expected a folder .*nodir, found none"),
        (("--html", "taken"), "--html .*taken: expected the name of a file, found a folder"),
        (
            ("--reference-model", "none", "--reference-pairs", "5"),
            "--reference-pairs has no effect with --reference-model none",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_read(
    options: Sequence[str],
    message: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "taken").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delattr(api, "open_reference")  # an audit that goes on fails on it
    error = run_audit(folder, *options).exception
    assert isinstance(error, UsageError)
    with pytest.raises(UsageError, match=message):
        raise error


def test_a_page_is_written_whole_or_not_at_all(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("old")
    (tmp_path / "old.html").hardlink_to(page)  # what is written into the old file changes this
    assert run_audit(folder, "--reference-model", "none", "--quiet", "--html", page).exit_code == 0
    assert page.read_text().lower().startswith("<!doctype html>")
    assert (tmp_path / "old.html").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_files_of_one_name_are_told_apart(folder: Path, tmp_path: Path) -> None:
    rows = telling_rows(60, seed=0)
    said = {"a": rows[3].caption, "b": "nobody says this here", "c": rows[4].caption}
    for name, text in said.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.txt").write_text(text)
    paths = [tmp_path / name / "x.txt" for name in said]
    (tmp_path / "y.txt").write_text(rows[5].caption)

    def found_by(*against: Path) -> dict[str, float | None]:
        audit, _ = audit_folder(
            folder, options=AuditOptions(reference="none", against=texts_by_name(against))
        )
        findings = [each for each in audit.findings if each.measure == "contamination"]
        assert {f"texts of {each.group} found again" for each in findings} <= set(audit.counts)
        return {each.group: each.value for each in findings}

    assert found_by(*paths) == {"a/x.txt": 1 / 120, "b/x.txt": 0, "c/x.txt": 1 / 120}
    assert found_by(paths[1], tmp_path / "y.txt") == {"x.txt": 0, "y.txt": 1 / 120}
    assert set(found_by(*paths[:2], tmp_path / "y.txt")) == {"a/x.txt", "b/x.txt", "y.txt"}
    with pytest.raises(UsageError, match="a file is given twice"):
        found_by(paths[0], tmp_path / "b" / ".." / "a" / "x.txt")


def test_names_are_shown_as_they_are(tmp_path: Path) -> None:
    rows = telling_rows(60, seed=0)
    make_folder(tmp_path / "out :car:", {"train": rows}, rules=("test",), shard_rows=100)
    for name in ("b[red].txt", "c[bold].txt"):
        (tmp_path / name).write_text(rows[0].caption)
    against = [part for path in sorted(tmp_path.glob("*.txt")) for part in ("--against", path)]
    shown = run_audit(tmp_path / "out :car:", "--reference-model", "none", *against)
    assert shown.exit_code == 0
    assert "out :car:" in shown.stdout
    for path in tmp_path.glob("*.txt"):
        assert path.name in shown.stdout


def test_what_is_kept_of_rows_is_eight_bytes_a_text_and_one_a_negative() -> None:
    row = row_of(1, "a.jpg", "A red car.", ["A blue car.", "A tan car."], "replace/att")
    coverage, groups = Coverage(lambda word: word[0] in "aeiou"), Groups()
    for number in range(100):
        coverage.add(row._replace(images=(f"{number}.jpg",)))
        groups.add(row._replace(images=(f"{number}.jpg",)))
    kept = [value for each in (coverage, groups) for value in vars(each).values()]
    arrays = [value for value in kept if hasattr(value, "itemsize")]
    sizes = sorted(len(value) * value.itemsize for value in arrays)
    assert sizes == [0, 0, 200, 800, 800, 800, 800, 1600]  # there is no composite
    assert not any(isinstance(value, list | set) for value in kept)


def test_groups_are_those_of_rows_put_together() -> None:
    said = [("a.jpg", "A dog."), ("b.jpg", "A cat."), ("c.jpg", "a dog"), ("b.jpg", "Two dogs.")]
    rows = [Row(str(number), images_of(row[0]), *row[1:], ()) for number, row in enumerate(said)]
    assert groups_of(rows) == [0, 1, 0, 1]
    assert groups_of([]) == []
