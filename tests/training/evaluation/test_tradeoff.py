import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from data.errors import UsageError
from training.evaluation.results import Results
from training.evaluation.tradeoff import tradeoff

SVG = "{http://www.w3.org/2000/svg}"


def run(
    weights: str, across: float, up: float, *, alpha: float | None = None, digest: str = ""
) -> Results:
    return Results(
        model="m", weights=weights, digest=digest or f"{weights} {alpha}", alpha=alpha,
        summary={"ZS": across, "Comp": up},
    )  # fmt: skip


def drawn(*results: Results) -> ET.Element:
    return ET.fromstring(tradeoff(results, across="ZS", up="Comp"))  # noqa: S314 - our own


def numbers(text: str) -> tuple[float, ...]:
    return tuple(map(float, re.findall(r"[\d.]+", text)))


def places(root: ET.Element) -> dict[str, tuple[float, ...]]:
    """Return where each point is, by its label."""
    found = {}
    for spot in root.iterfind(f"{SVG}g[@class='spot']"):
        (title,), (path,) = spot.iter(f"{SVG}title"), spot.iter(f"{SVG}path")
        found[str(title.text).rpartition(":")[0]] = numbers(path.attrib["transform"])
    return found


def lines(root: ET.Element) -> list[list[tuple[float, ...]]]:
    """Return the points of each line."""
    paths = root.iterfind(f"{SVG}g[@class='curve']/{SVG}path")
    return [[numbers(point) for point in path.attrib["d"].split("L")] for path in paths]


def test_right_is_more_and_up_is_more() -> None:
    found = places(drawn(run("a", 0.5, 0.4), run("b", 0.6, 0.4), run("c", 0.5, 0.45)))
    assert found["b"][0] > found["a"][0]
    assert found["b"][1] == found["a"][1]
    assert found["c"][1] < found["a"][1]  # the image's y grows downwards
    assert found["c"][0] == found["a"][0]


def test_points_stand_where_the_ticks_say() -> None:
    root = drawn(run("a", 0.50, 0.40), run("b", 0.56, 0.46))
    ticks = {
        float(str(text.text)): float(text.attrib["x"])
        for text in root.iter(f"{SVG}text")
        if text.attrib["text-anchor"] == "middle" and str(text.text).isdecimal()
    }
    assert list(ticks) == [50, 51, 52, 53, 54, 55, 56]
    found = places(root)
    assert found["a"][0] == pytest.approx(ticks[50], abs=0.1)
    assert found["b"][0] == pytest.approx(ticks[56], abs=0.1)


def test_alphas_of_a_run_are_joined_in_order() -> None:
    sweep = [run("run", 0.6 - a / 10, 0.4 + a / 10, alpha=a) for a in (1.0, 0.0, 0.5)]
    root = drawn(*sweep, run("other", 0.5, 0.5))
    (line,) = lines(root)
    found = places(root)
    assert line == [found[f"run a={alpha}"] for alpha in ("0", "0.5", "1")]
    assert len(found) == 4


def test_runs_that_are_called_alike_are_not_joined() -> None:
    root = drawn(run("run", 0.5, 0.4, digest="x"), run("run", 0.6, 0.4, digest="y"))
    assert lines(root) == []
    assert len(root.findall(f"{SVG}g[@class='spot']")) == 2


@pytest.mark.parametrize(
    "values",
    [[(0.0, 0.0)], [(1.0, 1.0)], [(0.5, 0.5), (0.5, 0.5)], [(0.0, 1.0), (1.0, 0.0)],
     [(0.5001, 0.3), (0.5002, 0.9)]],
)  # fmt: skip
def test_all_is_within_the_image(values: list[tuple[float, float]]) -> None:
    runs = [run(f"a run with a long name {n}", x, y) for n, (x, y) in enumerate(values)]
    root = drawn(*runs)
    width, height = (float(side) for side in root.attrib["viewBox"].split()[2:])
    for x, y in places(root).values():
        assert 0 < x < width
        assert 0 < y < height
    for text in root.iter(f"{SVG}text"):
        if "a run" in str(text.text):
            x, long = float(text.attrib["x"]), 7 * len(str(text.text))
            end = x + long if text.attrib["text-anchor"] == "start" else x - long
            assert 0 < end < width


def test_names_are_text() -> None:
    root = drawn(run("<b> & 'c'", 0.5, 0.4))
    assert list(places(root)) == ["<b> & 'c'"]


def test_a_figure_that_a_run_lacks_is_refused() -> None:
    with pytest.raises(
        UsageError,
        match="no figure 'Com' in its summary; name others with -x and -y; did you mean 'Comp'",
    ):
        tradeoff([run("a", 0.5, 0.4)], across="ZS", up="Com")


def test_the_image_is_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text(tradeoff([run("a", 0.5, 0.4)], across="ZS", up="Comp"), "utf-8")
    assert ET.parse(path).getroot().tag == f"{SVG}svg"  # noqa: S314 - our own
