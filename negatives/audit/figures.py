"""Tables of counts as figures: bars for names, columns for whole numbers."""

from collections.abc import Mapping
from typing import Final

from negatives.audit.markup import Html, element, table
from negatives.audit.plots import columns, share_bar

_SHOWN_AT_ONCE: Final = 12  # rows of a table of counts; the rest is folded away
_WHOLES: Final = (
    frozenset(  # titles whose counts are parts of a whole, so that a share says something
        (
            "negatives by type",
            "rejects by reason",
            "why a caption has no negative",
            "final mark of captions",
            "final mark of negatives",
        )
    )
)
_MOST_COLUMNS: Final = 200  # more are too thin to be seen


def figure_of(title: str, counts: Mapping[str, int]) -> Html:
    """Return the figure of a table of counts, with its numbers to be read."""
    if counts and all(name.isascii() and name.isdecimal() for name in counts):
        numbers = sorted(map(int, counts))
        if len(numbers) > 2 and numbers[-1] - numbers[0] < _MOST_COLUMNS:
            return _histogram(title, counts)
    return _bars(title, counts)


def _bars(title: str, counts: Mapping[str, int]) -> Html:
    total, most = sum(counts.values()), max(counts.values(), default=0)
    is_whole = title in _WHOLES
    rows = [
        element(
            "tr",
            None,
            element("th", {"scope": "row", "dir": "auto"}, name),
            element("td", {"class": "plot"}, share_bar(count, most)),
            element("td", {"class": "number"}, f"{count:,}"),
            *(
                [element("td", {"class": "number muted"}, f"{count / total:.1%}")]
                if is_whole
                else []
            ),
        )
        for name, count in counts.items()
    ]
    headings = ["Name", "Plot", "Number", *(["Share"] if is_whole else [])]
    parts = [table(title, headings, rows[:_SHOWN_AT_ONCE], kind="bars", head="spoken")]
    if rest := rows[_SHOWN_AT_ONCE:]:
        more = element("summary", None, f"{len(rest)} more")
        whole = table(f"{title}, the rest", headings, rest, kind="bars", head="spoken")
        parts.append(element("details", None, more, whole))
    if not counts:
        return _figure(title, "none")
    return _figure(title, f"{total:,} in all" if is_whole else "", *parts)


def _histogram(title: str, counts: Mapping[str, int]) -> Html:
    """Return columns for the whole numbers from the least name to the greatest."""
    by_number = {int(name): count for name, count in counts.items()}
    numbers = range(min(by_number), max(by_number) + 1)
    total = sum(counts.values())
    mean = sum(number * count for number, count in by_number.items()) / total if total else 0
    rows = [
        element(
            "tr",
            None,
            element("th", {"scope": "row"}, str(number)),
            element("td", {"class": "number"}, f"{count:,}"),
        )
        for number, count in sorted(by_number.items())
    ]
    return _figure(
        title,
        f"{total:,} in all, mean {mean:.1f}",
        columns({number: by_number.get(number, 0) for number in numbers}),
        element(
            "details",
            None,
            element("summary", None, "as a table"),
            table(title, ["Value", "Number"], rows),
        ),
    )


def _figure(title: str, note: str, *parts: Html) -> Html:
    heading = element("h3", None, title)
    return element(
        "div", {"class": "card"}, heading, element("p", {"class": "muted"}, note), *parts
    )
