"""Further commands: `evaluate benchmarks`, `compare`, `plot`."""

import json
from collections.abc import Mapping
from pathlib import Path

import click

from data.command import LOCAL_PATH
from data.commit import write_atomically
from data.disk import unwritable


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def benchmarks(*, as_json: bool) -> None:
    """List the benchmarks, and the files that each expects."""
    from training.evaluation.benchmarks import BENCHMARKS, BUILT_IN

    listed = {
        name: {"expects": adapter.expects, "images": adapter.images, "checked": adapter.checked}
        for name, adapter in BENCHMARKS.items()
    }
    for name, (expects, images) in BUILT_IN.items():  # our own, so there is nothing to check
        listed[name] = {"expects": expects, "images": images, "checked": "ours"}
    if as_json:
        click.echo(json.dumps(listed, indent=1))
        return
    width = max(map(len, listed))
    for name, each in listed.items():
        click.echo(f"{name:<{width}}  {each['expects']}; images: {each['images']}{_note(each)}")


def _note(listed: Mapping[str, str]) -> str:
    return "" if listed["checked"] == "ours" else f" (checked against: {listed['checked']})"


@click.command()
@click.argument("before", type=LOCAL_PATH)
@click.argument("after", type=LOCAL_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def compare(*, before: Path, after: Path, as_json: bool) -> None:
    """Compare two runs item by item (McNemar's exact test)."""
    from data.config import plain
    from training.evaluation.compare import compared_runs
    from training.evaluation.results import read_results
    from training.evaluation.tables import compared_table

    paired = compared_runs(read_results(before), read_results(after))
    if as_json:
        click.echo(json.dumps([plain(pair) for pair in paired], indent=1))
    else:
        click.echo(compared_table(paired))


@click.command()
@click.argument("results", type=LOCAL_PATH, nargs=-1, required=True)
@click.option("--out", type=LOCAL_PATH, required=True, help="An SVG.")
@click.option("-x", "across", default="ZS", show_default=True, help="A figure of the summary.")
@click.option("-y", "up", default="Comp", show_default=True, help="A figure of the summary.")
@click.option(
    "--against",
    metavar="published[:BACKBONE]",
    help="Draw published models in grey behind the runs, of the figures that all of them have.",
)
def plot(
    *, results: tuple[Path, ...], out: Path, across: str, up: str, against: str | None
) -> None:
    """Plot composition against zero-shot; the alphas of one run are joined by a line."""
    from training.evaluation.published import checked_against, known_models
    from training.evaluation.results import read_results
    from training.evaluation.tradeoff import cloud_of, tradeoff

    models = known_models(checked_against(against)) if against else ()
    runs = [read_results(path) for path in results]
    cloud = cloud_of(runs, across=across, up=up, models=models) if models else None
    svg = tradeoff(runs, across=across, up=up, cloud=cloud)
    try:
        write_atomically(out, svg)
    except OSError as error:
        raise unwritable(out, error) from error
    click.echo("\n".join([*(cloud.notes if cloud else ()), str(out)]))
