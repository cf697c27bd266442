"""Advice is taken as it stands: what a message says to do works, in the same folder."""

import gzip
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from data.config import with_setting
from data.errors import UsageError
from data.manifest import Shard
from negatives.auditing.contamination import benchmark_texts
from negatives.auditing.sheet_files import read_answers
from negatives.cli import cli
from negatives.folders.importing import ImportOptions, import_published
from negatives.publishing.packing import packs_of

CAPTION = "A red car next to two big dogs."
SETTINGS = re.compile(r"--set (?:'[^']+'|[^\s;,)]+)")


def num_captions(done: Result) -> int:
    """Return how many captions a build says that it has."""
    return int(done.stdout.partition(" caption")[0])


def run_build(root: Path, source: str, *arguments: str) -> Result:
    given = ["--source", source, "--root", str(root), "--out", str(root.parent / "out")]
    fast = ["--set", "negatives.choice.scorers=[]"]
    return CliRunner().invoke(cli, ["build", *given, *arguments, *fast])


def settings_in(message: str, names: dict[str, str]) -> list[str]:
    """Return the options that a message offers, with names in the place of NAME."""
    words = [word for found in SETTINGS.findall(message) for word in shlex.split(found)]
    for option, name in names.items():
        words = [word.replace("NAME", name) if option in word else word for word in words]
    return words


TABLES = [
    ("csv", f"image|caption\na.jpg|{CAPTION}\n", {}),
    ("csv", f"image;caption\na.jpg;{CAPTION}\n", {}),
    ("csv", f"image\tcaption\na.jpg\t{CAPTION}\n", {}),
    ("tsv", f"image,caption\na.jpg,{CAPTION}\n", {}),
    ("csv", f'image,caption\na.jpg,"{CAPTION}\n', {}),
    ("csv", f'image,caption\na.jpg,"{CAPTION}"!\n', {}),
    ("csv", f"file,text\na.jpg,{CAPTION}\n", {"image": "file", "caption": "text"}),
    (
        "jsonl",
        json.dumps({"file": "a.jpg", "text": CAPTION}),
        {"image": "file", "caption": "text"},
    ),
    ("jsonl", json.dumps({"image": None, "caption": CAPTION}), {}),
    ("karpathy", json.dumps({"dataset": "flickr8k", "images": [
        {"filename": "a", "split": "val", "sentences": [{"raw": CAPTION}]}
    ]}), {}),
]  # fmt: skip


IMAGES = "".join(f'{{"image": "{n}", "id": 1, "caption": "{CAPTION}"}}\n' for n in "aba")


@pytest.mark.parametrize("wrong", ["data.source.grouped=true", "data.source.id_column=id"])
def test_what_is_said_of_an_option_works(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "a.jsonl").write_text(IMAGES)
    failed = run_build(tmp_path / "a.jsonl", "jsonl", "--set", wrong)
    settings = settings_in(str(failed.exception), {})
    assert settings, failed.exception
    done = run_build(tmp_path / "a.jsonl", "jsonl", "--set", wrong, *settings)
    assert num_captions(done) == 3


@pytest.mark.parametrize(("kind", "content", "names"), TABLES)
def test_what_is_said_of_a_source_works(
    tmp_path: Path, kind: str, content: str, names: dict[str, str]
) -> None:
    source = kind.replace("tsv", "csv")
    file = tmp_path / f"a.{kind}"
    file.write_text(content)
    failed = run_build(file, source)
    assert isinstance(failed.exception, UsageError)
    settings = settings_in(str(failed.exception), names)
    assert settings, failed.exception
    done = run_build(file, source, *settings)
    assert done.exit_code == 0, (settings, done.exception)
    assert num_captions(done) == 1


