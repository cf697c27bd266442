"""Two runs compared item by item: McNemar's exact test on items that only one has right.

McNemar, Psychometrika 12 (1947); the exact form is the two-sided binomial test of b against b + c.
"""

from dataclasses import dataclass

from data.errors import UsageError
from training.evaluation.margins import Margins
from training.evaluation.results import MISSING, Results, Score


@dataclass(frozen=True, kw_only=True, slots=True)
class Paired:
    """One figure of two runs.

    `gained` and `lost`: items that only the second run, or only the first, has right; a tie is not
    right. `p`: the probability of counts at least as uneven if neither run is better; None for
    measures that rank all items. `margins`: of both runs, if both have them.
    """

    benchmark: str
    task: str
    measure: str
    before: float
    after: float
    gained: int
    lost: int
    p: float | None
    margins: tuple[Margins, Margins] | None = None


def compared_runs(before: Results, after: Results) -> list[Paired]:
    """Return the figures that both runs have.

    Raises:
        UsageError: the items or images of a task differ, or the runs have nothing in common.
    """
    found = []
    for score in after.scores:
        other = before.score(score.benchmark, score.task, score.measure)
        if other is not None and other.value is not None and score.value is not None:
            found.append(_paired(other, score))
    if not found:
        raise UsageError("the two runs have no scored task in common")
    return found


def _paired(before: Score, after: Score) -> Paired:
    if before.asked != after.asked or len(before.outcomes) != len(after.outcomes):
        raise UsageError(
            f"{after.benchmark} {after.task}: expected the same items in both runs, found "
            "different ones: evaluate both on the same files"
        )
    if before.items != after.items or _missing(before) != _missing(after):
        raise UsageError(
            f"{after.benchmark} {after.task}: expected the same images in both runs, found "
            f"{before.items:,} and {after.items:,} items scored: evaluate both with the same ones"
        )
    pairs = list(zip(before.outcomes, after.outcomes, strict=True))
    gained = sum(a != "1" and b == "1" for a, b in pairs)
    lost = sum(a == "1" and b != "1" for a, b in pairs)
    assert before.value is not None
    assert after.value is not None
    return Paired(
        benchmark=after.benchmark,
        task=after.task,
        measure=after.measure,
        before=before.value,
        after=after.value,
        gained=gained,
        lost=lost,
        p=mcnemar(gained, lost) if after.outcomes else None,
        margins=(before.margins, after.margins) if before.margins and after.margins else None,
    )


def _missing(score: Score) -> list[int]:
    return [place for place, mark in enumerate(score.outcomes) if mark == MISSING]


def mcnemar(gained: int, lost: int) -> float:
    """Return the exact two-sided p of these numbers of discordant items."""
    total, fewer = gained + lost, min(gained, lost)
    if not total:
        return 1.0
    tail = ways = 1  # ways to choose none of them
    for number in range(fewer):
        ways = ways * (total - number) // (number + 1)
        tail += ways
    return min(1.0, float(2 * tail / 2**total))
