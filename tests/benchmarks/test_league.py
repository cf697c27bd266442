"""The league reads each layout, audits once, and its page shows what its file says."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.league import main
from benchmarks.league_page import league_page
from benchmarks.league_page import main as write_page
from benchmarks.league_sets import SETS, Record, cola, fg_ovd, valse
from benchmarks.league_tables import (
    League,
    Line,
    chart_of,
    content_table,
    league_in,
    leak_table,
    missing_of,
)
from data.errors import UsageError
from tests.documents import page

VALSE = {
    "a": {"image_file": "1.jpg", "caption": "A cat.", "foil": "A dog.", "mturk": {"caption": 3}},
    "b": {"image_file": "2.jpg", "caption": "A bus.", "foil": "A car.", "mturk": {"caption": 1}},
}
REGION = {"img_path": "1.jpg", "pos_expression": ["A cup."], "neg_expression": ["A jug.", "A can."]}
COLA = [["1.jpg", "a red cup and a blue jug", "2.jpg", "a blue cup and a red jug"]]


@pytest.mark.parametrize(
    ("read", "file", "content", "expected"),
    [
        (valse, "relations.json", json.dumps(VALSE), [("A cat.", ["A dog."], "replace/rel")]),
        (fg_ovd, "", json.dumps(REGION), [("A cup.", ["A jug.", "A can."], "replace/att")]),
        (cola, "", json.dumps(COLA), [
            (COLA[0][1], [COLA[0][3]], "swap/att"), (COLA[0][3], [COLA[0][1]], "swap/att")
        ]),
    ],
)  # fmt: skip
def test_layouts_become_lines_for_the_import(
    read: Callable[[Path], Iterator[Record]],
    file: str,
    content: str,
    expected: list[tuple[str, list[str], str]],
    tmp_path: Path,
) -> None:
    path = tmp_path / (file or "set.json")
    path.write_text(content)
    found = []
    for record in read(path.parent if file else path):
        negatives = record["negatives"]
        assert isinstance(negatives, list)
        kinds = {f"{each['type']}/{each['subtype']}" for each in negatives}
        found.append((record["caption"], [each["text"] for each in negatives], *kinds))
    assert found == expected


def test_a_league_of_what_is_there(tmp_path: Path) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    (root / "cola").mkdir(parents=True)
    (root / "sugar-crepe").mkdir()
    crepe = {
        str(number): {"filename": f"{number}.jpg", "caption": f"A {number}.", "negative_caption": t}
        for number, t in enumerate(["A cat.", "A cat.", "A 2."])
    }
    (root / "sugar-crepe/add_att.json").write_text(json.dumps(crepe))
    (root / "cola/COLA_multiobjects_matching_benchmark.json").write_text(json.dumps(COLA))
    arguments = [str(out), "--root", str(root), "--reference-model", "none"]
    ran = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert "COLA, two objects: 2 negatives" in ran.stderr
    league = league_in((out / "league.json").read_text())
    assert [(line.name, line.captions, line.negatives) for line in league.lines] == [
        ("COLA, two objects", 2, 2),
        ("SugarCrepe, add/att", 3, 2),
    ]
    assert len(league.missing) == len(SETS) - 2
    assert "| COLA, two objects | 2 | 2 |  | 1.000 ± 0.500 | 1.000 ± 0.500 |" in ran.stdout
    for audit in (out / "audits").iterdir():
        audit.write_text(audit.read_text().replace('"negatives": 2', '"negatives": 7'))
    again = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert again.stdout == ran.stdout.replace("| 2 |  |", "| 7 |  |")


def line(name: str, words: float | None, form: float | None) -> Line:
    def share(value: float | None) -> tuple[float | None, ...]:
        return (value, None if value is None else 0.1, None if value is None else 0.9)

    none = share(None)
    return Line(name, 9, 1200, 9, 0, share(words), share(form), none, none, none, none, none)


def test_the_least_guessable_set_comes_first() -> None:
    league = League(
        (line("a", 0.9, 0.5), line("b", 0.5, 0.4), line("c", None, None), line("d", 0.55, 0.5)),
        ("e",),
    )
    assert league_in(league.json()).ranked() == [
        league_in(league.json()).lines[place] for place in range(4)
    ]
    assert [each.name for each in league.ranked()] == ["d", "b", "a", "c"]
    assert "| d | 0.550 ± 0.400 | 0.500 ± 0.400 |  |" in leak_table(league)
    assert "| d | 9 | 1,200 |  |  |  |" in content_table(league)
    chart = chart_of(league)
    assert all(f">{name}<" in chart for name in ("a", "● words", "● language model", "0.1", "1"))


def test_the_page_shows_the_league_as_its_file_has_it() -> None:
    league = league_in(page("docs/league.json"))
    assert league_page(page("docs/league.md"), league) == page("docs/league.md")
    chart = page("docs/pictures/league.svg")
    assert all(f">{each.name}<" in chart for each in league.lines)
    for each in league.lines:
        for value, low, _ in (each.words, each.form, each.fluency, each.coverage, each.repeated):
            assert (value is None) == (low is None), f"{each.name}: a figure without its interval"


def test_a_run_is_put_into_the_pages(tmp_path: Path) -> None:
    docs, out = tmp_path / "docs", tmp_path / "out"
    docs.mkdir()
    out.mkdir()
    old = League((line("old", 0.9, 0.5),), ("e",))
    tables = f"{leak_table(old)}\n\nBetween.\n\n{content_table(old)}\n\n{missing_of(old)}\n"
    (docs / "league.md").write_text(f"# League\n\n{tables}After.\n")
    new = League((line("new", 0.6, 0.5), line("other", 0.5, 0.5)), ("f-g",) * 30)
    (out / "league.json").write_text(new.json())
    arguments = [str(out), "--docs", str(docs)]
    ran = CliRunner().invoke(write_page, arguments, catch_exceptions=False)
    assert "2 sets, 30 missing" in ran.stdout
    text = (docs / "league.md").read_text()
    assert "old" not in text
    assert leak_table(new) in text
    assert content_table(new) in text
    assert missing_of(new) in " ".join(text.split())
    assert text.endswith("f-g.\nAfter.\n")
    assert ">new<" in (docs / "pictures/league.svg").read_text()
    assert league_in((docs / "league.json").read_text()) == league_in(new.json())
    with pytest.raises(UsageError, match="expected one table with the heading"):
        league_page(text.replace("| set | words", "| sets | words"), new)
