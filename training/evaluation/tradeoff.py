"""What is gained and what is lost, as a plot: one figure of the summary against another."""

from collections.abc import Sequence

from data.errors import UsageError
from data.plots import Line, as_file, line_chart
from data.texts import nearest
from training.evaluation.results import Results


def tradeoff(results: Sequence[Results], *, across: str, up: str) -> str:
    """Return an SVG file with a point for each run, in per cent; alphas of one run are joined.

    Raises:
        UsageError: a run has no such figure.
    """
    runs: dict[tuple[str, str], list[Results]] = {}
    for result in sorted(results, key=lambda r: (r.weights, r.alpha or 0.0)):
        runs.setdefault(_run(result), []).append(result)
    lines = []
    for run in runs.values():
        points = [(_figure(result, across), _figure(result, up)) for result in run]
        names = [result.name for result in run]
        tips = [f"{name}: {x:.1f}, {y:.1f}" for name, (x, y) in zip(names, points, strict=True)]
        lines.append(Line("", points, names, tips))
    title = f"{up} against {across}"
    return as_file(line_chart(title, lines, across=f"{across}, %", up=f"{up}, %", height=440))


def _run(results: Results) -> tuple[str, str]:
    """Return what is equal for the alphas of one run alone: other runs may be called alike."""
    return results.weights, results.digest if results.alpha is None else ""


def _figure(results: Results, name: str) -> float:
    if name not in results.summary:
        raise UsageError(
            f"{results.name}: no figure {name!r} in its summary; {nearest(name, results.summary)}"
        )
    return 100 * results.summary[name]
