"""A build says what it left out, where it met it first, and what can be done: advice that works."""

import dataclasses
import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from data.commit import Json
from data.errors import UsageError
from data.manifest import read_manifest
from data.records import Caption
from data.sources import SOURCES, source_class
from data.sources.caption_cells import LINES, LIST
from data.sources.raw_captions import MISSING, NO_ID, NO_IMAGE, NOT_TEXT, REASONS
from negatives.building import build
from negatives.building.plan import make_source
from negatives.cli import cli
from negatives.config import build_config
from negatives.options import ConfigOptions, resolve
from negatives.skipping import (
    NO_WORDS,
    NOT_ENGLISH,
    REPEATED,
    Doubts,
    advice_on,
    first_of_each,
    nothing_usable,
)

ENGLISH = "A red car next to two big dogs."
FRENCH = "Un homme avec un chapeau rouge est assis sur un banc."


def write(path: Path, *texts: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"image": f"{n}.jpg", "caption": text}) for n, text in enumerate(texts)]
    path.write_text("\n".join(lines) + "\n")
    return path


def run_build(root: Path, *arguments: str, source: str = "jsonl") -> Result:
    out = root.parent / "out"
    given = ["--source", source, "--root", str(root), "--out", str(out)]
    fast = ["--set", "negatives.choice.scorers=[]"]
    return CliRunner().invoke(cli, ["build", *given, *fast, *arguments])


def num_captions(shown: str) -> int:
    """Return how many captions a build says that it has."""
    return int(shown.partition(" captions, ")[0])


def failure(root: Path, *arguments: str) -> str:
    error = run_build(root, *arguments).exception
    assert isinstance(error, UsageError)
    assert "\n" not in str(error)
    return str(error)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([FRENCH, FRENCH], "skipped: not English (2; first: jsonl:0.jpg:0; --language any keeps"),
        (["123"], "skipped: no words (1; first: jsonl:0.jpg:0; --language any keeps them)"),
        (["", None, 7], "caption is empty (1; first: a.jsonl, line 1), caption is missing (1; fir"),
        ([], "files left out: file has no rows (1; first: a.jsonl)"),
        (["word " * 2001], "longer than 10000 characters (1; first: jsonl:0.jpg:0)"),
    ],
)
def test_a_build_without_a_caption_says_why(
    tmp_path: Path, texts: list[object], expected: str
) -> None:
    write(tmp_path / "in/a.jsonl", *texts)
    message = failure(tmp_path / "in")
    assert message.startswith("no caption of the source could be used; ")
    assert expected in message


def test_captions_of_other_languages_are_kept_as_the_message_says(tmp_path: Path) -> None:
    write(tmp_path / "in/a.jsonl", FRENCH)
    assert "--language any" in failure(tmp_path / "in")
    assert run_build(tmp_path / "in", "--language", "any").exit_code == 0


def test_all_files_of_a_folder_are_built_and_the_rest_is_told(tmp_path: Path) -> None:
    for name in ("a.jsonl", "C.JSONL", "sub/b.jsonl"):
        write(tmp_path / "in" / name, *[ENGLISH.replace("red", c) for c in ("red", "blue")])
    write(tmp_path / "in/.hidden.jsonl", ENGLISH)
    (tmp_path / "in/x.csv").write_text("image,caption\na,b\n")
    (tmp_path / "in/empty.jsonl").touch()
    shown = run_build(tmp_path / "in").stdout
    assert num_captions(shown) == 6
    assert (
        "files left out: file has another type: .csv (1; first: x.csv), file has no rows (1; "
        "first: empty.jsonl), file is hidden (1; first: .hidden.jsonl)\n"
    ) in shown
    assert "splits: train 4, sub 2\n" in shown
    message = CliRunner().invoke(cli, ["stats", str(tmp_path / "out")]).stdout
    assert "file has no rows (1; first: empty.jsonl)" in message
    assert read_manifest(tmp_path / "out").tallies["files_left_out"] == {
        "file has no rows": 1,
        "file is hidden": 1,
        "file has another type: .csv": 1,
    }


def test_skipped_captions_are_told_with_the_first_place(tmp_path: Path) -> None:
    write(tmp_path / "in/a.jsonl", ENGLISH, "", FRENCH, "")
    result = run_build(tmp_path / "in")
    assert (
        "skipped: caption is empty (2; first: a.jsonl, line 2), not English (1; first: "
        "jsonl:2.jpg:0; --language any keeps them)\n"
    ) in result.stdout
    assert result.stderr == ""
    assert "skipped" not in run_build(tmp_path / "in", "--quiet").stdout


