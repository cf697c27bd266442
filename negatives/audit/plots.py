"""Plots as inline SVG: intervals beside their bar, horizontal bars, columns.

Places are in per cent of the width, so that a plot fills its cell at any size without a script;
colours come from the page's style sheet. A plot repeats what its table says and is hidden from
screen readers.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from negatives.audit.findings import Finding, Verdict
from negatives.audit.markup import Html, element, joined

_HEIGHT: Final = 28
_MIDDLE: Final = str(_HEIGHT // 2)
_COLUMN_PX: Final = 120
_MOST_NAMED: Final = 12  # of the numbers below columns
_STEPS: Final = (1, 2, 5, 10, 20, 50, 100)
_POINTS: Final[Mapping[Verdict, str]] = {  # a shape for each verdict: colour alone says nothing
    "inside": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "outside": "M0-6.5L6.5 0L0 6.5L-6.5 0z",
    "unproven": "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    "no bar": "M-4-4H4V4H-4z",
}


class Axis(NamedTuple):
    """The values from the left end of a plot to its right end, and where its ticks are."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def per_cent(self, value: float) -> float:
        """Return the place of a value in per cent of the width, at an end if it is beyond."""
        share = (value - self.low) / (self.high - self.low)
        return 100 * min(max(share, 0.0), 1.0)


_SHARES: Final = (  # the closer one is looked at, the finer a small leak shows
    Axis(0.4, 0.6, (0.4, 0.45, 0.5, 0.55, 0.6)),
    Axis(0.25, 0.75, (0.25, 0.375, 0.5, 0.625, 0.75)),
    Axis(0, 1, (0, 0.25, 0.5, 0.75, 1)),
)


def axis_of(findings: Iterable[Finding]) -> Axis:
    """Return an axis on which every value, interval and bar fits: one of _SHARES, or round ends."""
    values = [value for finding in findings for value in _values(finding)]
    low, high = min([0.5, *values]), max([0.5, *values])
    for axis in _SHARES:
        if axis.low <= low and high <= axis.high:
            return axis
    low = min(low, 0.0)
    step = round_step((high - low) / 4)
    first, last = math.floor(low / step), math.ceil(high / step)
    return Axis(first * step, last * step, tuple(n * step for n in range(first, last + 1)))


def _values(finding: Finding) -> list[float]:
    given = [finding.value, finding.low, finding.high, *(finding.bar or ())]
    if finding.bar is not None and math.isinf(finding.bar.high):
        given.append(1.5 * finding.bar.low)  # room for the part of an open bar that can be shown
    return [value for value in given if value is not None and math.isfinite(value)]


def round_step(least: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5, 10 and their like that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= least * (1 - 1e-9))


def ticks(axis: Axis) -> Html:
    """Return the axis with its numbers, to stand above a column of intervals."""
    marks = [
        element(
            "text",
            {
                "x": _place(axis, tick),
                "y": "14",
                "text-anchor": _anchor(tick, axis),
            },
            f"{tick:g}",
        )
        for tick in axis.ticks
    ]
    return _svg("axis", 18, *marks)


def _anchor(tick: float, axis: Axis) -> str:
    return "start" if tick <= axis.low else "end" if tick >= axis.high else "middle"


def interval(finding: Finding, axis: Axis) -> Html:
    """Return a finding's bar as a band, its 95 % interval as a line and its value as a point."""
    parts = [_upright(axis, tick, "grid", reach=_HEIGHT // 2) for tick in axis.ticks]
    if finding.bar is not None:
        left, right = (axis.per_cent(end) for end in finding.bar)
        place = {"x": f"{left:.2f}%", "width": f"{max(right - left, 0.4):.2f}%"}
        shape = {"y": "2", "height": f"{_HEIGHT - 4}", "class": "band"}
        parts.append(element("rect", {**place, **shape}))
    verdict = finding.verdict()
    if finding.low is not None and finding.high is not None:
        span = {"x1": _place(axis, finding.low), "x2": _place(axis, finding.high)}
        parts += [
            element("line", {**span, "y1": _MIDDLE, "y2": _MIDDLE, "class": "whisker"}),
            _upright(axis, finding.low, "whisker", reach=4),
            _upright(axis, finding.high, "whisker", reach=4),
        ]
    if finding.value is not None:
        point = element("path", {"d": _POINTS[verdict], "class": "point"})
        place = {"x": _place(axis, finding.value), "y": _MIDDLE, "overflow": "visible"}
        parts.append(element("svg", place, point))
    return _svg(f"interval {verdict.replace(' ', '-')}", _HEIGHT, *parts)


def _place(axis: Axis, value: float) -> str:
    return f"{axis.per_cent(value):.2f}%"


def _upright(axis: Axis, value: float, kind: str, *, reach: int) -> Html:
    """Return a line at a value, so many pixels up and down from the middle."""
    x = _place(axis, value)
    top, bottom = str(_HEIGHT // 2 - reach), str(_HEIGHT // 2 + reach)
    return element("line", {"x1": x, "x2": x, "y1": top, "y2": bottom, "class": kind})


def share_bar(count: int, most: int) -> Html:
    """Return a horizontal bar whose full width stands for `most`."""
    width = 100 * count / most if most else 0
    size = {"width": f"{width:.2f}%", "height": "12", "rx": "2"}
    return _svg("share", 12, element("rect", size))


def columns(counts: Mapping[int, int]) -> Html:
    """Return upright columns, one for each of adjacent whole numbers, with some of the numbers."""
    most = max(counts.values(), default=0) or 1
    width = 100 / max(len(counts), 1)
    step = next(step for step in _STEPS if step * _MOST_NAMED >= len(counts))
    bars, names = [], []
    for place, (number, count) in enumerate(counts.items()):
        height = _COLUMN_PX * count / most
        size = {"width": f"{width * 0.84:.3f}%", "height": f"{height:.1f}"}
        left = f"{place * width + width * 0.08:.3f}%"
        bars.append(element("rect", {"x": left, "y": f"{_COLUMN_PX - height:.1f}", **size}))
        if number % step == 0:
            middle = {"x": f"{(place + 0.5) * width:.3f}%", "y": f"{_COLUMN_PX + 16}"}
            names.append(element("text", {**middle, "text-anchor": "middle"}, str(number)))
    ground = {"x1": "0", "x2": "100%", "y1": str(_COLUMN_PX), "y2": str(_COLUMN_PX)}
    return _svg("columns", _COLUMN_PX + 20, *bars, element("line", ground), *names)


def _svg(kind: str, height: int, *children: Html) -> Html:
    size = {"class": kind, "width": "100%", "height": str(height)}
    return element("svg", {**size, "aria-hidden": "true"}, joined(*children))
