"""Results as text: one line per figure, with what is needed to interpret it."""

from collections.abc import Iterable, Sequence

from training.evaluation.compare import Paired
from training.evaluation.margin_tables import margin_tables
from training.evaluation.results import Beside, Results, Score

_HEADINGS = ("", "score", "95 %", "ties", "items", "of", "chance", "text only")


def table_of(results: Results) -> str:
    """Return the scores, then the summary, then the notes."""
    rows = [_HEADINGS, *(_row(score) for score in results.scores)]
    summary = [(name, f"{100 * value:.1f}") for name, value in results.summary.items()]
    margins = [(_name(score), [score.margins]) for score in results.scores if score.margins]
    parts = [f"{results.model}, {results.name}", aligned(rows), aligned(summary)]
    parts += [aligned(table) for table in margin_tables(margins)]
    parts += results.notes
    parts += [_beside_table(results.beside, results.name)] if results.beside else []
    return "\n\n".join(part for part in parts if part)


def _beside_table(beside: Beside, name: str) -> str:
    """Return the run's figures and below them those of published models."""
    rows = [(f"published, {beside.backbone}", *beside.figures)]
    rows += [
        (of, *("-" if share is None else f"{100 * share:.1f}" for share in shares))
        for of, shares in [(f"this run: {name}", beside.own), *beside.models]
    ]
    return "\n".join([aligned(rows), *beside.notes])


def compared_table(paired: Sequence[Paired]) -> str:
    """Return two runs beside each other."""
    rows: list[tuple[str, ...]] = [("", "before", "after", "gained", "lost", "p")]
    rows += [
        (
            _name(pair),
            f"{100 * pair.before:.1f}",
            f"{100 * pair.after:.1f}",
            f"{pair.gained:,}",
            f"{pair.lost:,}",
            "" if pair.p is None else f"{pair.p:.2g}",
        )
        for pair in paired
    ]
    margins = [(_name(pair), pair.margins) for pair in paired if pair.margins]
    return "\n\n".join(aligned(table) for table in [rows, *margin_tables(margins)])


def aligned(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as aligned columns, the first flush left and the others flush right."""
    table = [list(row) for row in rows]
    if not table:
        return ""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = (
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    )
    return "\n".join(line.rstrip() for line in lines)


def _row(score: Score) -> tuple[str, ...]:
    text_only = ", ".join(f"{name} {100 * value:.0f}" for name, value in score.text_only.items())
    figures = ("-", "")
    if score.value is not None and score.low is not None and score.high is not None:
        figures = (f"{100 * score.value:.1f}", f"{100 * score.low:.1f}-{100 * score.high:.1f}")
    return (
        _name(score),
        *figures,
        str(score.ties or ""),
        f"{score.items:,}",
        f"{score.expected:,}",
        f"{100 * score.chance:.1f}",
        text_only,
    )


def _name(of: Score | Paired) -> str:
    return figure_name(of.benchmark, of.task, of.measure)


def figure_name(benchmark: str, task: str, measure: str) -> str:
    """Return the name of a line of a table."""
    shown = "" if measure == "accuracy" else measure
    return " ".join(part for part in (benchmark, task, shown) if part)
