"""What a message advises works in the case in which it is given: each is followed here."""

import json
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from data.errors import UsageError
from data.manifest import read_manifest
from negatives.cli import cli

RED, MAN = "A red car by a blue bus.", "A man on a brown horse in a field."
CASES = {  # source -> its file, what it holds, options, what is advised, the options then
    "csv": (
        "a.csv", f'image,caption\n1.jpg,"{RED}"\n2.jpg,"a red" car on a street\n',
        ["--source", "csv"], "--set data.source.quoted=false",
    ),
    "grouped": (
        "a.jsonl", [("1.jpg", RED, "a"), ("2.jpg", MAN, "b"), ("1.jpg", MAN, "c")],
        ["--source", "jsonl", "--set", "data.source.grouped=true"],
        "--set data.source.grouped=false",
    ),
    "ids": (
        "a.jsonl", [("1.jpg", RED, "a"), ("2.jpg", MAN, "a")],
        ["--source", "jsonl", "--set", "data.source.id_column=id"],
        "--set data.source.id_column=null",
    ),
}  # fmt: skip


def run(*arguments: str | Path) -> None:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    if result.exception is not None:
        raise result.exception


def written(root: Path, name: str, content: str | list[tuple[str, str, str]]) -> Path:
    root.mkdir(exist_ok=True)
    if not isinstance(content, str):
        keys = ("image", "caption", "id")
        content = "".join(json.dumps(dict(zip(keys, r, strict=True))) + "\n" for r in content)
    (root / name).write_text(content)
    return root


def built(root: Path, out: Path, *options: str) -> Path:
    run("build", "--root", root, "--out", out, "--workers", "1", "--quiet", *options)
    return out


@pytest.mark.parametrize("name", CASES)
def test_an_option_of_a_source_that_is_advised(tmp_path: Path, name: str) -> None:
    file, content, options, advised = CASES[name]
    root = written(tmp_path / "in", file, content)
    with pytest.raises(UsageError) as caught:
        built(root, tmp_path / "out", *options)
    assert advised in str(caught.value)
    with pytest.raises(UsageError, match="--resume never drops this one, which is unfinished"):
        built(root, tmp_path / "out", *options, *advised.split())
    out = built(root, tmp_path / "out", *options, *advised.split(), "--resume", "never")
    assert read_manifest(out).num_rows() >= 2
    with pytest.raises(UsageError, match=r"ask for the same again, or choose another folder$"):
        built(root, out, *options, *advised.split(), "--seed", "5")
    built(root, out, *options, *advised.split())


@pytest.mark.parametrize(
    ("source", "name", "content"),
    [
        ("flickr8k", "captions.txt", 'image,caption\n1.jpg,"a "red" car on a street"\n'),
        ("import", "neg.tsv", 'title\tfilepath\tneg_caption\n"a" red car\t1.jpg\t[]\n'),
    ],
)
def test_an_option_is_advised_only_where_there_is_one(
    tmp_path: Path, source: str, name: str, content: str
) -> None:
    root = written(tmp_path / "in", name, content)
    reading = {
        "import": ["import", root / name, tmp_path / "out", "--format", "negclip-tsv"],
        "flickr8k": ["build", "--source", source, "--root", root, "--out", tmp_path / "out"],
    }
    with pytest.raises(UsageError, match=r"; mend the row$"):
        run(*reading[source])


def test_a_build_whose_model_weighs_others_is_made_as_advised(tmp_path: Path) -> None:
    root = written(tmp_path / "in", "a.jsonl", [(f"{n}.jpg", RED, str(n)) for n in range(9)])
    source = ("--source", "jsonl")
    other = built(root, tmp_path / "other", *source, "--preset", "fsc-clip")
    with pytest.raises(UsageError, match="keep it, as `--preset natural` does"):
        built(root, tmp_path / "a", *source, "--fluency-from", str(other))
    model = built(root, tmp_path / "model", *source, "--preset", "natural")
    built(root, tmp_path / "b", *source, "--fluency-from", str(model))


def test_what_is_no_finished_folder_is_told_by_what_it_is(tmp_path: Path) -> None:
    root = written(tmp_path / "in", "a.jsonl", [("1.jpg", RED, "a"), ("2.jpg", MAN, "a")])
    grouped = ("--source", "jsonl", "--set", "data.source.id_column=id")
    with pytest.raises(UsageError):
        built(root, tmp_path / "half", *grouped)
    for place, said in (
        ("hafl", "no such file or folder; did you mean 'half'"),
        ("in", "no finished build; found a.jsonl; name the folder of one"),
        ("in/a.jsonl", "no finished build; found a file; name the folder of one"),
        ("half", "no finished build; run the command that began it again"),
    ):
        with pytest.raises(UsageError) as caught:
            run("stats", tmp_path / place)
        assert said in str(caught.value)


def test_karpathys_images_may_come_back(tmp_path: Path) -> None:
    images = [
        {"filename": name, "split": "train", "sentences": [{"raw": text}]}
        for name, text in (("1.jpg", RED), ("2.jpg", MAN), ("1.jpg", "A red car on a street."))
    ]
    content = json.dumps({"images": images, "dataset": "coco"})
    root = written(tmp_path / "in", "dataset_coco.json", content)
    out = built(root, tmp_path / "out", "--source", "karpathy")
    assert read_manifest(out).num_rows() == 3


@pytest.mark.parametrize(
    ("mode", "packing"), [("w:gz", "gzip"), ("w:bz2", "bzip2"), ("w:xz", "xz")]
)
def test_a_packed_tar_is_to_be_unpacked(tmp_path: Path, mode: str, packing: str) -> None:
    root = written(tmp_path / "in", "1.txt", RED)
    (root / "1.jpg").write_bytes(b"picture")
    with tarfile.open(root / "a.tar", mode) as tar:  # type: ignore[call-overload]
        tar.add(root / "1.txt", "1.txt")
        tar.add(root / "1.jpg", "1.jpg")
    with pytest.raises(UsageError, match=f"found: one compressed by {packing}; unpack it"):
        built(root, tmp_path / "out", "--source", "webdataset")
    with tarfile.open(root / "a.tar") as tar:
        members = [(info, tar.extractfile(info).read()) for info in tar]  # type: ignore[union-attr]
    (root / "a.tar").unlink()
    with tarfile.open(root / "a.tar", "w") as tar:
        for info, _ in members:
            tar.add(root / info.name, info.name)
    built(root, tmp_path / "out", "--source", "webdataset", "--resume", "never")
