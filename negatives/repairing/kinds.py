"""Which negatives are kept: kinds are thinned one by one, but a row's clauses stay or go together.

The clauses of a row are of several kinds ("no cat" negates, "a frisbee" adds). A row that lost one
of them loses the others, too, so the kinds of these have fewer pairs than their readers saw. They
are thinned again, with new random draws, until all that was read is kept. The figures of a kind are
those of the last time.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.records import Row
from data.streams import Stream
from negatives.auditing.gap import ReferenceModel, gap_margins
from negatives.auditing.pairs import pairs_of
from negatives.negation.clauses import RULE
from negatives.repairing.rounds import KindPairs, KindRepair, repair_kind
from negatives.repairing.scores import Report
from negatives.words import lexicon

Key = tuple[str, int]
"""A row's id, and the place of a negative in it."""


class Kept(NamedTuple):
    """The negatives that are kept, and what became of each kind.

    `broken`: clauses that are dropped only because another clause of their row was.
    """

    keys: frozenset[Key]
    broken: frozenset[Key]
    kinds: tuple[KindRepair, ...]


def repair_kinds(
    rows: Sequence[Row],
    reference: ReferenceModel | None,
    *,
    tolerance: float,
    seed: int,
    report: Report,
) -> Kept:
    """Return what is kept of rows; `reference` should remember its scores (scores.py)."""
    pairs = pairs_of(rows)
    keys = [(row.id, place) for row in rows for place in range(len(row.negatives))]
    clauses = _clauses_of_rows(rows)
    vowel_sound = lexicon.load().vowel_sound
    left, broken = set(range(len(pairs))), set[int]()
    found: dict[str, KindRepair] = {}
    pending = sorted({pair.kind for pair in pairs})
    number = 0
    while pending:
        lots = _lots(rows, seed=seed, number=number)
        for kind in pending:
            report(kind)
            indices = [i for i, pair in enumerate(pairs) if pair.kind == kind and i in left]
            of_kind = [pairs[index] for index in indices]
            given = KindPairs(
                pairs=of_kind,
                lots=lots[indices],
                reference=None if reference is None else partial(gap_margins, of_kind, reference),
                vowel_sound=vowel_sound,
                tolerance=tolerance,
                seed=seed,
            )
            chosen, last = repair_kind(kind, given)
            left -= {index for index, is_kept in zip(indices, chosen, strict=True) if not is_kept}
            why = last.why if indices else "each row lost another of its clauses"
            first = found.get(kind, last)
            found[kind] = last._replace(num_before=first.num_before, before=first.before, why=why)
        torn = left & {i for of_row in clauses if not left.issuperset(of_row) for i in of_row}
        left -= torn
        broken |= torn
        pending = sorted({pairs[index].kind for index in torn})
        number += 1
    return Kept(
        frozenset(keys[index] for index in left),
        frozenset(keys[index] for index in broken),
        tuple(found[kind] for kind in sorted(found)),
    )


def _clauses_of_rows(rows: Sequence[Row]) -> list[list[int]]:
    """Return, for each row, which of all negatives are its clauses."""
    found: list[list[int]] = []
    start = 0
    for row in rows:
        found.append([start + place for place, each in enumerate(row.negatives)
                      if each.rule == RULE])  # fmt: skip
        start += len(row.negatives)
    return found


def _lots(rows: Sequence[Row], *, seed: int, number: int) -> NDArray[np.float64]:
    """Return a random number for each negative; the clauses of a row share one, to stay together.

    `number`: how often kinds were thinned before; each time has draws of its own.
    """
    again = (number,) if number else ()
    lots = [
        Stream(seed, "repair", row.id, *own, *again).unit()
        for row in rows
        for place, negative in enumerate(row.negatives)
        for own in ((RULE,) if negative.rule == RULE else (place, negative.text),)
    ]
    return np.array(lots, np.float64)