def test_the_command_for_latin1_works(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(f"image,caption\na.jpg,A caf\xe9, {CAPTION}\n".encode("latin1"))
    message = str(run_build(file, "csv").exception)
    (command,) = re.findall(r"iconv [^)]+", message)
    command = command.replace("FILE", str(file)).replace("NEW", f"{tmp_path}/b.csv")
    subprocess.run(command, shell=True, check=True)  # noqa: S602  (as the message has it)
    assert "caf\u00e9" in (tmp_path / "b.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "setting", ["data.source.delimiter=@", "negatives.model=%x", "data.source.x=[1"]
)
def test_a_setting_that_is_not_yaml_is_shown_in_quotes(setting: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_setting({}, setting)
    (said,) = re.findall(r"--set '[^']+'$", str(caught.value))
    _, quoted = shlex.split(said)
    assert with_setting({}, quoted)


def test_a_list_is_asked_for_where_a_text_was_given(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"image,text\na.jpg,{CAPTION}\n")
    told = run_build(
        tmp_path / "a.csv", "csv", "--set", "data.source.caption_columns=text"
    ).exception
    expected = "expected a list such as [NAME], found 'text'"
    assert str(told) == f"source csv.caption_columns: {expected}"


def test_splits_that_cannot_be_published_together_can_be_built_apart() -> None:
    def shard(split: str) -> Shard:
        return Shard(file=f"data/{split}.arrow", split=split, rows=1, bytes=1, sha256="")

    with pytest.raises(UsageError, match=r"data\.source\.only_splits"):
        packs_of([shard("a.b"), shard("a_b")])
    with pytest.raises(UsageError, match=r"data\.source\.only_splits"):
        packs_of([shard("a"), shard("b")], most=1)


NEGATIVE = {"caption": CAPTION, "negative": "A blue car next to two big dogs."}


@pytest.mark.parametrize("name", ["a.JSONL", "a.jsonl.gz", "Swap_Att.JSON", "sub.d/swap_att.json"])
def test_published_files_are_known_by_name_whatever_its_case(tmp_path: Path, name: str) -> None:
    content = json.dumps(NEGATIVE)
    if name.lower().endswith(".json"):
        cells = {"filename": "a.jpg", **NEGATIVE, "negative_caption": NEGATIVE["negative"]}
        content = json.dumps({"0": cells})
    file = tmp_path / "in" / name
    file.parent.mkdir(parents=True)
    packed = gzip.compress(content.encode()) if name.endswith(".gz") else content.encode()
    file.write_bytes(packed)
    for number, path in enumerate((file, file.parent)):
        if path.is_dir() and not name.lower().endswith(".json"):
            continue
        manifest = import_published(path, tmp_path / f"out{number}", options=ImportOptions())
        assert sum(manifest.tallies["negatives_by_type"].values()) == 1


@pytest.mark.parametrize(
    "told", [["A blue car here.", "A green car here."], "['A blue car here.', 'A green car here.']"]
)
def test_several_negatives_in_one_field_are_told_apart(tmp_path: Path, told: object) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"caption": "A red car here.", "negative": told}))
    manifest = import_published(tmp_path / "a.jsonl", tmp_path / "out", options=ImportOptions())
    assert sum(manifest.tallies["negatives_by_type"].values()) == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", f'image,caption\na.jpg,"{CAPTION}"\n'.encode()),
        ("a.CSV", f"image;caption\na.jpg;{CAPTION}\n".encode()),
        ("a.tsv", f"a.jpg#0\t{CAPTION}\n".encode()),
        ("a.token", f"a.jpg#0\t{CAPTION}\n".encode()),
        ("a.txt", CAPTION.encode("utf-16")),
        ("a.json", json.dumps({"x": [CAPTION]}).encode("utf-16")),
        ("a.jsonl.gz", gzip.compress(json.dumps({"x": [CAPTION]}).encode(), mtime=0)),
    ],
)
def test_the_captions_of_a_benchmark_are_found_in_tables(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    assert "a red car next to two big dogs" in benchmark_texts(tmp_path / name)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_answers_that_another_program_saved_are_read(tmp_path: Path, encoding: str) -> None:
    answer = {"item": "x", "grammatical": True, "plausible": True, "false": True}
    (tmp_path / "a.jsonl").write_bytes(f"{json.dumps(answer)}\r\n".encode(encoding))
    assert list(read_answers(tmp_path / "a.jsonl")) == ["x"]
