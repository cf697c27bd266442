"""The tables and the picture of the study's page: `python -m benchmarks.study_page OUT`.

OUT is the folder of `python -m benchmarks.study OUT`, finished or not. Writes docs/study.json, the
tables in docs/study.md, and docs/pictures/study.svg.
"""

import json
from pathlib import Path
from typing import Final

import click

from benchmarks.league_page import with_table
from benchmarks.study_tables import (
    as_json,
    binding_table,
    figures_of,
    markdown,
    picture,
    read_all,
    table,
)
from data.errors import UsageError

_DOCS: Final = Path(__file__).parents[1] / "docs"


@click.command(help=__doc__)
@click.argument("out", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--docs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=_DOCS,
    help="The folder of study.md.  [default: docs]",
)
def main(*, out: Path, docs: Path) -> None:
    """Write what the study has found so far to its page."""
    runs_of = read_all(out / "results")
    if not runs_of:
        raise UsageError(f"{out}: expected results of `python -m benchmarks.study`, found none")
    content = as_json({label: [figures_of(run) for run in runs] for label, runs in runs_of.items()})
    found = json.loads(content)
    text = (docs / "study.md").read_text(encoding="utf-8")
    for rows in (table(found), binding_table(found)):
        text = with_table(text, markdown(rows).rstrip("\n"))
    (docs / "pictures").mkdir(exist_ok=True)
    (docs / "study.json").write_text(content, encoding="utf-8")
    (docs / "study.md").write_text(text, encoding="utf-8")
    (docs / "pictures/study.svg").write_text(picture(found), encoding="utf-8")


if __name__ == "__main__":
    main()
