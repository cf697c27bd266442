"""Texts as one tree of tokens, so that shared prefixes are computed once.

The model reads a pack in one pass: each row is a token that attends only to its prefix. There is no
padding. A text's last token has no row, because its probability comes from the row before.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Pack(NamedTuple):
    """R rows, and T texts as steps through them: from a row to the next token.

    `tokens`, `parents`, `depths`: R each; the parent of row 0, the start, is row 0. `rows`,
    `targets`: the steps of all texts, one after another; `sizes`: each text's number of steps.
    """

    tokens: list[int]
    parents: list[int]
    depths: list[int]
    rows: list[int]
    targets: list[int]
    sizes: list[int]

    def visible(self) -> NDArray[np.bool_]:
        """Return for each of R rows which of R rows it attends to: itself and its prefix."""
        visible_RR = np.zeros((len(self.parents), len(self.parents)), bool)  # noqa: N806
        for row, parent in enumerate(self.parents):
            visible_RR[row] = visible_RR[parent]
            visible_RR[row, row] = True
        return visible_RR

    def totals(self, steps: NDArray[np.float64]) -> list[float]:
        """Return for each of T texts the sum over its steps; 0 for a text without steps."""
        sums = np.concatenate([[0.0], np.cumsum(steps)])
        ends = np.cumsum(self.sizes)
        return [float(total) for total in sums[ends] - sums[ends - self.sizes]]


def packs_of(
    sequences: Sequence[Sequence[int]], *, start: int, num_rows: int
) -> Iterator[tuple[range, Pack]]:
    """Yield packs of consecutive sequences, with their indices.

    A pack is closed once it has `num_rows` rows or more. Sorted sequences share most.
    """
    first = 0
    pack, row_of = _empty(start)
    for number, sequence in enumerate(sequences):
        if number > first and len(pack.tokens) >= num_rows:
            yield range(first, number), pack
            first = number
            pack, row_of = _empty(start)
        _add(pack, row_of, sequence)
    if first < len(sequences):
        yield range(first, len(sequences)), pack


def _empty(start: int) -> tuple[Pack, dict[tuple[int, int], int]]:
    return Pack([start], [0], [0], [], [], []), {}


def _add(pack: Pack, row_of: dict[tuple[int, int], int], sequence: Sequence[int]) -> None:
    """Add a sequence; `row_of` maps a row and a token to the existing next row."""
    row = 0
    for depth, token in enumerate(sequence):
        if depth:
            previous = row, sequence[depth - 1]
            row = row_of.setdefault(previous, len(pack.tokens))
            if row == len(pack.tokens):
                pack.tokens.append(previous[1])
                pack.parents.append(previous[0])
                pack.depths.append(depth)
        pack.rows.append(row)
        pack.targets.append(token)
    pack.sizes.append(len(sequence))
