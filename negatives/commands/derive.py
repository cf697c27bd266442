"""`negatives filter` and `merge`: a new folder made from finished ones."""

import json
from typing import TYPE_CHECKING

import click

from data.command import PATH_OR_URL
from data.errors import UsageError
from data.storage import AnyPath

if TYPE_CHECKING:
    from data.manifest import Manifest

_JSON = click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
_QUIET = click.option("--quiet", is_flag=True, help="Print only errors.")


@click.command("filter")
@click.argument("folder", type=PATH_OR_URL)
@click.argument("new", type=PATH_OR_URL)
@click.option("--type", "types", multiple=True, help="Keep this type, or type/subtype; repeatable.")
@click.option("--rule", "rules", multiple=True, help="Keep this rule's negatives; repeatable.")
@click.option("--min-score", type=float, help="Keep negatives with at least this score, in nats.")
@click.option("--max-negatives", type=int, help="Keep at most the first N of each caption.")
@click.option("--drop-empty", is_flag=True, help="Drop captions left without a negative.")
@click.option("--no-positives", is_flag=True, help="Drop all positives; by default all are kept.")
@click.option("--sample-captions", type=float, help="Keep each caption with this probability.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which sample.")
@_JSON
@_QUIET
def filter_(
    *,
    folder: AnyPath,
    new: AnyPath,
    types: tuple[str, ...],
    rules: tuple[str, ...],
    min_score: float | None,
    max_negatives: int | None,
    drop_empty: bool,
    no_positives: bool,
    sample_captions: float | None,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write part of a finished folder as a new one, with its lineage; rejects are not copied.

    \b
    negatives filter out out-swaps --type swap --type replace/att --drop-empty
    """
    from data.manifest import read_manifest
    from data.pulling import unpacked
    from negatives.commands.progress import counting
    from negatives.folders.filtering import FilterOptions, filter_folder

    options = FilterOptions(
        types=types,
        rules=rules,
        min_score=min_score,
        max_negatives=max_negatives,
        drop_empty=drop_empty,
        no_positives=no_positives,
        sample_captions=sample_captions,
        seed=seed,
    )
    folder = unpacked(folder)
    total = read_manifest(folder).num_rows()
    with counting("filter", total=total, shown=not (quiet or as_json)) as report:
        manifest, dropped = filter_folder(folder, new, options=options, report=report)
    tell(manifest, new, dropped, as_json=as_json, quiet=quiet)


@click.command()
@click.argument("folders", nargs=-1, type=PATH_OR_URL, metavar="A B [...] NEW")
@_JSON
@_QUIET
def merge(*, folders: tuple[AnyPath, ...], as_json: bool, quiet: bool) -> None:
    """Write several finished folders as a new one, named last.

    Captions with the same id get the negatives of all; rejects are not copied.

    \b
    negatives merge out-natural out-negation out-both
    """
    from data.manifest import read_manifest
    from data.pulling import unpacked
    from negatives.commands.progress import counting
    from negatives.folders.merging import merge_folders

    if len(folders) < 3:
        raise UsageError(
            f"expected at least two folders and then the new one, found {len(folders)} names"
        )
    *names, new = folders
    parents = [unpacked(folder) for folder in names]
    total = sum(read_manifest(folder).num_rows() for folder in parents)
    with counting("merge", total=total, shown=not (quiet or as_json)) as report:
        manifest, dropped = merge_folders(parents, new, report=report)
    tell(manifest, new, dropped, as_json=as_json, quiet=quiet)


def tell(
    manifest: "Manifest", new: AnyPath, dropped: dict[str, int], *, as_json: bool, quiet: bool
) -> None:
    """Print a new folder's content, and what was dropped."""
    from negatives.commands.build import summary

    if as_json:
        content = {"out": str(new), "tallies": manifest.tallies, "dropped": dropped}
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
    elif not quiet:
        click.echo(summary(manifest, new))
        tell_counts("dropped", dropped)


def tell_counts(what: str, counts: dict[str, int]) -> None:
    """Print counts in one line, if any."""
    if counts:
        click.echo(f"{what}: " + ", ".join(f"{n:,} {reason}" for reason, n in counts.items()))
