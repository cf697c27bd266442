"""Readers' answers: shares with intervals, by source and type, and agreement of two readers."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np

from data.errors import UsageError
from data.measures.intervals import share_interval
from negatives.auditing.sheet import QUESTIONS, KeyEntry
from negatives.auditing.sheet_files import Answer

USEFUL: Final = "useful"  # yes to all
JUDGEMENTS: Final = (*(question.name for question in QUESTIONS), USEFUL)


class Share(NamedTuple):
    """How often the answer was yes for `num` items of a group, with its 95 % interval.

    `group`: "overall", a type, or one of several subtypes ("swap/att"). An item that several
    readers judged counts once, with the mean of their answers, since more readers do not make the
    sample larger. Nor do several items of one caption: the interval is Wilson's at the effective
    number of items, `num` - 1 where each has its own caption (`intervals`).
    """

    folder: str
    group: str
    judgement: str
    value: float
    low: float
    high: float
    num: int


class Agreement(NamedTuple):
    """Two readers on the `num` items that both judged: share of equal answers and Cohen's kappa.

    `kappa` is None where chance alone would always agree, so that it is undefined.
    """

    first: str
    second: str
    judgement: str
    same: float
    kappa: float | None
    num: int


class Failure(NamedTuple):
    """An item that a reader did not find useful, and the questions each reader answered with no."""

    entry: KeyEntry
    refused_by: Mapping[str, tuple[str, ...]]


class Summary(NamedTuple):
    """Shares, agreements and failures; `unanswered` counts items that nobody judged."""

    shares: tuple[Share, ...]
    agreements: tuple[Agreement, ...]
    failures: tuple[Failure, ...]
    unanswered: int


def summary_of(
    answers_by_reader: Mapping[str, Mapping[str, Answer]], key: Mapping[str, KeyEntry]
) -> Summary:
    """Return the summary of the readers' answers, each by item.

    Raises:
        UsageError: an answer's item is not in the key, or there is no answer at all.
    """
    judged = {
        reader: {item: judgements_of(answer) for item, answer in answers.items()}
        for reader, answers in answers_by_reader.items()
    }
    for reader, answers in answers_by_reader.items():
        if unknown := answers.keys() - key.keys():
            raise UsageError(
                f"{reader}: {len(unknown)} of {len(answers)} answers are to items not in the key; "
                "pass the key that was written with this sheet"
            )
    answered = {item for answers in judged.values() for item in answers}
    if not answered:
        raise UsageError("there are no answers yet; judge at least one item of the sheet")
    return Summary(
        tuple(_shares(judged, key)),
        tuple(_agreements(judged)),
        tuple(_failures(judged, [key[item] for item in key if item in answered])),
        len(key) - len(answered),
    )


def judgements_of(answer: Answer) -> dict[str, bool]:
    """Return an answer with the combined judgement `useful`."""
    return {**answer, USEFUL: all(answer.values())}


def cohens_kappa(first: Sequence[bool], second: Sequence[bool]) -> float | None:
    """Return the agreement beyond chance of paired answers (Cohen 1960), None if undefined."""
    num = len(first)
    if not num:
        return None
    same = sum(a == b for a, b in zip(first, second, strict=True)) / num
    yes_first, yes_second = sum(first) / num, sum(second) / num
    by_chance = yes_first * yes_second + (1 - yes_first) * (1 - yes_second)
    return None if by_chance == 1 else (same - by_chance) / (1 - by_chance)


_Judged = Mapping[str, Mapping[str, Mapping[str, bool]]]  # reader -> item -> judgement -> yes


def _shares(judged: _Judged, key: Mapping[str, KeyEntry]) -> Iterator[Share]:
    groups: dict[tuple[str, str], list[KeyEntry]] = {}
    answered = {item for answers in judged.values() for item in answers}
    for entry in key.values():
        if entry.item in answered:
            for group in ("overall", entry.type, f"{entry.type}/{entry.subtype}"):
                groups.setdefault((entry.folder, group), []).append(entry)
    for folder, group in list(groups):
        of_type = groups[folder, group.partition("/")[0]]
        if "/" in group and groups[folder, group] == of_type:
            del groups[folder, group]  # the type's only subtype would be listed twice
    order = sorted(groups, key=lambda each: (each[0], each[1] != "overall", each[1]))
    for folder, group in order:
        entries = groups[folder, group]
        indices: dict[str, int] = {}
        captions = np.array([indices.setdefault(entry.id, len(indices)) for entry in entries])
        for judgement in JUDGEMENTS:
            means = np.array([_mean(judged, entry.item, judgement) for entry in entries])
            yield Share(
                folder, group, judgement, *share_interval(means, captions), num=len(entries)
            )


def _mean(judged: _Judged, item: str, judgement: str) -> float:
    values = [answers[item][judgement] for answers in judged.values() if item in answers]
    return sum(values) / len(values)


def _agreements(judged: _Judged) -> Iterator[Agreement]:
    for first, second in combinations(judged, 2):
        both = sorted(judged[first].keys() & judged[second].keys())
        if not both:
            continue
        for judgement in JUDGEMENTS:
            one, other = (
                [judged[reader][item][judgement] for item in both] for reader in (first, second)
            )
            same = sum(a == b for a, b in zip(one, other, strict=True)) / len(both)
            yield Agreement(first, second, judgement, same, cohens_kappa(one, other), len(both))


def _failures(judged: _Judged, entries: Sequence[KeyEntry]) -> Iterator[Failure]:
    for entry in sorted(entries, key=lambda entry: entry[1:]):
        rejected = {
            reader: tuple(name for name, yes in answers[entry.item].items() if not yes)
            for reader, answers in judged.items()
            if entry.item in answers
        }
        named = {
            reader: tuple(name for name in names if name != USEFUL)
            for reader, names in rejected.items()
            if names
        }
        if named:
            yield Failure(entry, named)
