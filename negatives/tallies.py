"""Counts of the outcomes of choosing, per block and merged. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from data.records import Positive
from negatives.choose import Chosen, Tally, why_none

Content = dict[str, dict[str, int]]
FIELDS = (
    "captions",
    "skipped",
    "files_left_out",
    "doubtful",
    "negatives_by_type",
    "negatives_by_rule",
    "slots_by_fate",
    "empty_because",
    "positives_by_type",
    "positives_by_rule",
    "positive_slots_by_fate",
)


class Tallies:
    """Counts by field and key; every field of FIELDS exists from the start."""

    def __init__(self) -> None:
        """Start empty."""
        self._counters: dict[str, Counter[str]] = {field: Counter() for field in FIELDS}

    def add(self, chosen: Chosen) -> None:
        """Count the outcomes of one caption.

        `captions`: all, with_candidate (before the draw), with_negative; `slots_by_fate`: "rule:
        outcome", where the outcome "slots" counts the slots and others count the results of draws;
        `empty_because`: why captions without a negative have none.
        """
        captions = self._counters["captions"]
        captions["all"] += 1
        captions["with_candidate"] += any(outcome == "slots" for _, outcome in chosen.tally)
        captions["with_negative"] += bool(chosen.negatives)
        for negative in chosen.negatives:
            self._counters["negatives_by_type"][f"{negative.type}/{negative.subtype}"] += 1
            self._counters["negatives_by_rule"][negative.rule] += 1
        outcomes = self._counters["slots_by_fate"]
        for (rule, outcome), count in chosen.tally.items():
            outcomes[f"{rule}: {outcome}"] += count
        if not chosen.negatives:
            self._counters["empty_because"][why_none(chosen.tally)] += 1

    def add_positives(self, positives: Sequence[Positive], tally: Tally) -> None:
        """Count the positives of an already counted caption, and the outcomes of their slots."""
        captions = self._counters["captions"]
        captions["with_positive"] += bool(positives)
        for positive in positives:
            self._counters["positives_by_type"][f"{positive.type}/{positive.subtype}"] += 1
            self._counters["positives_by_rule"][positive.rule] += 1
        for (rule, outcome), count in tally.items():
            self._counters["positive_slots_by_fate"][f"{rule}: {outcome}"] += count

    def content(self) -> Content:
        """Return the counts in a fixed order."""
        return {field: dict(sorted(self._counters[field].items())) for field in FIELDS}


def sum_contents(contents: Iterable[Mapping[str, Mapping[str, int]]]) -> Content:
    """Return the sums of several counts."""
    total: dict[str, Counter[str]] = {field: Counter() for field in FIELDS}
    for content in contents:
        for field, counts in content.items():
            total[field].update(counts)
    return {field: dict(sorted(counts.items())) for field, counts in total.items()}
