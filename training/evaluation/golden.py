"""Published figures of a model beside a run's: `evaluate --check-golden ViT-B-32/openai`.

Those of 202 checkpoints are read from their authors' file: `individual_results.csv:NAME`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from data.errors import UsageError
from data.texts import nearest
from training.evaluation.results import Results
from training.evaluation.tables import aligned, figure_name
from training.evaluation.vl_compo import published_figures

_FILE: Final = "golden.json"
_NEAR: Final = 0.005
"""Half a point: libraries decode and resize images slightly differently."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A published figure beside a run's; `verdict` is empty where they agree."""

    benchmark: str
    task: str
    measure: str
    published: float
    here: float
    verdict: str


def golden(name: str) -> dict[tuple[str, str, str], float]:
    """Return published shares by benchmark, task and measure.

    Raises:
        UsageError: no figures of this model are known.
    """
    path, _, model = name.rpartition(":")
    if path.endswith(".csv"):
        return published_figures(Path(path), model)
    known = json.loads(files(__package__).joinpath(_FILE).read_text("utf-8"))
    if name not in known:
        raise UsageError(f"--check-golden: unknown {name!r}; {nearest(name, known)}")
    return {
        (benchmark, task, measure): value / 100
        for benchmark, task, measure, value in known[name]["figures"]
    }


def checked_golden(results: Results, name: str) -> list[Checked]:
    """Return each published figure that the run also has.

    Raises:
        UsageError: no figures of this model are known, or the run has none of them.
    """
    found = []
    for (benchmark, task, measure), value in golden(name).items():
        score = results.score(benchmark, task, measure)
        if score is None or score.value is None:
            continue
        verdict = "" if abs(score.value - value) <= _NEAR else "differs"
        if score.items < score.expected:
            verdict = f"{score.items:,} of {score.expected:,} items"
        found.append(
            Checked(
                benchmark=benchmark,
                task=task,
                measure=measure,
                published=value,
                here=score.value,
                verdict=verdict,
            )
        )
    if not found:
        raise UsageError(f"--check-golden {name}: expected one of its benchmarks in this run")
    return found


def golden_table(checked: Sequence[Checked]) -> str:
    """Return published figures beside a run's, with differences marked."""
    rows = [("", "published", "here", "")]
    rows += [
        (
            figure_name(each.benchmark, each.task, each.measure),
            f"{100 * each.published:.2f}",
            f"{100 * each.here:.2f}",
            each.verdict,
        )
        for each in checked
    ]
    return aligned(rows)
