"""`negatives compose`: composites of two captions and their images, from a finished folder."""

import time
from typing import Any

import click

from data.command import PATH_OR_URL
from data.storage import AnyPath


@click.command()
@click.argument("folder", type=PATH_OR_URL)
@click.argument("new", type=PATH_OR_URL)
@click.option(
    "--per-caption",
    type=float,
    help="Composites per caption, such as 0.5 or 3.  [default: 2]",
)
@click.option(
    "--layout",
    "layouts",
    multiple=True,
    help="Arrangement of the images: left-right or top-bottom; repeatable.  [default: both]",
)
@click.option(
    "--fluency-from",
    type=PATH_OR_URL,
    help="Finished build whose corpus model scores exchanges.  [default: FOLDER's own]",
)
@click.option(
    "--model",
    help="The build's spaCy model (its negatives.model), if it is a folder: a path.  "
    "[default: the installed one of that name]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    help="Any option of negatives.composites in pipeline.yaml, such as max_log_ratio=2.",
)
@click.option("--seed", type=int, help="The seed of every random draw.  [default: 0]")
@click.option("--workers", type=int, default=1, show_default=True, help="Processes.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def compose(
    *,
    folder: AnyPath,
    new: AnyPath,
    per_caption: float | None,
    layouts: tuple[str, ...],
    fluency_from: AnyPath | None,
    model: str | None,
    settings: tuple[str, ...],
    seed: int | None,
    workers: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Join captions of two images; exchanged words or positions make it false.

    A composite shows two images in one picture. Its negatives exchange words between the captions,
    or swap the captions' positions; its positive says the same in another order.

    \b
    negatives compose out out-composites
    negatives merge out out-composites out-both
    """
    from data.config import parse_options, with_setting
    from data.manifest import read_manifest
    from data.pulling import unpacked
    from negatives.commands.build import rate
    from negatives.commands.derive import tell
    from negatives.commands.progress import counting
    from negatives.composing.options import ComposeOptions
    from negatives.composing.run import compose as run
    from negatives.options import given

    content: dict[str, Any] = {
        "composites": given(per_caption=per_caption, seed=seed, layouts=layouts or None)
    }
    for setting in settings:
        content = with_setting(content, f"composites.{setting}")
    options = parse_options(ComposeOptions, content["composites"], where="composites")
    start = time.perf_counter()
    folder = unpacked(folder)
    total = read_manifest(folder).num_rows()
    with counting("compose", total=total, shown=not (quiet or as_json)) as report:
        manifest = run(
            folder,
            new,
            options=options,
            fluency_from=fluency_from,
            model=model,
            workers=workers,
            report=lambda _stage, num_captions: report(num_captions),
        )
    tell(manifest, new, {}, as_json=as_json, quiet=quiet)
    seconds = time.perf_counter() - start
    if not (quiet or as_json):
        click.echo(f"{seconds:.1f} s, {rate(manifest.num_rows(), seconds)} composites/s")
