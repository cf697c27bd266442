"""Margins, calibration and hard positives before and after training, for the page of a pipeline."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from data.plots import Line, Svg, line_chart

Json = Mapping[str, Any]

_SPREAD: Final = {
    "Mean margin": "mean",
    "ECE (95 %)": "calibration_error",
    "Overconfident": "overconfidence",
}
_POSITIVES: Final = {
    "Caption accepted": "accepted",
    "Hard positive rejected": "rejected",
    "Brittle": "brittle",
}
SPREAD_HEADINGS: Final = ("", *(text for name in _SPREAD for text in (name, "after")))
POSITIVES_HEADINGS: Final = ("", *(text for name in _POSITIVES for text in (name, "after")))


class Margins(NamedTuple):
    """Table rows: a name, then the cells before and after training for each heading.

    `tradeoff`: accepted captions against rejected hard positives, a line for each kind.
    """

    spread: Sequence[Sequence[str]]
    positives: Sequence[Sequence[str]]
    tradeoff: Svg | None


def margins_of(runs: Sequence[Json]) -> Margins:
    """Return the margins of results in the order of their alphas; older results have none."""
    by_task = [dict(_named(run["scores"])) for run in runs]
    names = [name for name in by_task[-1] if all(name in found for found in by_task)]
    ends = {name: (by_task[0][name], by_task[-1][name]) for name in names}
    both = {name: tuple(m["hard_positives"] for m in pair) for name, pair in ends.items()}
    both = {name: pair for name, pair in both.items() if all(pair)}
    lines = [_line(name, [found[name]["hard_positives"] for found in by_task]) for name in both]
    return Margins(
        [[name, *_cells(_SPREAD.values(), pair, ".2f")] for name, pair in ends.items()],
        [[name, *_cells(_POSITIVES.values(), pair, ".1f")] for name, pair in both.items()],
        line_chart(
            "Hard positives by kind",
            lines,
            across="hard positives rejected, %",
            up="captions accepted, %",
        )
        if lines
        else None,
    )


def _named(scores: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    for score in scores:
        if score.get("margins") is not None:
            yield f"{score['benchmark']} {score['task']}".strip(), score["margins"]


def _cells(parts: Iterable[str], runs: Sequence[Json], form: str) -> Iterator[str]:
    for part in parts:
        for run in runs:
            ends = run.get("calibration_interval") if part == "calibration_error" else None
            interval = f" ({100 * ends[0]:{form}}\N{EN DASH}{100 * ends[1]:{form}})" if ends else ""
            yield "" if run[part] is None else f"{100 * run[part]:{form}}{interval}"


def _line(name: str, runs: Sequence[Json]) -> Line:
    """Return a kind's line from before to after training, with its name at the last point."""
    points = [(100 * run["rejected"], 100 * run["accepted"]) for run in runs]
    labels = ["", *[""] * (len(points) - 2), name][-len(points) :]
    tips = [f"{name}: {across:.1f} rejected, {up:.1f} accepted" for across, up in points]
    return Line("", points, labels, tips)
