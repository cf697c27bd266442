"""What is gained and what is lost, as a plot: one figure of the summary against another."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from data.errors import UsageError
from data.plots import Line, as_file, line_chart
from data.texts import nearest
from training.evaluation.beside import Average, averages_of, definitions
from training.evaluation.published import Known, own_figures
from training.evaluation.results import Results

Figure = Callable[[Results], float]


class Cloud(NamedTuple):
    """Published models behind the runs; all points show the same two averages."""

    across: Average
    up: Average
    models: Sequence[Known]

    @property
    def notes(self) -> list[str]:
        """Return what the averages cover."""
        return list(dict.fromkeys(definitions([self.across, self.up])))


def tradeoff(
    results: Sequence[Results], *, across: str, up: str, cloud: Cloud | None = None
) -> str:
    """Return an SVG file with a point for each run, in per cent; alphas of one run are joined.

    With a cloud, runs are placed by its averages, otherwise by their summary.

    Raises:
        UsageError: a run has no such figure.
    """
    if cloud is not None:
        across, up = cloud.across.label, cloud.up.label
        figures = [_like(cloud.across), _like(cloud.up)]
    else:
        figures = [_of_summary(across), _of_summary(up)]
    runs: dict[tuple[str, str], list[Results]] = {}
    for result in sorted(results, key=lambda r: (r.weights, r.alpha or 0.0)):
        runs.setdefault(_run(result), []).append(result)
    lines = [
        _line([result.name for result in run], [[of(result) for of in figures] for result in run])
        for run in runs.values()
    ]
    title = f"{up} against {across}"
    axes = {"across": f"{across}, %", "up": f"{up}, %"}
    behind = _behind(cloud) if cloud is not None else None
    return as_file(line_chart(title, lines, height=440, cloud=behind, **axes))


def cloud_of(results: Sequence[Results], *, across: str, up: str, models: Sequence[Known]) -> Cloud:
    """Return the published models to show behind runs.

    Raises:
        UsageError: the runs and the models do not share these figures.
    """
    averages = averages_of([own_figures(result.scores) for result in results], models)
    found = {average.name: average for average in averages}
    for name in (across, up):
        if name not in found:
            raise UsageError(
                f"--against: no figure {name!r} that all runs, with all their images, and the "
                f"published models have; {nearest(name, found)}"
            )
    return Cloud(found[across], found[up], models)


def _behind(cloud: Cloud) -> Line:
    placed = {
        model.name: (across, up)
        for model in cloud.models
        if (across := cloud.across.of(model.figures)) is not None
        and (up := cloud.up.of(model.figures)) is not None
    }
    return _line(list(placed), [list(point) for point in placed.values()])


def _line(names: Sequence[str], points: Sequence[Sequence[float]]) -> Line:
    shown = [(100 * across, 100 * up) for across, up in points]
    tips = [f"{name}: {x:.1f}, {y:.1f}" for name, (x, y) in zip(names, shown, strict=True)]
    return Line("", shown, names, tips)


def _run(results: Results) -> tuple[str, str]:
    """Return a key that only the alphas of one run share, since runs may have equal names."""
    return results.weights, results.digest if results.alpha is None else ""


def _like(average: Average) -> Figure:
    """Return the function that gives a run's figure comparable to a published one."""

    def figure(results: Results) -> float:
        found = average.of(own_figures(results.scores))
        assert found is not None  # the averages cover only what all runs have
        return found

    return figure


def _of_summary(name: str) -> Figure:
    def figure(results: Results) -> float:
        if name not in results.summary:
            known = results.summary
            raise UsageError(
                f"{results.name}: no figure {name!r} in its summary; name others with -x "
                f"and -y; {nearest(name, known)}"
            )
        return results.summary[name]

    return figure
