"""The figure of a benchmark as the paper averages its tasks: the mean of its parts.

A part is one task, or the mean of several. Which tasks form a part follows from the authors' two
tables (arXiv 2406.09388): the averages of all 202 checkpoints follow from their single figures, to
the eighth digit. In SugarCrepe and ImageCoDe the tasks of a part are weighted by their items.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Final

from training.evaluation.results import Score

_PARTS: Final[Mapping[str, Callable[[str], str]]] = {
    "eqben": lambda task: task.partition("_")[0],  # the three of Kubric are one
    "imagecode": lambda _task: "",
    "sugarcrepe": lambda task: task.partition("_")[0],
    "valse": lambda task: "action" if task == "actant_swap" else task.partition("_")[0],
    "vlchecklist": lambda task: task.partition("_")[0],
}
_BY_ITEMS: Final = frozenset({"imagecode", "sugarcrepe"})


def has_parts(benchmark: str) -> bool:
    """Tell whether the paper averages parts rather than tasks."""
    return benchmark in _PARTS


def mean_of_parts(benchmark: str, scores: Sequence[Score]) -> float:
    """Return the paper's figure of a benchmark from tasks that all have a value."""
    part_of = _PARTS.get(benchmark, str)
    parts: dict[str, list[tuple[float, int]]] = {}
    for score in scores:
        weight = score.expected if benchmark in _BY_ITEMS else 1
        parts.setdefault(part_of(score.task), []).append((score.value or 0, weight))
    return fmean(
        sum(value * weight for value, weight in part) / sum(weight for _, weight in part)
        for part in parts.values()
    )
