"""What the study writes of the runs it has so far: a table, their figures, and a picture."""

import json
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.study_methods import METHODS, Method
from data.commit import write_atomically
from data.errors import UsageError
from data.scenes.questions import ON_BINDING
from training.evaluation.results import Results, Score, read_results
from training.evaluation.run import NO_IMAGE
from training.evaluation.tables import aligned
from training.evaluation.tradeoff import tradeoff

Figures = Mapping[str, float]

FIGURES: Final = {
    "composition": "scenes composition macro",
    "paraphrases": "scenes paraphrases macro",
    "zero-shot": "scenes classification macro",
    "I2T R@1": "scenes I2T R@1",
    "T2I R@1": "scenes T2I R@1",
}
_COLUMNS: Final = (
    "composition", "binding", "images alone", "no image", "paraphrases", "zero-shot", "I2T R@1",
)  # fmt: skip
_AGAINST: Final = ("composition", "binding", "images alone")
_BY: Final = "statements by "
_CONTROL: Final = "CLIP, statements"
_ACROSS: Final = "I2T R@1"
_UP: Final = "binding"
_TITLES: Final = ("", "seeds", *_COLUMNS, *(f"{figure} against CLIP" for figure in _AGAINST))


def figures_of(results: Results) -> Figures:
    """Return a run's figures in per cent: those of the table, and of each task of composition."""
    tasks = {s.task: s for s in results.scores if s.kind == "composition" and s.value is not None}
    kinds = {name: score.value or 0.0 for name, score in tasks.items()}
    blind = {f"{name}, no image": tasks[name].text_only[NO_IMAGE] for name in ON_BINDING}
    alone = {f"{name}, images alone": _image_alone(tasks[name]) for name in ON_BINDING}
    found = {name: results.summary[figure] for name, figure in FIGURES.items()} | {
        "binding": statistics.fmean(kinds[name] for name in ON_BINDING),
        "no image": statistics.fmean(blind.values()),
        "images alone": statistics.fmean(alone.values()),
    }
    return {name: 100 * value for name, value in (found | kinds | blind | alone).items()}


def _image_alone(score: Score) -> float:
    if score.image_alone is None:
        raise UsageError(
            f"{score.benchmark} {score.task}: expected the score of images alone, which results of "
            "earlier versions lack; delete them and run the study again, which measures them anew"
        )
    return score.image_alone


def write_report(out: Path) -> None:
    """Write study.txt, study.json and tradeoff.svg of the results in the folder."""
    found = figures_in(out)
    write_atomically(out / "study.txt", aligned(table(found)) + "\n")
    write_atomically(out / "study.json", as_json(found))
    write_atomically(out / "tradeoff.svg", picture(found))


def figures_in(out: Path) -> dict[str, list[Figures]]:
    """Return the figures of each row of a study's folder, one set a seed."""
    results = read_all(out / "results")
    return {label: [figures_of(run) for run in runs] for label, runs in results.items()}


def as_json(found: Mapping[str, Sequence[Figures]]) -> str:
    """Return the figures of all runs by row, rounded as the page has them."""
    rounded = {
        label: [{name: round(value, 2) for name, value in run.items()} for run in runs]
        for label, runs in found.items()
    }
    return json.dumps(rounded, indent=1) + "\n"


def picture(found: Mapping[str, Sequence[Figures]]) -> str:
    """Return what binding costs: a point a row, means over seeds, binding against retrieval.

    Shown are the rows that differ only in losses and negatives ("statements by ...") with their
    control, or all rows if there are none of these yet.
    """
    shown = [label for label in found if _BY in label]
    means = [
        Results(model="", weights=label.replace(_BY, ""), digest="", scores=(), summary={
            figure: statistics.fmean(run[figure] for run in found[label]) / 100
            for figure in (_ACROSS, _UP)
        })
        for label in found if not shown or label in (_CONTROL, *shown)
    ]  # fmt: skip
    return tradeoff(means, across=_ACROSS, up=_UP)


def read_all(folder: Path) -> dict[str, list[Results]]:
    """Return the results of each row by its label, in the table's order, one a seed."""
    found: dict[str, list[Results]] = {}
    for label in ("pretrained", *(method.label for method in METHODS)):
        name = re.compile(re.escape(label) + r"( \d+)?\.json")
        paths = sorted(path for path in folder.glob("*.json") if name.fullmatch(path.name))
        if paths:
            found[label] = [read_results(path) for path in paths]
    return found


def table(found: Mapping[str, Sequence[Figures]]) -> list[tuple[str, ...]]:
    """Return the table's rows, titles first: means and deviations over seeds.

    The last columns have the difference to the row's control, and in brackets the same in
    deviations of a difference of two runs. The deviation of a run is pooled over all rows, for
    three runs say little of their own.
    """
    rows: list[tuple[str, ...]] = [_TITLES]
    controls = {method.label: method for method in METHODS}
    for label, runs in found.items():
        cells = [_cell([run[name] for run in runs]) for name in _COLUMNS]
        against = [_against(found, controls.get(label), name) for name in _AGAINST]
        rows.append((label, str(len(runs)), *cells, *against))
    return rows


def binding_table(found: Mapping[str, Sequence[Figures]]) -> list[tuple[str, ...]]:
    """Return the rows of the tasks of binding: means, and in brackets by images, by texts alone."""
    rows = [("", *ON_BINDING)]
    for label, runs in found.items():
        means = {name: statistics.fmean(run[name] for run in runs) for name in runs[0]}
        cells = (
            f"{means[task]:.0f} ({means[f'{task}, images alone']:.0f}, "
            f"{means[f'{task}, no image']:.0f})"
            for task in ON_BINDING
        )
        rows.append((label, *cells))
    return rows


def markdown(rows_of_table: Sequence[Sequence[str]]) -> str:
    """Return a table as a page shows it."""
    titles, *rows = rows_of_table
    rule = ("---", *("---:" for _ in titles[1:]))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (titles, rule, *rows))


def _cell(values: Sequence[float]) -> str:
    deviation = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.1f}{deviation}"


def _against(found: Mapping[str, Sequence[Figures]], method: Method | None, figure: str) -> str:
    """Return how far a row is from its control; nothing for the control itself."""
    if method is None or method.label == method.control or method.control not in found:
        return ""
    own, control = (
        statistics.fmean(run[figure] for run in found[label])
        for label in (method.label, method.control)
    )
    spread = pooled_deviation(found, figure) * 2**0.5
    return f"{own - control:+.1f}" + (f" ({(own - control) / spread:+.1f})" if spread else "")


def pooled_deviation(found: Mapping[str, Sequence[Figures]], figure: str) -> float:
    """Return the deviation of a run from its row's mean, 0 where no row has two runs."""
    repeated = [[run[figure] for run in runs] for runs in found.values() if len(runs) > 1]
    freedom = sum(len(values) - 1 for values in repeated)
    squares = sum(statistics.variance(values) * (len(values) - 1) for values in repeated)
    return float((squares / freedom) ** 0.5) if freedom else 0.0
