"""`negatives audit`: what gives a folder's negatives away, and their composition."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from data.command import PATH_OR_URL
from data.errors import UsageError
from data.storage import AnyPath

if TYPE_CHECKING:
    from rich.table import Table

    from negatives.auditing.findings import Audit

_FEWEST = click.IntRange(min=1)
_REFERENCE_PAIRS = 2000
_SHOWN = ("size", "negatives by type", "rejects by reason", "negatives that repeat a text")
_COLOURS = {"inside": "green", "outside": "bold red", "unproven": "yellow", "not measured": "dim"}


@click.command()
@click.argument("folder", type=PATH_OR_URL)
@click.option("--json", "as_json", is_flag=True, help="Print the whole audit as JSON.")
@click.option("--out", type=PATH_OR_URL, help="Write the whole audit as JSON.")
@click.option(
    "--html", type=PATH_OR_URL, help="Write an HTML report in one file, with a sample to browse."
)
@click.option(
    "--images",
    type=PATH_OR_URL,
    help="Where the images are, for pictures in the report; scenes are drawn without.",
)
@click.option("--fail-outside", is_flag=True, help="Exit with 1 if a finding is outside its bar.")
@click.option(
    "--reference-model",
    "reference_name",
    default="auto",
    show_default=True,
    help="A causal language model by name or folder; auto: the packaged one; none: no model.",
)
@click.option(
    "--reference-pairs",
    type=_FEWEST,
    help=f"Number of pairs it reads; a type needs 1,000 for proof.  [default: {_REFERENCE_PAIRS}]",
)
@click.option(
    "--sample",
    type=_FEWEST,
    default=20_000,
    show_default=True,
    help="Approximate number of pairs to measure for leaks.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of folds and samples.")
@click.option(
    "--against",
    type=PATH_OR_URL,
    multiple=True,
    help="A benchmark's .json, .jsonl or .txt; repeatable.",
)
@click.option(
    "--held-out",
    metavar="NAME=ROOT",
    help="A source and its folder or file: those of its captions that FOLDER lacks show "
    "whether negatives are still true.",
)
@click.option("--quiet", is_flag=True, help="Print only errors.")
def audit(
    *,
    folder: AnyPath,
    as_json: bool,
    out: AnyPath | None,
    html: AnyPath | None,
    images: AnyPath | None,
    fail_outside: bool,
    reference_name: str,
    reference_pairs: int | None,
    sample: int,
    seed: int,
    against: tuple[AnyPath, ...],
    held_out: str | None,
    quiet: bool,
) -> None:
    """Measure what gives negatives away, and count each type.

    \b
    negatives audit out --html report.html
    negatives audit out --against sugar-crepe/swap_att.json --fail-outside
    """
    from negatives.auditing.api import audit as run
    from negatives.auditing.api import json_of

    with stages("audit", shown=not (quiet or as_json)) as report:
        found = run(
            folder,
            reference_model=reference_name,
            reference_pairs=reference_pairs,
            sample=sample,
            seed=seed,
            against=against,
            held_out=None if held_out is None else _source_of(held_out),
            html=html,
            out=out,
            images=images,
            report=report,
        )
    if as_json:
        click.echo(json_of(found))
    elif not quiet:
        _show(found, html)
    is_outside = any(finding.verdict() == "outside" for finding in found.findings)
    sys.exit(1 if fail_outside and is_outside else 0)


def _source_of(held_out: str) -> dict[str, str]:
    """Return the source that `NAME=ROOT` names."""
    name, equals, root = held_out.partition("=")
    if not (name and equals and root):
        raise UsageError(
            f"--held-out: expected NAME=ROOT, such as coco=coco/annotations, found {held_out!r}"
        )
    return {"name": name, "root": root}


@contextmanager
def stages(command: str, *, shown: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function to tell what is measured; the error stream shows it if it is a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield lambda _stage: None
        return
    with console.status(command) as status:
        yield lambda stage: status.update(f"{command}: {stage}")


def _show(found: "Audit", html: AnyPath | None) -> None:
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    console.print(f"{found.name}  {found.fingerprint}", style="bold", markup=False)
    for measure, reference in found.judges.items():
        console.print(f"{measure} is measured with {reference}", markup=False)
    console.print(_table(found))
    for title in _SHOWN:
        counts = found.counts.get(title, {})
        if counts:
            console.print(f"\n{title}", style="bold")
            for name, count in counts.items():
                console.print(f"  {count:>9,}  {name}", markup=False)
    if html is not None:
        console.print(f"\nwritten: {html}", markup=False)


def _table(found: "Audit") -> "Table":
    from rich.table import Table
    from rich.text import Text

    from negatives.auditing.findings import format_bar, format_interval, format_value

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("measure")
    table.add_column("group")
    for heading in ("value", "95 %", "bar", "of"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    previous = ""
    for finding in found.findings:
        name = "" if finding.measure == previous else finding.measure
        previous = finding.measure
        verdict = finding.verdict()
        said = verdict if not finding.why else f"{verdict}: {finding.why}"
        style = _COLOURS.get(verdict, "")
        table.add_row(
            Text(name),  # a file name may look like markup
            Text(finding.group),
            "" if finding.value is None else format_value(finding.value),
            format_interval(finding).replace(" to ", "\N{EN DASH}"),  # 80 columns are too narrow
            format_bar(finding.bar).replace(" to ", "\N{EN DASH}"),
            f"{finding.num:,}",
            Text(said, style=style),
        )
    return table
