"""`negatives compose`: composites of two captions and their images, out of a finished folder."""

import time

import click

from data.command import PATH_OR_URL
from data.storage import AnyPath


@click.command()
@click.argument("folder", type=PATH_OR_URL)
@click.argument("new", type=PATH_OR_URL)
@click.option(
    "--share",
    type=float,
    default=1.0,
    show_default=True,
    help="Share of the captions that begin a composite.",
)
@click.option(
    "--layout",
    "layouts",
    multiple=True,
    help="How images may stand: left-right or top-bottom; may be repeated. [default: both]",
)
@click.option(
    "--fluency-from",
    type=PATH_OR_URL,
    help="Finished build whose corpus model weighs exchanges. [default: FOLDER's own]",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Which are drawn.")
@click.option("--workers", type=int, default=1, show_default=True, help="Processes.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def compose(
    *,
    folder: AnyPath,
    new: AnyPath,
    share: float,
    layouts: tuple[str, ...],
    fluency_from: AnyPath | None,
    seed: int,
    workers: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Join captions of two images; words and places that change sides make it false.

    A composite shows two images in one picture. Its negatives exchange a word of one caption for
    one of the other, or say each in the other's place; its positive says the same in another order.

    \b
    negatives compose out out-composites
    negatives merge out out-composites out-both
    """
    from data.manifest import read_manifest
    from negatives.commands.derive import tell
    from negatives.commands.progress import counting
    from negatives.composing import ComposeOptions
    from negatives.composing import compose as run

    options = (
        ComposeOptions(share=share, layouts=layouts, seed=seed)
        if layouts
        else ComposeOptions(share=share, seed=seed)
    )
    start = time.perf_counter()
    total = read_manifest(folder).num_rows()
    with counting("compose", total=total, shown=not (quiet or as_json)) as report:
        manifest = run(
            folder,
            new,
            options=options,
            fluency_from=fluency_from,
            workers=workers,
            report=lambda _stage, num_captions: report(num_captions),
        )
    tell(manifest, new, {}, as_json=as_json, quiet=quiet)
    seconds = time.perf_counter() - start
    if not (quiet or as_json):
        click.echo(f"{seconds:.1f} s, {manifest.num_rows() / seconds:,.0f} composites/s")
