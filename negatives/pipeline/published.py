"""Published models beside the scores before and after training, for the page of a pipeline."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from data.plots import Line, Svg, line_chart

Json = Mapping[str, Any]
Row = tuple[str, Sequence[float | None]]


class Published(NamedTuple):
    """Table rows: a name and cells; `chart`: Comp against ZS, if there are both."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    chart: Svg | None
    notes: Sequence[str]


def published_of(runs: Sequence[Json]) -> Published | None:
    """Return the published models in the results, None if they were not requested."""
    if any(run.get("beside") is None for run in runs):
        return None
    last: Json = runs[-1]["beside"]
    own = [(f"this run, {run['alpha']:g}", run["beside"]["own"]) for run in runs]
    rows = [[name, *map(_cell, shares)] for name, shares in [*own, *last["models"]]]
    return Published(("", *last["figures"]), rows, _chart(last, own), last["notes"])


def _cell(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _chart(beside: Json, own: Sequence[Row]) -> Svg | None:
    """Return a chart of the runs and the published models, None unless there are both means."""
    names: Sequence[str] = beside["figures"]
    across = next((place for place, name in enumerate(names) if name.startswith("ZS")), None)
    up = next((place for place, name in enumerate(names) if name.startswith("Comp")), None)
    if across is None or up is None:
        return None
    return line_chart(
        "Composition against zero-shot",
        [_line(own, across, up)],
        across=f"{names[across]}, %",
        up=f"{names[up]}, %",
        cloud=_line(beside["models"], across, up),
    )


def _line(rows: Sequence[Row], across: int, up: int) -> Line:
    """Return a line through the rows that have both figures."""
    points = {
        name: (100 * x, 100 * y)
        for name, shares in rows
        if (x := shares[across]) is not None and (y := shares[up]) is not None
    }
    tips = [f"{name}: {x:.1f}, {y:.1f}" for name, (x, y) in points.items()]
    return Line("", list(points.values()), list(points), tips)
