"""The tables and the picture of the study's page: `python -m benchmarks.study_page OUT`.

OUT is the folder of `python -m benchmarks.study OUT`, finished or not. Writes docs/study.json, the
tables in docs/study.md, and docs/pictures/study.svg.
"""

import json
from pathlib import Path

import click

from benchmarks.league_page import docs_option, with_table
from benchmarks.study_tables import (
    as_json,
    binding_table,
    figures_in,
    markdown,
    picture,
    table,
)
from data.errors import UsageError


@click.command(help=__doc__)
@click.argument("out", type=click.Path(exists=True, file_okay=False, path_type=Path))
@docs_option("study.md")
def main(*, out: Path, docs: Path) -> None:
    """Write what the study has found so far to its page."""
    content = as_json(figures_in(out))
    found = json.loads(content)
    if not found:
        raise UsageError(f"{out}: expected results of `python -m benchmarks.study`, found none")
    text = (docs / "study.md").read_text(encoding="utf-8")
    for rows in (table(found), binding_table(found)):
        text = with_table(text, markdown(rows).rstrip("\n"))
    (docs / "pictures").mkdir(exist_ok=True)
    (docs / "study.json").write_text(content, encoding="utf-8")
    (docs / "study.md").write_text(text, encoding="utf-8")
    (docs / "pictures/study.svg").write_text(picture(found), encoding="utf-8")


if __name__ == "__main__":
    main()
