"""Negatives to look at: the same number of each kind; equal seeds give equal samples."""

from collections.abc import Iterator, Sequence

from data.records import Row
from data.streams import Stream
from negatives.auditing.findings import Sample


def samples_of(rows: Sequence[Row], num_samples: int, *, seed: int) -> Iterator[Sample]:
    """Yield up to `num_samples` negatives, kind by kind, in the order of the rows.

    Each kind gets the same number; what a rare kind cannot fill goes to the others.
    """
    kinds: dict[str, list[tuple[int, int]]] = {}
    for index, row in enumerate(rows):
        for number, negative in enumerate(row.negatives):
            kinds.setdefault(f"{negative.type}/{negative.subtype}", []).append((index, number))
    left = num_samples
    chosen: dict[str, list[tuple[int, int]]] = {}
    by_size = sorted(kinds, key=lambda kind: (len(kinds[kind]), kind))
    for num_done, kind in enumerate(by_size):
        order = Stream(seed, "audit samples", kind).shuffled(kinds[kind])
        chosen[kind] = sorted(order[: left // (len(by_size) - num_done)])
        left -= len(chosen[kind])
    for kind in sorted(chosen):
        for index, number in chosen[kind]:
            yield _sample(rows[index], number)


def _sample(row: Row, number: int) -> Sample:
    negative = row.negatives[number]
    return Sample(
        caption=row.caption,
        text=negative.text,
        edits=negative.edit.spans_after(),
        type=negative.type,
        subtype=negative.subtype,
        rule=negative.rule,
        score=negative.score,
        id=row.id,
    )
