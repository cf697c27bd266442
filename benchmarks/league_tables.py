"""The league as JSON, as tables and as a chart."""

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from data.plots import Drawing, as_file, canvas, tone

Share = Sequence[float | None]
"""A value and the ends of its 95 % interval; None where it was not measured."""

_LEAK_HEADINGS: Final = ("set", "words", "form", "language model")
_CONTENT_HEADINGS: Final = ("set", "captions", "negatives", "still true", "covered", "repeated")
_READERS: Final = (
    ("words", "words", "accent"),
    ("form", "form", "open"),
    ("fluency", "language model", "teal"),
)
_WIDEST: Final = 0.5  # the widest interval of "still true" that is shown
_TITLE: Final = "How often a reader of text alone tells a caption from its negative"
_ROW: Final = 30  # pixels
_LEFT: Final = 236
_LEGEND: Final = (0, 78, 144)  # pixels from the left end of the axes


class Line(NamedTuple):
    """What the audit says of one set.

    `measured`: pairs that the adversary read. `reference_pairs`: pairs that the language model
    read. `coverage`: captions with a negative. `repeated`: negatives that repeat a text.
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
    negatives_per_caption: Share
    repeated: Share


class League(NamedTuple):
    """All sets that were audited, and the names of those that could not be had."""

    lines: tuple[Line, ...]
    missing: tuple[str, ...]

    def ranked(self) -> list[Line]:
        """Return the lines, the set first that tells an adversary least."""
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


def leak_table(league: League) -> str:
    """Return how often each reader tells, in markdown, with half of the 95 % interval."""
    return _table(
        _LEAK_HEADINGS,
        [
            (line.name, *map(_with_half, (line.words, line.form, line.fluency)))
            for line in league.ranked()
        ],
    )


def content_table(league: League) -> str:
    """Return what is in each set, in markdown."""
    return _table(
        _CONTENT_HEADINGS,
        [
            (
                line.name,
                f"{line.captions:,}",
                f"{line.negatives:,}",
                _with_half(_if_sure(line.still_true)),
                _with_half(line.coverage),
                _with_half(line.repeated),
            )
            for line in league.ranked()
        ],
    )


def missing_of(league: League) -> str:
    """Return which sets could not be had."""
    return f"Not audited, because their files could not be had: {'; '.join(league.missing)}."


def chart_of(league: League) -> str:
    """Return the chart as a file: a row a set, a point a reader, its interval as a line."""
    ranked = league.ranked()
    ends = [getattr(line, field) for line in ranked for field, _, _ in _READERS]
    lowest = min([end for share in ends for end in share if end is not None], default=0.5)
    ticks = [tick / 10 for tick in range(min(4, int(lowest * 10)), 11)]
    height = _ROW * len(ranked) + 104
    with canvas(760, height, margins=(52, 24, 52, _LEFT)) as drawing:
        axes = drawing.axes
        axes.set(xlim=(ticks[0], 1), ylim=(len(ranked) - 0.5, -0.5))
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xlabel("share of pairs in which the reader prefers the caption", color=tone("ink"))
        axes.set_yticks(range(len(ranked)), [line.name for line in ranked])
        axes.grid(axis="x", color=tone("line"), linewidth=1)
        for place in range(0, len(ranked), 2):
            axes.axhspan(place - 0.5, place + 0.5, color=tone("ground"), linewidth=0, zorder=0)
        axes.axvline(0.5, color=tone("muted"), linewidth=2)
        _draw_legend(drawing, height)
        for label in axes.get_yticklabels():
            label.set(color=tone("ink"), weight="bold" if _is_ours(label.get_text()) else "normal")
        for number, (field, _, colour) in enumerate(_READERS):
            for place, line in enumerate(ranked):
                value, low, high = getattr(line, field)
                if value is not None:
                    at = place + (number - 1) * 0.26
                    ends = value if low is None else low, value if high is None else high
                    axes.hlines(at, *ends, color=tone(colour), linewidth=2)
                    axes.scatter(
                        value, at, s=36, color=tone(colour), linewidths=0, clip_on=False, zorder=3
                    )
        return as_file(drawing.svg(kind="chart", title=_TITLE))


def _draw_legend(drawing: Drawing, height: int) -> None:
    """Write the readers' names in their colours above the rows, and what 0.5 means."""
    for right, (_, name, colour) in zip(_LEGEND, _READERS, strict=True):
        drawing.axes.annotate(
            f"\N{BLACK CIRCLE} {name}",
            (_LEFT + right, height - 22),
            xycoords="figure pixels",
            color=tone(colour),
            weight="bold",
        )
    drawing.axes.annotate(
        "guessing",
        (0.5, 1),
        (0, 5),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        color=tone("muted"),
    )


def _is_ours(name: str) -> bool:
    return name.startswith("ours")


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _guessed(line: Line) -> tuple[float, str]:
    """Return how far from 0.5 the adversary is, by words or by form, whichever is further."""
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
