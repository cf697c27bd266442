"""The Python in README and docs/ runs as it stands; README is short, and repeats its pages."""

import re
import sys
from pathlib import Path

import datasets
import pytest
from click.testing import CliRunner

from data.manifest import read_manifest
from data.shard_folder import open_shards
from negatives.cli import cli
from tests.documents import PAGES, ROOT, blocks, commands, page, section_of
from training.evaluation.benchmarks import BENCHMARKS, BUILT_IN
from training.presets import PRESETS


def test_the_blocks_of_python_run_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (first,) = blocks(page("README.md"), "python")
    assert len([line for line in first.splitlines() if line.strip()]) <= 10
    pages = ("docs/python.md", "docs/shards.md")
    found = [first, *(block for name in pages for block in blocks(page(name), "python"))]
    assert len(found) == 5
    names: dict[str, object] = {"__name__": "__main__"}
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    for block in found:
        shards = len(list((tmp_path / "out/data").glob("train-*")))
        code = block.replace("of-00012", f"of-{shards:05}")
        exec(compile(code, "docs", "exec"), names)  # noqa: S102 - our own
        assert capsys.readouterr().out.strip() or "datasets.Dataset.from_file" in code
    assert (tmp_path / "out/manifest.json").is_file()
    assert (tmp_path / "report.html").is_file()


def test_the_examples_of_extending_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    num_run = 0
    for block in blocks(page("docs/extending.md"), "python"):
        file = re.match(r"# (my_\w+)\.py\n", block)
        if file:
            (tmp_path / f"{file[1]}.py").write_text(block)
        else:
            exec(compile(block, "extending.md", "exec"), {"__name__": "__main__"})  # noqa: S102
            num_run += 1
    assert num_run == 5
    for name in [name for name in sys.modules if name.startswith("my_")]:
        monkeypatch.delitem(sys.modules, name)


def test_the_tutorial_goes_from_csv_to_the_files_of_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (sample,) = (block for block in blocks(page("docs/tutorial.md"), "text"))
    colours = ("red", "blue", "green", "black", "white", "yellow")
    rows = [
        f"{number:04}.jpg,A {colours[number % 6]} dog next to a {colours[number % 5]} car.\n"
        for number in range(4, 60)
    ]
    (tmp_path / "captions.csv").write_text(sample + "".join(rows))
    (tmp_path / "larger").symlink_to("out")  # a larger build is not needed here
    done: list[str] = []
    for block in blocks(page("docs/tutorial.md"), "sh"):
        for name, *words in commands(block):
            if name != "negatives" or "--revision" in words:  # that one is sent
                continue
            ran = CliRunner().invoke(cli, words)
            assert ran.exit_code == 0, (words, ran.output, ran.exception)
            done.append(words[0])
    assert done == [
        "sources", "preview", "build", "build", "stats", "inspect", "verify", "audit", "publish",
    ]  # fmt: skip
    assert read_manifest(tmp_path / "out").num_rows() == 59
    assert "CC-BY-4.0" in (tmp_path / "files/README.md").read_text()


def test_composites_are_made_and_merged_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["--set", "data.source.num_images=40"]
    for block in blocks(page("docs/composites.md"), "sh"):
        for name, *words in commands(block):
            if name == "negatives":
                own = small if words[0] == "build" else []
                ran = CliRunner().invoke(cli, [*words, *own])
                assert ran.exit_code == 0, (words, ran.output, ran.exception)
    assert {row.layout for row in open_shards("both")} == {"single", "left-right", "top-bottom"}


def test_readme_prints_what_preview_prints() -> None:
    text = section_of("README.md", "A caption and its negatives")
    ((_, *words),) = commands(blocks(text, "sh")[0])
    (printed,) = blocks(text, "text")
    ran = CliRunner().invoke(cli, words)
    assert [line.rstrip() for line in ran.stdout.strip().splitlines()] == printed.splitlines()


def test_readme_is_short_and_its_figures_are_those_of_the_pages() -> None:
    readme = page("README.md")
    assert len(readme.splitlines()) < 150
    rows = [
        line for line in section_of("README.md", "Results").splitlines() if line.startswith("|")
    ]
    pages = "\n".join(page(name) for name in PAGES if name != "README.md").splitlines()
    assert len(rows) == 14
    assert [row for row in rows if row not in pages] == []


def test_the_site_has_every_page() -> None:
    named = set(re.findall(r"[\w/]+\.md", page("mkdocs.yml")))
    assert named == {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("name", [*PAGES, "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_between_the_pages_lead_somewhere(name: str) -> None:
    text = re.sub(r"```.*?```", "", page(name), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, place = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), target
        if place:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert place in map(anchor, headings), target


def test_readme_counts_what_there_is() -> None:
    text = " ".join(page("README.md").split())
    assert f"with {len(PRESETS)} presets after published methods" in text
    assert f"on {len(BENCHMARKS) + len(BUILT_IN)} benchmarks" in text
