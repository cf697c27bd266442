"""Scores -> the figures of tables: one per benchmark, and the paper's Comp, ZS, I2T and T2I.

The paper (App. A.2): a benchmark is the mean of its parts, Comp the mean of 11 benchmarks, ZS of 21
sets, retrieval the mean R@1 of three. If some are missing, the name says how many there are, and
the mean is not comparable with the paper's. Nor is it if images are missing, which the name does
not say, but the notes of a run do.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Final

from training.evaluation.averages import has_parts, mean_of_parts
from training.evaluation.benchmarks import BENCHMARKS
from training.evaluation.results import Score

COMPOSITION: Final = (
    *("aro", "crepe", "eqben", "imagecode", "sugarcrepe", "svo", "valse", "vlchecklist"),
    *("whatsup", "winoground", "spec"),
)
RETRIEVAL: Final = {"coco": "", "flickr30k": "", "coco_counterfactuals": "retrieval"}
"""The benchmarks of the paper's mean and their tasks; COCO's own val2017 is another task."""
NUM_ZERO_SHOT: Final = 21
ZERO_SHOT: Final = "zeroshot"
"""The benchmark that holds all sets of zero-shot classification."""
SIDES: Final = {"I2T": "I2T R@1", "T2I": "T2I R@1"}


def summary_of(scores: Sequence[Score]) -> dict[str, float]:
    """Return figures by name, without those for which nothing was scored.

    For each benchmark and kind of task: the mean over its tasks (macro) and over its items (micro),
    and the mean of its parts if the paper uses that. For retrieval: R@1 in both directions, by task
    if there are several. For tasks with several true captions: the brittleness.
    """
    found: dict[str, float] = {}
    own: dict[str, float] = {}
    groups: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        if score.value is not None and is_counted(score.benchmark, score.task, score.kind):
            groups.setdefault((score.benchmark, score.kind), []).append(score)
    for (benchmark, kind), group in groups.items():
        if kind == "retrieval":
            found |= _recalls(benchmark, group)
        else:
            own.setdefault(benchmark, mean_of_parts(benchmark, group))
            found |= _means(f"{benchmark} {kind}", group)
            if has_parts(benchmark):
                found[f"{benchmark} {kind} mean of parts"] = own[benchmark]
    found |= _mean("Comp", {name: own[name] for name in COMPOSITION if name in own}, 11)
    found |= _brittleness(scores)
    sets = {score.task: score.value or 0 for score in groups.get((ZERO_SHOT, "classification"), ())}
    found |= _mean("ZS", sets, NUM_ZERO_SHOT)
    for side, measure in SIDES.items():
        recalls = {
            name: score.value or 0
            for name, task in RETRIEVAL.items()
            for score in groups.get((name, "retrieval"), ())
            if (score.task, score.measure) == (task, measure)
        }
        found |= _mean(side, recalls, len(RETRIEVAL))
    return found


def _means(name: str, scores: Sequence[Score]) -> dict[str, float]:
    num_items = sum(score.items for score in scores)
    micro = sum((score.value or 0) * score.items for score in scores) / num_items
    return {f"{name} macro": fmean(score.value or 0 for score in scores), f"{name} micro": micro}


def _brittleness(scores: Sequence[Score]) -> dict[str, float]:
    """Return by kind the share of items whose false caption scores between two true ones."""
    found = {}
    for score in scores:
        if score.margins is not None and score.margins.hard_positives is not None:
            adapter = BENCHMARKS.get(score.benchmark)
            kind = score.task.removesuffix(adapter.counted if adapter else "").strip()
            found[f"{score.benchmark} {kind} brittleness"] = score.margins.hard_positives.brittle
    return found


def _recalls(benchmark: str, scores: Sequence[Score]) -> dict[str, float]:
    several = len({score.task for score in scores}) > 1
    return {
        " ".join([benchmark, *([score.task] if several else []), score.measure]): score.value or 0
        for score in scores
        if score.measure in SIDES.values()
    }


def _mean(name: str, values: Mapping[str, float], num_expected: int) -> dict[str, float]:
    if not values:
        return {}
    whole = len(values) == num_expected
    return {name if whole else f"{name} ({len(values)} of {num_expected})": fmean(values.values())}


def is_counted(benchmark: str, task: str, kind: str = "composition") -> bool:
    """Tell whether a task counts in the mean of its benchmark."""
    adapter = None if kind == "retrieval" else BENCHMARKS.get(benchmark)
    return adapter is None or task.endswith(adapter.counted)
