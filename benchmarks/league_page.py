"""The league's page, from a finished run: `python -m benchmarks.league_page OUT`.

OUT is the folder of `python -m benchmarks.league`. Writes docs/league.json and the chart, and puts
the tables into docs/league.md, whose other text stays as it is.
"""

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from benchmarks.league_tables import (
    League,
    chart_of,
    content_table,
    league_in,
    leak_table,
    missing_of,
)
from data.errors import UsageError

_DOCS: Final = Path(__file__).parents[1] / "docs"
_WIDTH: Final = 118
_MISSING: Final = r"^Not audited, because(?s:.*?)\.$"


def league_page(text: str, league: League) -> str:
    """Return the text of a page with the tables of this league in place of its own.

    Raises:
        UsageError: the page lacks one of the tables, or the paragraph on missing sets.
    """
    for table in (leak_table(league), content_table(league)):
        text = with_table(text, table)
    missing = textwrap.fill(missing_of(league), _WIDTH, break_on_hyphens=False)
    return _replaced(text, _MISSING, missing, "a line 'Not audited, because'")


def with_table(text: str, table: str) -> str:
    """Return a text with this table in place of the one that has the same first line.

    Raises:
        UsageError: the text has no such table, or several.
    """
    heading = table.partition("\n")[0]
    pattern = rf"^{re.escape(heading)}(?:\n\|.*)*"
    return _replaced(text, pattern, table, f"one table with the heading {heading}")


def _replaced(text: str, pattern: str, new: str, expected: str) -> str:
    result, count = re.subn(pattern, lambda _: new, text, flags=re.MULTILINE)
    if count != 1:
        raise UsageError(f"the page: expected {expected}, found {count}; restore it from git")
    return result


def docs_option(page: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option --docs of a command that writes a page."""
    return click.option(
        "--docs",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=_DOCS,
        help=f"The folder of {page}.  [default: docs]",
    )


@click.command(help=__doc__)
@click.argument("out", type=click.Path(exists=True, file_okay=False, path_type=Path))
@docs_option("league.md")
def main(*, out: Path, docs: Path) -> None:
    """Write the league of a run to the pages."""
    text = (out / "league.json").read_text(encoding="utf-8")
    league = league_in(text)
    page = docs / "league.md"
    page.write_text(league_page(page.read_text(encoding="utf-8"), league), encoding="utf-8")
    (docs / "league.json").write_text(text, encoding="utf-8")
    (docs / "pictures").mkdir(exist_ok=True)
    (docs / "pictures/league.svg").write_text(chart_of(league), encoding="utf-8")
    click.echo(f"{page}: {len(league.lines)} sets, {len(league.missing)} missing")


if __name__ == "__main__":
    main()
