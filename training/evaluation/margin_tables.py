"""Margins, calibration and hard positives as rows of tables; all numbers times 100. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from training.evaluation.margins import LEVELS, Margins

Rows = list[tuple[str, ...]]

_LEFT_OUT: Final = ("25 %", "75 %", "95 %")
"""Columns that are dropped to make room for a second run."""


def margin_tables(named: Sequence[tuple[str, Sequence[Margins]]]) -> list[Rows]:
    """Return a table of margins and one of hard positives, each only if a task has any.

    A task has the margins of one run, or of two; then the second run's column follows each of the
    first's.
    """
    tables: list[Rows] = []
    for title, cells_of in (("margins", _spread), ("hard positives", _positives)):
        lines = [(name, [cells_of(margins) for margins in runs]) for name, runs in named]
        rows = [(name, *_side_by_side(runs)) for name, runs in lines if all(runs)]
        if rows:
            headings = next(runs for _, runs in lines if all(runs))
            after: list[dict[str, str]] = [dict.fromkeys(cells, "after") for cells in headings[1:]]
            names = {heading: heading for heading in headings[0]}
            tables.append([(title, *_side_by_side([names, *after])), *rows])
    return tables


def _side_by_side(runs: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the cells of all runs, column by column."""
    kept = [name for name in runs[0] if len(runs) == 1 or name not in _LEFT_OUT]
    return [cells[name] for name in kept for cells in runs]


def _spread(margins: Margins) -> dict[str, str]:
    quantiles = zip(LEVELS, margins.quantiles, strict=True)
    return {
        "mean": _percent(margins.mean),
        **{f"{100 * level:.0f} %": _percent(value) for level, value in quantiles},
        "ECE (95 %)": _calibration(margins),
        "overconfident": _percent(margins.overconfidence),
    }


def _calibration(margins: Margins) -> str:
    error = _percent(margins.calibration_error)
    if margins.calibration_interval is None:
        return error
    low, high = map(_percent, margins.calibration_interval)
    return f"{error} ({low}-{high})"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f}"


def _positives(margins: Margins) -> dict[str, str]:
    found = margins.hard_positives
    if found is None:
        return {}
    shares = {"accepted": found.accepted, "rejected": found.rejected, "brittle": found.brittle}
    return {name: f"{100 * share:.1f}" for name, share in shares.items()}
