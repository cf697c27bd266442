"""Tables of counts as figures: bars for names, columns for whole numbers."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from data.plots import Svg
from negatives.auditing.plots import columns

_WHOLES: Final = frozenset(  # titles whose counts are parts of a whole, so that shares make sense
    (
        "negatives by type",
        "rejects by reason",
        "why a caption has no negative",
        "final mark of captions",
        "final mark of negatives",
    )
)
_MOST_COLUMNS: Final = 200  # more would be too thin to see


class Figure(NamedTuple):
    """A table of counts as it is shown.

    `has_shares`: the counts are parts of the whole `total`. `plot`: columns, for whole numbers.
    """

    title: str
    note: str
    counts: Mapping[str, int]
    total: int
    most: int
    has_shares: bool
    plot: Svg | None


def figure_of(title: str, counts: Mapping[str, int]) -> Figure:
    """Return a table of counts as a figure, with its numbers as text."""
    total, most = sum(counts.values()), max(counts.values(), default=0)
    if counts and all(name.isascii() and name.isdecimal() for name in counts):
        numbers = sorted(map(int, counts))
        if len(numbers) > 2 and numbers[-1] - numbers[0] < _MOST_COLUMNS:
            return _histogram(title, {n: counts[str(n)] for n in numbers}, total, most)
    has_shares = title in _WHOLES
    note = "none" if not counts else f"{total:,} in all" if has_shares else ""
    return Figure(title, note, counts, total, most, has_shares, None)


def _histogram(title: str, counts: Mapping[int, int], total: int, most: int) -> Figure:
    """Return columns for the whole numbers from the least to the greatest."""
    mean = sum(number * count for number, count in counts.items()) / total if total else 0
    plot = columns({n: counts.get(n, 0) for n in range(min(counts), max(counts) + 1)})
    named = {str(number): count for number, count in counts.items()}
    note = f"{total:,} in all, mean {mean:.1f}"
    return Figure(title, note, named, total, most, has_shares=False, plot=plot)
