"""`negatives audit`: what gives the negatives of a folder away, and what there is of them."""

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from data.command import PLACE
from data.errors import UsageError
from data.storage import is_remote

if TYPE_CHECKING:
    from rich.table import Table

    from negatives.auditing.findings import Audit
    from negatives.auditing.gap import Judge

_FEWEST = click.IntRange(min=1)
_JUDGE_PAIRS = 2000
_SHOWN = ("size", "negatives by type", "rejects by reason", "negatives that repeat a text")
_COLOURS = {"inside": "green", "outside": "bold red", "unproven": "yellow", "not measured": "dim"}


@click.command()
@click.argument("folder", type=PLACE)
@click.option("--json", "as_json", is_flag=True, help="Print the whole audit as JSON.")
@click.option("--out", type=PLACE, help="Write the whole audit as JSON.")
@click.option("--html", type=PLACE, help="Write a report of one file, with a sample to browse.")
@click.option("--fail-outside", is_flag=True, help="Exit with 1 if a finding is outside its bar.")
@click.option(
    "--judge",
    "judge_name",
    default="auto",
    show_default=True,
    help="A causal language model by name or folder; auto: the packaged one; none: no judge.",
)
@click.option(
    "--judge-pairs",
    type=_FEWEST,
    help=f"How many pairs the judge reads; a type is proven with 1,000.  [default: {_JUDGE_PAIRS}]",
)
@click.option(
    "--sample",
    type=_FEWEST,
    default=20_000,
    show_default=True,
    help="About so many pairs are measured for leaks.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Which folds and samples.")
@click.option(
    "--against", type=PLACE, multiple=True, help="A benchmark's .json, .jsonl or .txt; often."
)
@click.option("--quiet", is_flag=True, help="Print errors alone.")
def audit(
    *,
    folder: Path,
    as_json: bool,
    out: Path | None,
    html: Path | None,
    fail_outside: bool,
    judge_name: str,
    judge_pairs: int | None,
    sample: int,
    seed: int,
    against: tuple[Path, ...],
    quiet: bool,
) -> None:
    """Measure what gives negatives away, and what there is of each type.

    \b
    negatives audit out --html report.html
    negatives audit out --against sugar-crepe/swap_att.json --fail-outside
    """
    from data.commit import write_atomically
    from data.manifest import read_manifest
    from negatives.auditing.run import AuditOptions, audit_folder

    if judge_name == "none" and judge_pairs is not None:
        raise UsageError("--judge-pairs does nothing with --judge none; leave one of them out")
    read_manifest(folder)  # what is wrong with the folder is told before a model is loaded
    for name, path in (("--html", html), ("--out", out)):
        if path is not None:
            _check_place(name, path)
    options = AuditOptions(
        judge=judge_of(judge_name),
        seed=seed,
        sample=sample,
        judge_pairs=_JUDGE_PAIRS if judge_pairs is None else judge_pairs,
        against=against,
    )
    with _stages(shown=not (quiet or as_json)) as report:
        found, samples = audit_folder(folder, options=options, report=report)
    content = json.dumps(plain_audit(found), indent=1, ensure_ascii=False, allow_nan=False)
    if html is not None:
        from negatives.auditing.report import html_of

        write_atomically(html, html_of(found, samples))
    if out is not None:
        write_atomically(out, content + "\n")
    if as_json:
        click.echo(content)
    elif not quiet:
        _show(found, html)
    is_outside = any(finding.verdict() == "outside" for finding in found.findings)
    sys.exit(1 if fail_outside and is_outside else 0)


def _check_place(option: str, path: Path) -> None:
    """Refuse a place that cannot be written: an audit takes minutes."""
    if not (path.parent.is_dir() or is_remote(path)):
        raise UsageError(f"{option} {path}: expected a folder {path.parent}, found none; make it")
    if path.is_dir():
        raise UsageError(f"{option} {path}: expected the name of a file, found a folder")


def judge_of(name: str) -> "Judge | str":
    """Return the judge of this name, or why there is none.

    Raises:
        UsageError: a model was named and cannot be had.
    """
    if name == "none":
        return "no judge was asked for"
    from negatives.fluency.neural import open_model

    try:
        return open_model(None if name == "auto" else name)
    except UsageError as error:
        if name != "auto":
            raise
        return str(error)


def plain_audit(found: "Audit") -> dict[str, Any]:
    """Return an audit as JSON holds it: findings with their verdicts, null for what has no end."""
    return {
        **found._asdict(),
        "findings": [
            {
                **finding._asdict(),
                "value": _finite(finding.value),
                "low": _finite(finding.low),
                "high": _finite(finding.high),
                "bar": finding.bar and [_finite(end) for end in finding.bar],
                "verdict": finding.verdict(),
            }
            for finding in found.findings
        ],
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


@contextmanager
def _stages(*, shown: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function to tell what is measured; the error stream shows it if it is a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield lambda _stage: None
        return
    with console.status("audit") as status:
        yield lambda stage: status.update(f"audit: {stage}")


def _show(found: "Audit", html: Path | None) -> None:
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    console.print(f"{found.name}  {found.fingerprint}", style="bold", markup=False)
    for measure, judge in found.judges.items():
        console.print(f"{measure} is judged by {judge}", markup=False)
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

    from negatives.auditing.findings import shown, shown_bar, shown_interval

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
            Text(name),  # a file's name may look like markup
            Text(finding.group),
            "" if finding.value is None else shown(finding.value),
            shown_interval(finding).replace(" to ", "\N{EN DASH}"),  # 80 columns are few
            shown_bar(finding.bar).replace(" to ", "\N{EN DASH}"),
            f"{finding.num:,}",
            Text(said, style=style),
        )
    return table
