"""Plots as SVG, drawn by matplotlib, which only this module imports.

Equal numbers give equal bytes under the same version of matplotlib. Plots are made for pages:
colours are the page's variables (`data.tones`), so that they follow light and dark mode; text stays
text, in the page's font; there are no scripts, addresses or style attributes, which a page's
content policy would block. Sizes are in pixels.
"""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from data.tones import SERIES, TONES, css_for_dark

TEXT_PX: Final = 12
_DPI: Final = 72  # makes a point, matplotlib's unit in an SVG, one pixel
_LINE_HEIGHT: Final = 14
_STAND_INS: Final = {name: f"#{number:06x}" for number, name in enumerate(TONES, start=1)}
_TONE_OF: Final = {colour: name for name, colour in _STAND_INS.items()}
_NO_METADATA: Final = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_SVG: Final = "{http://www.w3.org/2000/svg}"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
Tips = Mapping[str, str]


class Svg(str):
    """An SVG element for a page; templates do not escape it."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return the markup; templates call this to skip escaping."""
        return self


class Line(NamedTuple):
    """A line of a chart; `names` label its points, "" for none.

    `name` labels the end of the line. `tips` are the tooltips of the points.
    """

    name: str
    points: Sequence[tuple[float, float]]
    names: Sequence[str] = ()
    tips: Sequence[str] = ()


class Drawing(NamedTuple):
    """A figure with one pair of axes, both matplotlib's."""

    figure: Figure
    axes: Axes

    def svg(self, *, kind: str, title: str = "", tips: Tips | None = None) -> Svg:
        """Return the drawing; without a title it is hidden from screen readers.

        `kind`: its CSS classes. A gid that begins with a dot becomes the class of its group;
        `tips`: tooltips by gid. All colours must be tones.
        """
        file = io.BytesIO()
        self.figure.savefig(file, format="svg", transparent=True, metadata=_NO_METADATA)
        drawn = ET.fromstring(file.getvalue())  # noqa: S314 - our own drawing
        attributes = {"aria-hidden": "true"} if not title else {"role": "img"}
        root = ET.Element("svg", {"class": kind, "viewBox": drawn.attrib["viewBox"], **attributes})
        if title:
            ET.SubElement(root, "title").text = _printable(title)
        markers = {found.get("id", ""): found for found in drawn.iterfind(f".//{_SVG}defs/*")}
        root.extend(_visible_elements(drawn, markers, tips or {}))
        return Svg(ET.tostring(root, encoding="unicode"))


def tone(name: str) -> str:
    """Return matplotlib's stand-in colour for a tone, such as "ink" or "accent"."""
    return _STAND_INS[name]


@contextmanager
def canvas(
    width: int, height: int, *, margins: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> Iterator[Drawing]:
    """Open a figure to be drawn and exported within the block.

    The user's matplotlibrc and settings made by other code are ignored. `margins`: space around the
    axes at the top, right, bottom and left.
    """
    top, right, bottom, left = margins
    inner = (width - left - right) / width, (height - top - bottom) / height
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # the page's font has other metrics
        mpl.rcdefaults()
        mpl.rc("figure", dpi=_DPI)
        mpl.rc("font", size=TEXT_PX)
        mpl.rc("svg", fonttype="none", hashsalt="plots")  # text stays text, ids stay the same
        mpl.rc("text", parse_math=False)  # a dollar sign in a name is not mathematics
        figure = Figure(figsize=(width / _DPI, height / _DPI))
        axes = figure.add_axes((left / width, bottom / height, *inner))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, pad=6, labelcolor=tone("muted"))
        yield Drawing(figure, axes)


def round_ticks(low: float, high: float, *, most: int, whole: bool = False) -> tuple[float, ...]:
    """Return round numbers from `low` or below to `high` or above, in about `most` steps."""
    padding = 0.0 if low < high else 0.05 * (abs(low) or 1)
    ticks = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], integer=whole).tick_values(
        low - padding, high + padding
    )
    return tuple(float(tick) for tick in ticks)


def line_chart(  # noqa: PLR0913 - lines, what is behind them, and what all of it is called
    title: str,
    lines: Sequence[Line],
    *,
    across: str,
    up: str,
    height: int = 300,
    cloud: Line | None = None,
) -> Svg:
    """Return a chart of one line or several; `across` and `up` name its axes.

    `cloud`: points in grey behind the lines, not joined; their tips alone say what they are.
    """
    behind = cloud or Line("", ())
    points = [point for line in [*lines, behind] for point in line.points]
    right = 90 if any(line.name for line in lines) else 24  # room for the names at the ends
    with canvas(640, height, margins=(20, right, 48, 64)) as drawing:
        axes = drawing.axes
        _frame(axes, points, across=across, up=up)
        tips = _draw_cloud(axes, behind)
        for number, line in enumerate(lines):
            tips |= _draw_line(axes, line, number)
        _name_ends(axes, lines)
        return drawing.svg(kind="chart", title=title, tips=tips)


def as_file(svg: Svg) -> str:
    """Return a chart as a standalone SVG file, with plain colours."""
    root = ET.fromstring(svg)  # noqa: S314 - our own drawing
    root.attrib |= {"xmlns": _SVG.strip("{}"), "font-family": "system-ui, sans-serif"}
    style = ET.Element("style")
    style.text = css_for_dark()
    ground = ET.Element("rect", {"width": "100%", "height": "100%", "fill": "var(--card)"})
    root[1:1] = [style, ground]
    for element in root.iter():
        for part in ("fill", "stroke"):
            name = element.get(part, "").removeprefix("var(--").removesuffix(")")
            if name in TONES:
                element.set(part, TONES[name].light)
    return ET.tostring(root, encoding="unicode") + "\n"


