"""Line charts as inline SVG: a curve over steps, or one figure against another."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from negatives.audit.markup import Html, element, joined
from negatives.audit.plots import round_step

_WIDTH: Final = 640
_HEIGHT: Final = 300
_LEFT: Final = 56
_RIGHT: Final = 90  # room for the names at the lines' ends
_TOP: Final = 16
_BOTTOM: Final = 44
_TICKS: Final = 5
_LINE_HEIGHT: Final = 14


class Line(NamedTuple):
    """Points, joined; `names` stand beside the points that have one."""

    name: str
    points: Sequence[tuple[float, float]]
    names: Sequence[str] = ()


class _Scale(NamedTuple):
    ticks: tuple[float, ...]
    start: float
    end: float

    def place(self, value: float) -> float:
        share = (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])
        return self.start + share * (self.end - self.start)


def chart(title: str, lines: Sequence[Line], *, across: str, up: str) -> Html:
    """Return a chart of lines; colours come from the page's style sheet, by number."""
    points = [point for line in lines for point in line.points]
    x = _Scale(_ticks([a for a, _ in points]), _LEFT, _WIDTH - _RIGHT)
    y = _Scale(_ticks([b for _, b in points]), _HEIGHT - _BOTTOM, _TOP)
    ends = _apart([y.place(line.points[-1][1]) for line in lines])
    drawn = [_line(line, number, x, y, ends[number]) for number, line in enumerate(lines)]
    return element(
        "svg",
        {"class": "chart", "viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "role": "img"},
        element("title", None, title),
        _frame(x, y, across=across, up=up),
        *drawn,
    )


def _ticks(values: Sequence[float]) -> tuple[float, ...]:
    """Return round numbers that hold all values between them."""
    low, high = min(values), max(values)
    step = round_step((high - low) / _TICKS or max(abs(high), 1.0) / _TICKS)
    first, last = math.floor(low / step), math.ceil(high / step)
    return tuple(number * step for number in range(first, max(last, first + 1) + 1))


def _frame(x: _Scale, y: _Scale, *, across: str, up: str) -> Html:
    ground = _HEIGHT - _BOTTOM
    parts = [_path(f"M{x.place(t):.1f} {_TOP}V{ground}", "grid") for t in x.ticks]
    parts += [_path(f"M{_LEFT} {y.place(t):.1f}H{_WIDTH - _RIGHT}", "grid") for t in y.ticks]
    parts += [_text(f"{t:,g}", x.place(t), ground + 16, "middle") for t in x.ticks]
    parts += [_text(f"{t:,g}", _LEFT - 6, y.place(t) + 4, "end") for t in y.ticks]
    parts.append(_text(across, (_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 6, "middle"))
    turned = {"transform": f"translate(14 {(_TOP + ground) / 2}) rotate(-90)"}
    parts.append(element("text", {**turned, "text-anchor": "middle"}, up))
    return joined(*parts)


def _line(line: Line, number: int, x: _Scale, y: _Scale, end: float) -> Html:
    places = [(x.place(a), y.place(b)) for a, b in line.points]
    path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in places)
    parts = [_path(path, "curve")]
    for (left, top), name in zip(places, line.names, strict=False):
        spot = {"cx": f"{left:.1f}", "cy": f"{top:.1f}", "r": "4", "class": "spot"}
        parts += [element("circle", spot), _text(name, left + 7, top - 7, "start")]
    if line.name and places:
        parts.append(_text(line.name, places[-1][0] + 6, end + 4, "start"))
    return element("g", {"class": f"line-{number % 4}"}, *parts)


def _apart(heights: Sequence[float]) -> list[float]:
    """Return where names stand that belong at these heights: in their order, none upon another."""
    found = list(heights)
    order = sorted(range(len(found)), key=found.__getitem__)
    for above, below in pairwise(order):
        found[below] = max(found[below], found[above] + _LINE_HEIGHT)
    return found


def _path(path: str, kind: str) -> Html:
    return element("path", {"d": path, "class": kind})


def _text(text: str, left: float, top: float, anchor: str) -> Html:
    place = {"x": f"{left:.1f}", "y": f"{top:.1f}", "text-anchor": anchor}
    return element("text", place, text)
