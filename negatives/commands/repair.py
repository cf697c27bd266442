"""`negatives repair`: the part of published negatives that readers of text cannot tell."""

import json
from typing import TYPE_CHECKING

import click

from data.command import PATH_OR_URL
from data.errors import UsageError
from data.storage import AnyPath

if TYPE_CHECKING:
    from collections.abc import Iterator

    from negatives.repairing.rounds import KindRepair, Shares

_READERS = ("words", "form", "fluency")


@click.command()
@click.argument("path", type=PATH_OR_URL, metavar="FILE_OR_FOLDER")
@click.argument("new", type=PATH_OR_URL)
@click.option(
    "--tolerance",
    type=float,
    default=0.05,
    show_default=True,
    help="How far from 0.5 each reader may be.",
)
@click.option(
    "--reference-model",
    "reference_name",
    default="auto",
    show_default=True,
    help="A causal language model by name or folder; auto: the packaged one; none: no model.",
)
@click.option(
    "--scores",
    type=PATH_OR_URL,
    help="File of the reference model's scores, read and extended.  [default: NEW.scores.json]",
)
@click.option("--drop-empty", is_flag=True, help="Leave out captions left without a negative.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of folds and draws.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def repair(
    *,
    path: AnyPath,
    new: AnyPath,
    tolerance: float,
    reference_name: str,
    scores: AnyPath | None,
    drop_empty: bool,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the part of a set that readers of text alone cannot guess, as a new folder.

    \b
    The audit's adversary and reference model read each kind. Pairs that give
    themselves away are thinned at random until no reader tells captions from
    negatives more or less often than 0.5 plus or minus the tolerance.
    FILE_OR_FOLDER is a finished folder, or a file that `negatives import` reads
    without options.

    \b
    negatives repair sugar-crepe repaired
    """
    from negatives.auditing.api import open_reference
    from negatives.commands.audit import stages
    from negatives.commands.derive import tell
    from negatives.repairing.run import RepairOptions, plain_kind
    from negatives.repairing.run import repair as run

    options = RepairOptions(tolerance=tolerance, drop_empty=drop_empty, seed=seed)
    reference = open_reference(reference_name)
    if isinstance(reference, str) and reference_name != "none":
        raise UsageError(f"{reference}; or repair without it: --reference-model none")
    if scores is not None and reference_name == "none":
        raise UsageError("--scores has no effect with --reference-model none; drop one of them")
    model = None if isinstance(reference, str) else reference
    with stages("repair", shown=not (quiet or as_json)) as report:
        repaired = run(path, new, reference=model, scores=scores, options=options, report=report)
    if as_json:
        content = {
            "out": str(new),
            "kinds": [plain_kind(kind) for kind in repaired.kinds],
            "tallies": repaired.manifest.tallies,
            "dropped": repaired.dropped,
        }
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
    elif not quiet:
        tell(repaired.manifest, new, repaired.dropped, as_json=False, quiet=False)
        for kind in repaired.kinds:
            click.echo("\n".join(_lines(kind)))


def _lines(kind: "KindRepair") -> "Iterator[str]":
    yield f"{kind.kind}: {kind.num_kept:,} of {kind.num_before:,} kept"
    yield f"  before  {_accuracies(kind.before)}" if kind.before else "  not read"
    yield f"  after   {_accuracies(kind.after)}" if kind.after else f"  none: {kind.why}"


def _accuracies(shares: "Shares") -> str:
    return ", ".join(
        f"{name} {shares[name].value:.3f} ({shares[name].low:.3f} to {shares[name].high:.3f})"
        for name in _READERS
        if name in shares
    )
