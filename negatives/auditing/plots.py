"""The plots of an audit: intervals with their bars, and columns for whole numbers.

A plot repeats what its table says, so it is hidden from screen readers.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from data.plots import Svg, canvas, round_ticks, tone
from negatives.auditing.findings import Finding, Verdict

_TONES: Final[Mapping[Verdict, str]] = {
    "inside": "good",
    "outside": "bad",
    "unproven": "open",
    "not measured": "muted",
    "no bar": "accent",
}
_MARKERS: Final[
    Mapping[Verdict, str]
] = {  # a shape for each verdict, for those who cannot tell colours apart
    "inside": "o",
    "outside": "D",
    "unproven": "o",
    "no bar": "s",
}
_WIDTH: Final = 280
_HEIGHT: Final = 28
_MOST_NAMED: Final = 12  # numbers below the columns


class Axis(NamedTuple):
    """The values at the left and right ends of a plot, and its ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]


_SHARES: Final = (  # the narrower the axis, the better a small leak is seen
    Axis(0.4, 0.6, (0.4, 0.45, 0.5, 0.55, 0.6)),
    Axis(0.25, 0.75, (0.25, 0.375, 0.5, 0.625, 0.75)),
    Axis(0, 1, (0, 0.25, 0.5, 0.75, 1)),
)


def axis_of(findings: Iterable[Finding]) -> Axis:
    """Return an axis that holds all values, intervals and bars: one of _SHARES, or a round one."""
    values = [value for finding in findings for value in _values(finding)]
    low, high = min([0.5, *values]), max([0.5, *values])
    for axis in _SHARES:
        if axis.low <= low and high <= axis.high:
            return axis
    ticks = round_ticks(min(low, 0.0), high, most=4)
    return Axis(ticks[0], ticks[-1], ticks)


def _values(finding: Finding) -> list[float]:
    given = [finding.value, finding.low, finding.high, *(finding.bar or ())]
    if finding.bar is not None and math.isinf(finding.bar.high):
        given.append(1.5 * finding.bar.low)  # room for part of an open bar
    return [value for value in given if value is not None and math.isfinite(value)]


def ticks(axis: Axis) -> Svg:
    """Return the axis with its numbers, to be placed above a column of intervals."""
    with canvas(_WIDTH, 18) as drawing:
        drawing.axes.set_axis_off()
        drawing.axes.set(xlim=(axis.low, axis.high), ylim=(0, 18))
        for tick in axis.ticks:
            side = "left" if tick <= axis.low else "right" if tick >= axis.high else "center"
            drawing.axes.text(tick, 4, f"{tick:g}", ha=side, color=tone("muted"))
        return drawing.svg(kind="axis")


def interval(finding: Finding, axis: Axis) -> Svg:
    """Return a finding's bar as a band, its 95 % interval as a line and its value as a point."""
    middle = _HEIGHT / 2
    verdict = finding.verdict()
    colour = tone(_TONES[verdict])

    def within(value: float) -> float:
        return min(max(value, axis.low), axis.high)

    with canvas(_WIDTH, _HEIGHT) as drawing:
        axes = drawing.axes
        axes.set_axis_off()
        axes.set(xlim=(axis.low, axis.high), ylim=(0, _HEIGHT))
        axes.vlines(axis.ticks, 0, _HEIGHT, color=tone("line"), linewidth=1)
        if finding.bar is not None:
            left, right = map(within, finding.bar)
            least = 0.004 * (axis.high - axis.low)  # a bar of one value stays visible
            width = max(right - left, least)
            axes.barh(middle, width, _HEIGHT - 4, left=left, color=tone("accent-soft"))
        if finding.low is not None and finding.high is not None:
            ends = [within(finding.low), within(finding.high)]
            axes.hlines(middle, ends[0], ends[1], color=colour, linewidth=2)
            axes.vlines(ends, middle - 4, middle + 4, color=colour, linewidth=2)
        if finding.value is not None and not math.isnan(finding.value):
            fill = tone("card") if verdict == "unproven" else colour
            axes.scatter(
                within(finding.value),
                middle,
                s=81,
                marker=_MARKERS[verdict],
                facecolors=fill,
                edgecolors=colour,
                linewidths=2 if verdict == "unproven" else 0,
                zorder=3,
            )
        return drawing.svg(kind="interval")


def columns(counts: Mapping[int, int]) -> Svg:
    """Return upright columns, one for each of adjacent whole numbers."""
    with canvas(440, 150, margins=(8, 4, 20, 44)) as drawing:
        axes = drawing.axes
        bars = axes.bar(list(counts), list(counts.values()), width=0.84, color=tone("accent"))
        for bar, (number, count) in zip(bars, counts.items(), strict=True):
            bar.set_gid(f".column {number} {count}")
        numbers = round_ticks(min(counts), max(counts), most=_MOST_NAMED, whole=True)
        shown = [int(number) for number in numbers if number in counts]
        axes.set_xticks(shown, [str(number) for number in shown])
        heights = round_ticks(0, max(counts.values()), most=3, whole=True)
        axes.set_yticks(heights, [f"{height:,.0f}" for height in heights])
        axes.set(xlim=(min(counts) - 0.5, max(counts) + 0.5), ylim=(0, heights[-1]))
        axes.set_axisbelow(True)
        axes.grid(axis="y", color=tone("line"), linewidth=1)
        tips = {f".column {n} {count}": f"{n}: {count:,}" for n, count in counts.items()}
        return drawing.svg(kind="columns", tips=tips)