def _frame(axes: Axes, points: Sequence[tuple[float, float]], *, across: str, up: str) -> None:
    """Set the limits to round numbers around the points, with a grid and labels for both axes."""
    for axis, values in zip((axes.xaxis, axes.yaxis), zip(*points, strict=True), strict=True):
        ticks = round_ticks(round(min(values), 9), round(max(values), 9), most=6)
        axis.set_ticks(ticks, [f"{tick:,g}" for tick in ticks])
    axes.set_xlim(*axes.get_xticks()[[0, -1]])
    axes.set_ylim(*axes.get_yticks()[[0, -1]])
    axes.grid(color=tone("line"), linewidth=1)
    axes.set_xlabel(_printable(across), color=tone("ink"))
    axes.set_ylabel(_printable(up), color=tone("ink"), rotation_mode="anchor")


def _draw_cloud(axes: Axes, cloud: Line) -> dict[str, str]:
    """Draw points that stand behind all others; return their tips by gid."""
    tips = {f".cloud {number}": tip for number, tip in enumerate(cloud.tips)}
    for point, gid in zip(cloud.points, tips, strict=True):
        axes.scatter(*point, s=18, color=tone("muted"), alpha=0.4, linewidths=0, gid=gid, zorder=2)
    return tips


def _draw_line(axes: Axes, line: Line, number: int) -> dict[str, str]:
    """Draw a line, its named points and their names; return the tooltips of its points by gid."""
    colour = tone(SERIES[number % len(SERIES)])
    xs, ys = [x for x, _ in line.points], [y for _, y in line.points]
    if len(line.points) > 1:
        axes.plot(xs, ys, color=colour, linewidth=2, clip_on=False, gid=".curve")
    tips = {}
    for index, (point, name) in enumerate(zip(line.points, line.names, strict=False)):
        gid = f".spot {number}-{index}"
        tips[gid] = line.tips[index] if line.tips else name
        axes.scatter(*point, s=64, color=colour, linewidths=0, clip_on=False, gid=gid, zorder=3)
        is_left = axes.transAxes.inverted().transform(axes.transData.transform(point))[0] < 0.5
        axes.annotate(
            _printable(name),
            point,
            (8 if is_left else -8, 8),
            textcoords="offset points",
            ha="left" if is_left else "right",
            color=colour,
            weight="bold",
        )
    return tips


def _name_ends(axes: Axes, lines: Sequence[Line]) -> None:
    """Write the lines' names at their ends, in order and without overlap."""
    named = [(line, tone(SERIES[n % len(SERIES)])) for n, line in enumerate(lines) if line.name]
    ends = [axes.transData.transform(line.points[-1]) for line, _ in named]
    order = sorted(range(len(named)), key=lambda index: ends[index][1])
    for below, above in pairwise(order):
        ends[above][1] = max(ends[above][1], ends[below][1] + _LINE_HEIGHT)
    for (line, colour), (x, y) in zip(named, ends, strict=True):
        axes.annotate(
            _printable(line.name),
            (x + 6, y - 4),
            xycoords="figure pixels",
            color=colour,
            weight="bold",
            annotation_clip=False,
        )


def _visible_elements(
    drawn: ET.Element, markers: Mapping[str, ET.Element], tips: Tips
) -> list[ET.Element]:
    """Return the visible parts of matplotlib's elements, as plain elements."""
    visible = []
    for child in drawn:
        name, identity = child.tag.removeprefix(_SVG), child.get("id", "")
        given = _attributes(child)
        if name in {"defs", "metadata"} or (given.get("fill") == "none" and "stroke" not in given):
            continue
        if name == "use":
            name, given = "path", _marker(given, markers)
        if identity.startswith("."):
            given["class"] = identity.removeprefix(".").partition(" ")[0]
        made = ET.Element(name, given)
        made.text = (child.text or "").strip() or None
        if identity in tips:
            ET.SubElement(made, "title").text = _printable(tips[identity])
        made.extend(_visible_elements(child, markers, tips))
        visible += (
            list(made) if made.keys() == [] else [made]
        )  # a group without a class is redundant
    return visible


def _marker(use: Mapping[str, str], markers: Mapping[str, ET.Element]) -> dict[str, str]:
    """Return the attributes of a marker drawn in place instead of referenced."""
    own = {key: value for key, value in use.items() if key not in {"x", "y", _HREF}}
    shift = {"transform": f"translate({use['x']} {use['y']})"}
    return {**own, **_attributes(markers[use[_HREF].removeprefix("#")]), **shift}


def _attributes(element: ET.Element) -> dict[str, str]:
    """Return an element's attributes and those of its style, with tones for stand-ins."""
    entries = (entry.partition(":") for entry in element.get("style", "").split(";") if entry)
    style = {key.strip(): value for key, _, value in entries}
    given = {
        key: " ".join(value.split())
        for key, value in {**element.attrib, **style}.items()
        if key not in {"id", "style", "clip-path", "font-family"}  # the font is the page's
    }
    for part in ("fill", "stroke"):
        if given.get(part, "none") != "none":
            given[part] = f"var(--{_TONE_OF[given[part]]})"
    return given


def _printable(text: str) -> str:
    """Return a name on one line, without characters that XML forbids."""
    return "".join(character if character.isprintable() else " " for character in text)
