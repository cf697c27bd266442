"""The league as JSON, as a table and as a chart."""

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from data.plots import as_file, canvas, tone

Share = Sequence[float | None]
"""A value and the ends of its 95 % interval; None where it was not measured."""

_HEADINGS: Final = (
    *("set", "captions", "negatives", "words", "form", "language model", "still true"),
    *("covered", "repeated"),
)
_READERS: Final = (
    ("words", "words", "accent"),
    ("form", "form", "open"),
    ("fluency", "language model", "teal"),
)
_WIDEST: Final = 0.5  # an interval of "still true" that is shown
_TITLE: Final = "How often a reader of text alone tells a caption from its negative"


class Line(NamedTuple):
    """What the audit says of one set.

    `measured`: pairs that the adversary read; `reference_pairs`: those that the language model did.
    `coverage`: captions with a negative; `repeated`: negatives that repeat a text.
    """

    name: str
    captions: int
    negatives: int
    measured: int
    reference_pairs: int
    words: Share
    form: Share
    fluency: Share
    still_true: Share
    coverage: Share
    a_caption: Share
    repeated: Share


class League(NamedTuple):
    """All sets that were audited, and the names of those that could not be had."""

    lines: tuple[Line, ...]
    missing: tuple[str, ...]

    def ranked(self) -> list[Line]:
        """Return the lines: first the set of which an adversary can tell the least."""
        return sorted(self.lines, key=_guessed)

    def json(self) -> str:
        """Return the league as its file holds it."""
        content = {
            "lines": [line._asdict() for line in self.ranked()],
            "missing": list(self.missing),
        }
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def league_in(text: str) -> League:
    """Return the league that a file holds."""
    content = json.loads(text)
    lines = tuple(Line(**line) for line in content["lines"])
    return League(lines, tuple(content["missing"]))


def table_of(league: League) -> str:
    """Return the table in markdown, each share with half of its 95 % interval."""
    rows = [f"| {' | '.join(_HEADINGS)} |", f"|---|{'---:|' * (len(_HEADINGS) - 1)}"]
    for line in league.ranked():
        told = (line.words, line.form, line.fluency, _if_sure(line.still_true))
        shares = [_with_half(share) for share in told]
        covered, repeated = _plain(line.coverage), _plain(line.repeated)
        cells = (line.name, f"{line.captions:,}", f"{line.negatives:,}", *shares, covered, repeated)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def missing_of(league: League) -> str:
    """Return which sets could not be had."""
    return f"Not audited, because their files were not at hand: {', '.join(league.missing)}."


def chart_of(league: League) -> str:
    """Return the chart as a file: a row a set, a point a reader, its interval as a line."""
    ranked = league.ranked()
    height = 22 * len(ranked) + 70
    with canvas(720, height, margins=(40, 20, 30, 230)) as drawing:
        axes = drawing.axes
        axes.set(xlim=(0, 1), ylim=(len(ranked) - 0.5, -0.5))
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
        axes.set_yticks(range(len(ranked)), [line.name for line in ranked])
        axes.grid(axis="x", color=tone("line"), linewidth=1)
        axes.axvline(0.5, color=tone("muted"), linewidth=2)
        for number, (field, name, colour) in enumerate(_READERS):
            axes.annotate(
                name,
                (number / 3, 1.02),
                xycoords="axes fraction",
                color=tone(colour),
                weight="bold",
            )
            for place, line in enumerate(ranked):
                value, low, high = getattr(line, field)
                if value is not None:
                    at = place + (number - 1) * 0.22
                    axes.hlines(at, low or value, high or value, color=tone(colour), linewidth=2)
                    axes.scatter(value, at, s=30, color=tone(colour), linewidths=0, zorder=3)
        return as_file(drawing.svg(kind="chart", title=_TITLE))


def _guessed(line: Line) -> tuple[float, str]:
    """Return how far from guessing the better of the adversary's readings is."""
    values = [share[0] for share in (line.words, line.form) if share[0] is not None]
    return max((abs(value - 0.5) for value in values), default=1.0), line.name


def _if_sure(share: Share) -> Share:
    """Return a share unless its interval is so wide that it says nothing."""
    _, low, high = share
    is_sure = low is not None and high is not None and high - low <= _WIDEST
    return share if is_sure else (None, None, None)


def _with_half(share: Share) -> str:
    value, low, high = share
    if value is None:
        return ""
    return (
        f"{value:.3f}" if low is None or high is None else f"{value:.3f} ± {(high - low) / 2:.3f}"
    )


def _plain(share: Share) -> str:
    return "" if share[0] is None else f"{share[0]:.3f}"