def test_a_block_of_which_nothing_is_left_is_counted_too(tmp_path: Path) -> None:
    write(tmp_path / "in/a.jsonl", FRENCH, FRENCH, ENGLISH, FRENCH)
    result = run_build(tmp_path / "in", "--set", "negatives.shard_captions=2")
    assert "skipped: not English (3; first: jsonl:0.jpg:0; " in result.stdout


def test_lines_are_told_and_the_advice_tells_them_apart(tmp_path: Path) -> None:
    write(tmp_path / "in/a.jsonl", f"{ENGLISH}\nA cat.\nTwo cats.", ENGLISH)
    (line,) = run_build(tmp_path / "in").stderr.splitlines()
    assert line == (
        "kept, but doubtful: caption has several lines (1; first: jsonl:0.jpg:0; if each line is "
        "a caption: --set data.source.several=lines, and another --out)"
    )
    again = run_build(
        tmp_path / "in", "--set", "data.source.several=lines", "--out", f"{tmp_path}/b"
    )
    assert num_captions(again.stdout) == 4
    assert again.stderr == ""
    never = run_build(
        tmp_path / "in", "--set", "data.source.several=never", "--out", f"{tmp_path}/c"
    )
    assert num_captions(never.stdout) == 2
    assert never.stderr == ""


def test_lists_that_cannot_be_read_and_repetitions_are_told(tmp_path: Path) -> None:
    rows = [("a", '["A red car.", 2]'), ("b", ENGLISH), ("b", ENGLISH)]
    lines = [json.dumps({"image": image, "caption": text}) for image, text in rows]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    message = run_build(tmp_path / "a.jsonl").stderr
    assert "caption looks like a list (1; first: jsonl:a:0; " in message
    assert "caption repeats another of its image (1; first: jsonl:b:1; check for a dup" in message


def test_the_manifest_names_no_place_and_is_the_same_again(tmp_path: Path) -> None:
    write(tmp_path / "in/a.jsonl", ENGLISH, "", FRENCH)
    source = {"name": "jsonl", "root": str(tmp_path / "in")}
    sections = {"data": {"source": source}, "negatives": {"choice": {"scorers": []}}}
    manifests = [build(build_config(sections), out=tmp_path / name) for name in "ab"]
    assert manifests[0] == manifests[1]
    assert first_of_each(tmp_path / "a") == {
        "caption is empty": "a.jsonl, line 2",
        "not English": "jsonl:2.jpg:0",
    }
    assert first_of_each(tmp_path) == {}


DOUBTS = [
    ("i", "A dog", None),
    ("i", "A cat", None),
    ("i", "A dog", REPEATED),
    ("j", "A dog", None),
    ("", "A dog", None),
    ("", "A dog", None),
    ("k", "A dog\nA cat", LINES),
    ("k", '["A dog", 2]', LIST),
]


def test_doubts() -> None:
    looks, asked_for = Doubts("auto"), Doubts("never")
    for image, text, expected in DOUBTS:
        caption = Caption("x", image, text)
        assert looks.of(caption) == expected
        assert asked_for.of(caption) == (expected if expected == REPEATED else None)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("reason", [*REASONS, NOT_ENGLISH, NO_WORDS, LINES, LIST, REPEATED])
def test_advice_can_be_taken_with_that_source(name: str, reason: str) -> None:
    cls = source_class(name)
    needed = {f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING}
    spec: Json = {"name": name, **dict.fromkeys(needed, "x")}
    _, options = make_source(spec)
    for advice in advice_on(reason, options):
        if "--" not in advice:
            continue
        words = shlex.split(advice[advice.index("--") :].replace("NAME", "x").replace(",", " "))
        given = {"settings": (words[1],)} if words[0] == "--set" else {"language": words[1]}
        config = resolve(ConfigOptions(source=name, **given))  # type: ignore[arg-type]
        make_source({**config.data.source, **dict.fromkeys(needed, "x")})


def test_reasons_that_a_user_can_mend_have_advice() -> None:
    _, options = make_source({"name": "jsonl", "root": "x"})
    for reason in (MISSING, NOT_TEXT, NO_IMAGE, NO_ID, NOT_ENGLISH, NO_WORDS, LINES):
        assert advice_on(reason, options)
    assert nothing_usable({}, {}, {}) == ("no caption of the source could be used; it has none")


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_shown_with_its_options(name: str) -> None:
    shown = CliRunner().invoke(cli, ["sources", name]).stdout
    told = json.loads(CliRunner().invoke(cli, ["sources", name, "--json"]).stdout)
    names = [field.name for field in dataclasses.fields(source_class(name))]
    assert sorted([*told["needed"], *told["options"]]) == sorted(names)
    assert shown.startswith(told["description"])
    assert all(f"\n{option} " in shown for option in names)
    spec = {"name": name, **dict.fromkeys(told["needed"], "x"), **told["options"]}
    make_source(spec)
