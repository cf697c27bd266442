"""Plots: the same each time, text as text, nothing that a page would refuse or fetch."""

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from data.plots import Line, as_file, canvas, line_chart, round_ticks, tone
from data.tones import SERIES, TONES

SVG = "{http://www.w3.org/2000/svg}"
LINES = (
    Line("a<b", [(0, 1.0), (10, 0.5), (20, 0.25)]),
    Line("", [(5, 2.0), (7, 1.0)], ["x&y", "$z$"], ['one "tip"', "another"]),
)


def draw_chart(*lines: Line) -> ET.Element:
    return ET.fromstring(line_chart("t", lines, across="step", up="loss"))  # noqa: S314 - our own


def test_names_are_text() -> None:
    root = draw_chart(*LINES)
    texts = [element.text for element in root.iter("text")]
    assert {"a<b", "x&y", "$z$", "step", "loss", "0", "20"} <= set(texts)
    assert [t.text for t in root.iter("title")] == ["t", 'one "tip"', "another"]
    assert len(root.findall("g[@class='curve']")) == 2


NAMES = [
    "<script>alert(1)</script>",
    "a\x00\x0bb",
    "两只狗",
    "🐕",
    "two\nlines",
    "שלום",
    "$",
    r"\frac",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_can_be_drawn(name: str) -> None:
    chart = line_chart(name, [Line(name, [(0, 1), (1, 2)], [name])], across=name, up=name)
    texts = [e.text for e in ET.fromstring(chart).iter("text")]  # noqa: S314 - our own
    assert texts.count("".join(c if c.isprintable() else " " for c in name)) == 4


def test_nothing_in_it_is_refused_or_fetched_by_a_page() -> None:
    chart = line_chart("t", LINES, across="x", up="y")
    assert not re.search(r"https?:|url\(|href|style|<script|\bid=|<!|<\?", chart)
    colours = set(re.findall(r'(?:fill|stroke)="([^"]*)"', chart))
    tones = {f"var(--{name})" for name in TONES}
    assert {"var(--accent)", "var(--good)", "var(--ink)"} <= colours <= {"none", *tones}


def test_a_colour_that_is_no_tone_is_a_bug() -> None:
    with canvas(20, 20) as drawing:
        drawing.axes.scatter([0], [0], color="red")
        with pytest.raises(KeyError):
            drawing.svg(kind="x")


def test_without_a_title_it_is_hidden_from_screen_readers() -> None:
    with canvas(20, 20) as drawing:
        drawing.axes.scatter([0], [0], color=tone("ink"))
        root = ET.fromstring(drawing.svg(kind="small"))  # noqa: S314 - our own
    assert root.attrib == {"class": "small", "viewBox": "0 0 20 20", "aria-hidden": "true"}
    assert draw_chart(*LINES).get("role") == "img"


def test_equal_numbers_are_equal_bytes_whatever_the_user_has_set(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 30\naxes.grid: True\nsvg.fonttype: path\n")
    code = (
        "import matplotlib, sys; matplotlib.rcParams['lines.linewidth'] = 9;"
        "from tests.data.test_plots import LINES; from data.plots import line_chart;"
        "sys.stdout.write(line_chart('t', LINES, across='x', up='y'));"
        "assert matplotlib.rcParams['lines.linewidth'] == 9"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True,
        env={"MPLCONFIGDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert run.stdout.decode() == line_chart("t", LINES, across="x", up="y")


def test_names_at_the_ends_of_lines_stand_apart() -> None:
    names = ("one", "two", "three")
    root = draw_chart(*(Line(name, [(0, 1.0), (1, 0.5)]) for name in names))
    heights = sorted(float(t.get("y", "")) for t in root.iter("text") if t.text in names)
    assert all(below - above >= 13.9 for above, below in pairwise(heights))


def test_lines_differ_in_colour() -> None:
    root = draw_chart(*(Line("", [(0, n), (1, n)]) for n in range(len(SERIES))))
    assert len({path.get("stroke") for path in root.iterfind("g[@class='curve']/path")}) == 7


@pytest.mark.parametrize("points", [[(0, 3.0), (0, 3.0)], [(0, 0.0), (1, 0.0)], [(1, -2.0)]])
def test_a_chart_of_one_value_has_room(points: list[tuple[float, float]]) -> None:
    chart = line_chart("t", [Line("", points, ["a"])], across="x", up="y")
    assert "nan" not in chart
    (spot,) = re.findall(r"translate\(([\d.]+) ([\d.]+)\)", chart)
    assert 0 < float(spot[0]) < 640
    assert 0 < float(spot[1]) < 300


@pytest.mark.parametrize(
    ("low", "high", "most", "ends"),
    [(0, 3.6, 4, (0, 4)), (-3, 9, 4, (-5, 10)), (0, 160, 4, (0, 200)), (50, 56, 6, (50, 56))],
)
def test_ticks_are_round_and_hold_all(
    low: float, high: float, most: int, ends: tuple[float, float]
) -> None:
    ticks = round_ticks(low, high, most=most)
    assert (ticks[0], ticks[-1]) == ends
    assert len(ticks) <= most + 1
    whole = round_ticks(0, 3, most=10, whole=True)
    assert whole == (0, 1, 2, 3)


def test_a_file_has_colours_of_its_own_for_light_and_for_dark() -> None:
    file = as_file(line_chart("t", LINES, across="x", up="y"))
    root = ET.fromstring(file)  # noqa: S314 - our own
    assert root.tag == f"{SVG}svg"
    assert "var(" not in file
    assert [child.tag.removeprefix(SVG) for child in root][:3] == ["title", "style", "rect"]
    assert root.findall(f"{SVG}rect")[0].get("fill") == TONES["card"].light
    assert f'[fill="{TONES["card"].light}"]{{fill:{TONES["card"].dark}}}' in file
