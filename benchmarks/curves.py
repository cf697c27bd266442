"""What `natural` yields and leaks, over corpus sizes and over how much must be known.

    python -m benchmarks.curves --source flickr8k --root ~/flickr8k

Each line is a whole build and its audit without a language model: negatives a caption, the share of
captions with one, and how often the trained adversary prefers the caption (0.5: it cannot tell).
"""

import tempfile
from pathlib import Path

import click

from negatives.audit.run import AuditOptions, audit_folder
from negatives.build import build
from negatives.config import build_config


def line_of(source: str, root: str | None, limit: int, known: float, workers: int) -> str:
    """Return what one build yields and leaks."""
    sections = {
        "data": {"source": {"name": source, **({"root": root} if root else {})}, "limit": limit},
        "negatives": {"choice": {"known": known}},
    }
    with tempfile.TemporaryDirectory() as folder:
        manifest = build(build_config(sections), out=Path(folder, "out"), workers=workers)
        options = AuditOptions(judge="asked for none")
        audit = audit_folder(Path(folder, "out"), options=options).audit
    captions = manifest.tallies["captions"]
    num_negatives = sum(manifest.tallies["negatives_by_type"].values())
    words = {finding.group: finding for finding in audit.findings if finding.measure == "words"}
    leaks = "  ".join(
        f"{group} {found.value:.3f}" for group, found in words.items() if found.value is not None
    )
    return (
        f"{captions['all']:>7,} captions, known {known:.2f}: "
        f"{num_negatives / captions['all']:.2f} negatives a caption, "
        f"{captions['with_negative'] / captions['all']:.1%} have one; words: {leaks}"
        if leaks
        else f"{captions['all']:>7,} captions, known {known:.2f}: too few negatives"
    )


@click.command()
@click.option("--source", default="scenes", show_default=True)
@click.option("--root", default=None)
@click.option("--size", "sizes", multiple=True, type=int, default=(5000, 10_000, 20_000, 40_000))
@click.option("--known", "shares", multiple=True, type=float, default=(0.0, 0.25, 0.5))
@click.option("--workers", default=1, show_default=True)
def main(
    *,
    source: str,
    root: str | None,
    sizes: tuple[int, ...],
    shares: tuple[float, ...],
    workers: int,
) -> None:
    """Print the curve over sizes at the default share, then over shares at the largest size."""
    default = build_config({}).policy.known
    for limit in sizes:
        click.echo(line_of(source, root, limit, default, workers))
    for known in shares:
        click.echo(line_of(source, root, max(sizes), known, workers))


if __name__ == "__main__":
    main()
