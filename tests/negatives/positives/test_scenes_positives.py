"""Positives on `scenes` are judged by the truth of their scene, the command by its options."""

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from data.errors import UsageError
from data.manifest import problems_of, read_all_rows, read_manifest
from data.scenes import truth
from data.sources.scenes import Scenes
from negatives import rephrase
from negatives.building import build
from negatives.cli import cli
from negatives.config import build_config
from negatives.folders.filtering import FilterOptions, filter_folder
from negatives.folders.merging import merge_folders
from negatives.negation.clauses import denies, of_rule
from negatives.positives import DEFAULTS, POSITIVE_RULES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("positives") / "out"
    sections = {
        "data": {"source": {"name": "scenes"}, "limit": 700},
        "negatives": {"positives": [*DEFAULTS, "absence"], "rewrite_negatives": True},
    }
    build(build_config(sections), out=out)
    return out


def test_positives_are_true_of_their_scenes(folder: Path) -> None:
    scenes = Scenes()
    verdicts: Counter[bool | None] = Counter()
    false: list[str] = []
    for row in read_all_rows(folder, read_manifest(folder)):
        for positive in row.positives:
            verdict = truth(scenes.scene_of(row.image), positive.text)
            verdicts[verdict] += 1
            if verdict is False:
                false.append(f"{positive.rule}: {row.caption!r} -> {positive.text!r}")
    judged = verdicts[True] + verdicts[False]
    assert judged > 200
    assert len(false) <= 0.005 * judged, "\n".join(false)
    assert verdicts[None] <= 0.02 * judged
    assert read_manifest(folder).tallies["positives_by_rule"]["absence"] > 200


def test_false_clauses_stand_beside_true_ones(folder: Path) -> None:
    scenes = Scenes()
    verdicts: Counter[tuple[str, bool | None]] = Counter()
    for row in read_all_rows(folder, read_manifest(folder)):
        true, false = (of_rule(edited) for edited in (row.positives, row.negatives))
        assert [denies(each) for each in true] == [denies(each) for each in false]
        for each in false:
            verdicts[each.type, truth(scenes.scene_of(row.image), each.text)] += 1
        if true:
            things = [each.text.rpartition(" ")[2] for each in (*true, *false)]
            assert (things[0], things[1]) == (things[3], things[2]), "each is denied and affirmed"
    assert verdicts["negate", False] == verdicts["add", False] > 50
    assert verdicts["negate", True] == verdicts["add", True] == 0


def test_what_is_rewritten_is_a_negative_and_false(folder: Path) -> None:
    scenes = Scenes()
    verdicts: Counter[bool | None] = Counter()
    for row in read_all_rows(folder, read_manifest(folder)):
        turned = {each.rule for each in row.positives if each.type == "rewrite"}
        again = [each for each in row.negatives if each.type == "rewrite"]
        assert {each.rule for each in again} <= turned, "the caption is rewritten by the same rule"
        for each in again:
            verdicts[truth(scenes.scene_of(row.image), each.text)] += 1
            assert each.edit.apply(row.caption) == each.text
    assert verdicts[False] > 20
    assert not verdicts[True]


def test_filters_keep_true_and_false_clauses_together(folder: Path, tmp_path: Path) -> None:
    options = FilterOptions(no_positives=True)
    manifest, dropped = filter_folder(folder, tmp_path / "less", options=options)
    num_false = dropped["negatives: clauses, of which others were dropped"]
    before = read_manifest(folder).tallies
    kinds = before["negatives_by_type"].items()
    num_rewritten = sum(num for kind, num in kinds if kind.startswith("rewrite/"))
    assert num_false == before["negatives_by_rule"]["absence"] + num_rewritten
    assert "absence" not in manifest.tallies["negatives_by_rule"]
    assert not any(kind.startswith("rewrite/") for kind in manifest.tallies["negatives_by_type"])


def test_absence_needs_a_source_that_knows_it(tmp_path: Path) -> None:
    captions = tmp_path / "captions.jsonl"
    captions.write_text('{"caption": "A dog.", "image": "1.jpg"}\n')
    sections = {
        "data": {"source": {"name": "jsonl", "root": str(captions)}},
        "negatives": {"positives": ["absence"]},
    }
    with pytest.raises(UsageError, match="absence needs a source that knows"):
        build(build_config(sections), out=tmp_path / "out")


def test_the_commands_show_and_drop_positives(folder: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    shown = run(cli, ["inspect", str(folder), "--positives", "--sample", "3", "--json"])
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    assert {line["rule"] for line in lines} <= POSITIVE_RULES.keys()
    assert len(lines) == 3
    assert "positives (" in run(cli, ["stats", str(folder)]).stdout
    manifest, dropped = filter_folder(
        folder, tmp_path / "less", options=FilterOptions(no_positives=True)
    )
    assert dropped["positives"] == sum(read_manifest(folder).tallies["positives_by_type"].values())
    assert manifest.tallies["positives_by_type"] == {}
    merged, _ = merge_folders([tmp_path / "less", folder], tmp_path / "both")
    assert merged.tallies["positives_by_type"] == read_manifest(folder).tallies["positives_by_type"]
    assert list(problems_of(tmp_path / "both", merged)) == []


def test_positives_of_texts() -> None:
    text = "A man and a woman sitting on a couch."
    found = {positive.text: positive.rule for positive in rephrase(text)}
    assert found["A man and a woman sitting on a sofa."] == "synonym"
    ((again, alone),) = rephrase([text], rules=["synonym"])
    assert again == text
    assert [positive.rule for positive in alone] == ["synonym"]
    with pytest.raises(UsageError, match="no rule of positives is named 'synonyms'"):
        rephrase(text, rules=["synonyms"])


def test_preview_lists_positives() -> None:
    arguments = ["preview", "A dog in a park.", "--rule", "swap", "--positives", "--json"]
    content = json.loads(CliRunner().invoke(cli, arguments).stdout)
    assert {each["rule"] for each in content["positives"]} == {"clause", "existence"}
