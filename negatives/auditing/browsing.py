"""The sample of a report as a page shows it, and how it can be searched and filtered."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from negatives.auditing.findings import Sample
from negatives.auditing.marks import Piece, pieces, spans_before


class MarkedSample(NamedTuple):
    """A negative in pieces: what was removed from the caption, and what was inserted."""

    before: Sequence[Piece]
    after: Sequence[Piece]
    kind: str
    rule: str
    score: float | None
    id: str


class FilterChoices(NamedTuple):
    """What a sample can be filtered by; `types` are types and types with their subtypes."""

    types: Sequence[str]
    rules: Sequence[str]
    has_scores: bool


def mark_samples(samples: Iterable[Sample]) -> list[MarkedSample]:
    """Return the samples in order, cut where caption and negative differ."""
    return [
        MarkedSample(
            before=pieces(sample.caption, spans_before(sample.caption, sample.text, sample.edits)),
            after=pieces(sample.text, sample.edits),
            kind=f"{sample.type}/{sample.subtype}",
            rule=sample.rule,
            score=sample.score,
            id=sample.id,
        )
        for sample in samples
    ]


def choices_of(samples: Sequence[MarkedSample]) -> FilterChoices:
    """Return the values among the samples that can be chosen."""
    kinds = {sample.kind for sample in samples}
    return FilterChoices(
        types=sorted(kinds | {kind.partition("/")[0] for kind in kinds}),
        rules=sorted({sample.rule for sample in samples}),
        has_scores=any(sample.score is not None for sample in samples),
    )
