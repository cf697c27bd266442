"""The functions that `negatives` offers to Python: what they accept, return and refuse."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from click.testing import CliRunner

import negatives
from data.edits import Edit, Replacement
from data.errors import UsageError
from data.manifest import read_manifest, to_json
from data.records import Negative
from negatives import audit, build, generate, open_shards
from negatives.cli import cli
from tests.negatives.building.test_run import content_of

CAPTIONS = [
    "A red car next to a blue bus.",
    "Two dogs run on the grass.",
    "",
    "A man in a red shirt is riding a brown horse.",
    "Two dogs run on the grass.",
    "A cat sleeps on a white sofa under a window.",
]
SCENES = {"data": {"source": {"name": "scenes"}, "limit": 300}}
HEAVY = ("datasets", "matplotlib", "numpy", "pyarrow", "sklearn", "spacy", "torch", "transformers")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out: Path = tmp_path_factory.mktemp("api") / "out"
    build(SCENES, out=out)
    return out


def test_the_public_names_are_these() -> None:
    assert negatives.__all__ == [
        "Edit",
        "Negative",
        "Positive",
        "RetryableError",
        "ShardError",
        "UsageError",
        "audit",
        "build",
        "generate",
        "open_shards",
        "rephrase",
    ]
    for name in negatives.__all__:
        found = getattr(negatives, name)
        assert found.__name__ == name
        assert found.__doc__
        assert name in dir(negatives)
    assert list(negatives._MODULES) == negatives.__all__
    with pytest.raises(AttributeError, match="no attribute 'generat'"):
        negatives.generat  # noqa: B018


@pytest.mark.parametrize("names", ["", "Edit, Negative, UsageError"])
def test_importing_it_imports_nothing_heavy(names: str) -> None:
    line = f"from negatives import {names}" if names else "import negatives"
    code = f"import sys; {line}; print([n for n in {HEAVY} if n in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_functions_stay_functions_after_their_packages_are_imported() -> None:
    """`negatives.build` was a package once, which any import of it puts in the function's place."""
    code = (
        "import negatives.building.run, negatives.auditing.run, negatives.cli, negatives as n;"
        "print(*(callable(getattr(n, name)) for name in n.__all__))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) == {"True"}


def test_one_caption_gives_a_list_and_many_give_pairs_in_order() -> None:
    one = generate(CAPTIONS[0], preset="fsc-clip")
    assert isinstance(one, list)
    assert one
    assert all(isinstance(negative, Negative) for negative in one)
    assert all(negative.edit.apply(CAPTIONS[0]) == negative.text for negative in one)
    many = generate(iter(CAPTIONS), preset="fsc-clip")
    assert isinstance(many, Iterator)
    pairs = list(many)
    assert [caption for caption, _ in pairs] == CAPTIONS
    assert pairs[0][1] == one
    assert pairs[1] == pairs[4]
    assert generate("", preset="fsc-clip") == []
    assert generate("\ud800 a red car", preset="fsc-clip") == []
    assert list(generate([], preset="fsc-clip")) == []


@pytest.mark.parametrize("preset", ["natural", "fsc-clip"])
def test_negatives_depend_on_no_other_caption(preset: str, built: Path) -> None:
    given: dict[str, Any] = {"preset": preset, "seed": 3}
    given |= {"fluency_from": built} if preset == "natural" else {}
    texts = [row.caption for row in open_shards(built)[:40]] + CAPTIONS
    expected = dict(generate(texts, **given))
    assert sum(map(len, expected.values())) > 5
    scores = [each.score for found in expected.values() for each in found if each.score is not None]
    assert [score for score in scores if score != round(score, 4)] == []
    assert bool(scores) == (preset == "natural")
    assert {text: generate(text, **given) for text in texts} == expected
    assert dict(generate(reversed(texts), **given, options={"batch_size": 7})) == expected
    assert dict(generate(texts, **{**given, "seed": 4})) != expected


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_a_mapped_data_set_is_the_same_for_every_batch_size(batch_size: int) -> None:
    texts = CAPTIONS * 4

    def add(batch: dict[str, list[str]]) -> dict[str, list[list[str]]]:
        found = generate(batch["caption"], preset="svlc")
        return {"negatives": [[negative.text for negative in each] for _, each in found]}

    rows = datasets.Dataset.from_dict({"caption": texts})
    mapped = rows.map(add, batched=True, batch_size=batch_size)
    whole = [[each.text for each in found] for _, found in generate(texts, preset="svlc")]
    assert any(whole)
    assert list(mapped["negatives"]) == whole


def test_texts_of_numpy_are_texts() -> None:
    expected = list(generate(CAPTIONS, preset="fsc-clip"))
    found = list(generate(np.array(CAPTIONS), preset="fsc-clip"))
    assert found == expected
    assert all(type(caption) is str for caption, _ in found)
    assert generate(np.str_(CAPTIONS[0]), preset="fsc-clip") == expected[0][1]


@pytest.mark.parametrize(
    ("captions", "given", "message"),
    [
        (5, {}, r"captions: expected a text or an iterable of texts, found int$"),
        (None, {}, "found NoneType$"),
        (b"A red car.", {}, "found bytes$"),
        ({"caption": CAPTIONS}, {}, "found dict; pass one of its columns"),
        (["a", None], {}, "found NoneType at index 1; leave out items without a caption"),
        (("a", "b", 2.0), {}, "found float at index 2"),
        (CAPTIONS, {"preset": "natrual"}, "did you mean 'natural'"),
        (CAPTIONS, {"options": {"batch_sise": 2}}, "unknown option 'batch_sise'"),
        (CAPTIONS, {"options": {"batch_size": 0}}, "negatives.batch_size: .*found 0"),
        (CAPTIONS, {"options": ["batch_size"]}, "options: expected a mapping, found list"),
        (CAPTIONS, {"seed": "one"}, "negatives.seed: .*found 'one'"),
        (CAPTIONS, {"options": {"rules": [{"rule": "swop"}]}}, "did you mean 'swap'"),
        (CAPTIONS, {"options": {"model": "no_such_model"}}, "no spaCy model 'no_such_model'"),
        (CAPTIONS, {"fluency_from": "nowhere"}, "nowhere"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_called(
    captions: object, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        generate(captions, **given)  # type: ignore[call-overload]


def test_an_iterator_with_something_else_in_it_is_refused_where_it_is_reached() -> None:
    found = generate(iter(["A red car.", None]), preset="svlc", options={"batch_size": 1})  # type: ignore[list-item]
    assert next(found)[0] == "A red car."
    with pytest.raises(UsageError, match="found NoneType at index 1"):
        next(found)


def test_build_and_the_command_write_the_same_bytes(built: Path, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text("data: {limit: 7}\n")
    line = ["build", "--config", path, "--source", "scenes", "--set", "data.limit=300"]
    done = CliRunner().invoke(cli, [*map(str, line), "--out", str(tmp_path / "line")])
    assert done.exit_code == 0, done.output
    found = build(path, source="scenes", settings="data.limit=300", out=str(tmp_path / "call"))
    assert content_of(tmp_path / "call") == content_of(tmp_path / "line") == content_of(built)
    assert to_json(found) == to_json(read_manifest(built))
    assert repr(found) == f"Manifest({found.fingerprint!r}, splits: train, 300 rows)"
    assert repr(open_shards(built)) == f"Shards({str(built)!r}, splits: train, 300 rows)"


def test_audit_and_the_command_find_the_same(built: Path, tmp_path: Path) -> None:
    line = ["audit", built, "--reference-model", "none", "--quiet", "--out", tmp_path / "line.json"]
    assert CliRunner().invoke(cli, [*map(str, line)]).exit_code == 0
    found = audit(
        str(built), reference_model="none", out=tmp_path / "call.json", html=tmp_path / "a.html"
    )
    assert (tmp_path / "call.json").read_bytes() == (tmp_path / "line.json").read_bytes()
    assert (tmp_path / "a.html").exists()
    assert {finding.measure for finding in found.findings} >= {"words", "form", "coverage"}


@pytest.mark.parametrize(
    ("command", "call", "given"),
    [
        (["build", "--source", "coko"], build, {"source": "coko"}),
        (["build", "--root", "x"], build, {"root": "x"}),
        (["build", "--preset", "natrual"], build, {"preset": "natrual"}),
        (["build", "--set", "negatives.seed"], build, {"settings": ["negatives.seed"]}),
        (["build", "--workers", "0"], build, {"workers": 0}),
        (["build", "--limit", "0"], build, {"limit": 0}),
        (["build", "--language", "de"], build, {"language": "de"}),
        (["build", "--config", "none.yaml"], build, {"config": "none.yaml"}),
        (["build", "--fluency-from", "none"], build, {"fluency_from": "none"}),
        (["audit", "none"], audit, {"folder": "none"}),
        (["audit", "OUT", "--html", "no/x"], audit, {"folder": "OUT", "html": "no/x"}),
        (["audit", "OUT", "--reference-model", "none", "--reference-pairs", "5"], audit,
         {"folder": "OUT", "reference_model": "none", "reference_pairs": 5}),
        (["audit", "OUT", "--reference-model", "./nowhere"], audit,
         {"folder": "OUT", "reference_model": "./nowhere"}),
        (["audit", "OUT", "--against", "no.txt"], audit, {"folder": "OUT", "against": "no.txt"}),
    ],
)  # fmt: skip
def test_errors_are_those_of_the_command(  # noqa: PLR0917
    command: list[str],
    call: Callable[..., object],
    given: dict[str, Any],
    built: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "OUT").symlink_to(built)
    told = CliRunner().invoke(cli, command).exception
    assert isinstance(told, UsageError)
    with pytest.raises(UsageError) as found:
        call(**given)
    assert str(found.value) == str(told)
    assert {path.name for path in tmp_path.iterdir()} <= {"OUT", "out"}


@pytest.mark.parametrize(
    ("call", "given", "message"),
    [
        (build, {"config": 5}, "config: expected the path of a pipeline.yaml .*, found int"),
        (build, {"config": {"dta": {}}}, "unknown section 'dta'; did you mean 'data'"),
        (build, {"source": "csv"}, "source csv: expected the folder or file .* --root PATH"),
        (build, {"executor": "rai"}, "executor: unknown 'rai'; did you mean 'ray'"),
        (build, {"resume": "nver"}, "resume: unknown 'nver'; did you mean 'never'"),
        (
            build,
            {"config": {"negatives": {"choice": [1]}}, "max_share": 0.4},
            r"negatives\.choice: expected \{option: value, \.\.\.\}, found \[1\]",
        ),
        (audit, {"folder": "OUT", "sample": 0}, "--sample: expected 1 or more, found 0"),
        (
            audit,
            {"folder": "OUT", "reference_pairs": 0},
            "--reference-pairs: expected 1 or more, found 0",
        ),
    ],
)
def test_what_a_command_line_refuses_by_its_types_is_refused_too(
    call: Callable[..., object], given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        call(**given)


def test_a_negative_shows_itself_in_a_line() -> None:
    edit = Edit((Replacement(2, 5, "blue"), Replacement(9, 9, "'")))
    assert repr(edit) == "Edit(2:5 -> 'blue', 9:9 -> \"'\")"
    negative = Negative("A blue car.", "replace", "att", "replace_attribute", "rule", edit, -0.5, 3)
    assert repr(negative) == (
        "Negative('A blue car.', 'replace/att', rule='replace_attribute', method='rule', "
        f"score=-0.5, edit={edit!r})"
    )
    assert "score=None" in repr(negative._replace(score=None))
