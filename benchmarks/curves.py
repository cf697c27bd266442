"""What `natural` yields and leaks, over corpus sizes and over how much context must be covered.

    python -m benchmarks.curves --source flickr8k --root ~/flickr8k --reference-model auto

Each line is a whole build and its audit: negatives per caption, the share of captions with one, and
how often the trained adversary prefers the caption (at 0.5 it cannot tell). With a reference model
also how often that language model finds the caption more probable.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from data.command import run
from negatives.auditing.api import open_reference
from negatives.auditing.findings import Finding
from negatives.auditing.gap import ReferenceModel
from negatives.auditing.run import AuditOptions, audit_folder
from negatives.building import build
from negatives.config import build_config
from negatives.policy import CorpusScoring

_MEASURES = ("words", "fluency")


class Point(NamedTuple):
    """One build: the number of captions read, including dropped ones, and its line."""

    num_read: int
    line: str


class Corpus(NamedTuple):
    """The source of captions, the number of processes, and the audit's reference model."""

    source: str
    root: str | None
    workers: int
    reference: ReferenceModel | str


def point_of(corpus: Corpus, limit: int, min_context_coverage: float) -> Point:
    """Return what one build yields and leaks."""
    source = {"name": corpus.source, **({"root": corpus.root} if corpus.root else {})}
    scorer = {"scorer": "corpus", "min_context_coverage": min_context_coverage}
    sections = {
        "data": {"source": source, "limit": limit},
        "negatives": {"choice": {"scorers": [scorer]}},
    }
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        manifest = build(build_config(sections), out=out, workers=corpus.workers)
        audit = audit_folder(out, options=AuditOptions(reference=corpus.reference)).audit
    captions = manifest.tallies["captions"]
    num_all = captions["all"]
    num_read = num_all + sum(manifest.tallies["skipped"].values())
    start = f"{num_all:>7,} captions, coverage {min_context_coverage:.2f}: "
    leaks = [text for name in _MEASURES if (text := _leaks(name, audit.findings))]
    if not leaks:
        return Point(num_read, f"{start}too few negatives")
    num_negatives = sum(manifest.tallies["negatives_by_type"].values())
    yielded = (
        f"{num_negatives / num_all:.2f} negatives a caption, "
        f"{captions['with_negative'] / num_all:.1%} have one"
    )
    return Point(num_read, "; ".join((start + yielded, *leaks)))


def _leaks(measure: str, findings: Sequence[Finding]) -> str:
    """Return the values of a measure by group; nothing if it was not measured."""
    values = [
        f"{found.group} {found.value:.3f}"
        for found in findings
        if found.measure == measure and found.value is not None
    ]
    return f"{measure}: {'  '.join(values)}" if values else ""


@click.command()
@click.option("--source", default="scenes", show_default=True)
@click.option("--root", default=None)
@click.option("--size", "sizes", multiple=True, type=int, default=(5000, 10_000, 20_000, 40_000))
@click.option(
    "--min-context-coverage",
    "shares",
    multiple=True,
    type=float,
    default=(0.0, 0.25, 0.5),
    help="Of the scorer corpus.",
)
@click.option("--workers", default=1, show_default=True)
@click.option(
    "--reference-model",
    "reference_name",
    default="none",
    show_default=True,
    help="As `negatives audit` has it.",
)
def main(  # noqa: PLR0913 - one a flag
    *,
    source: str,
    root: str | None,
    sizes: tuple[int, ...],
    shares: tuple[float, ...],
    workers: int,
    reference_name: str,
) -> None:
    """Print the curve over sizes at the default share, then over shares at the largest size.

    It ends with the first size that the source does not reach, as larger ones give the same build.
    """
    corpus = Corpus(source, root, workers, open_reference(reference_name))
    default = CorpusScoring().min_context_coverage
    limit = 0
    for limit in sorted(sizes):
        point = point_of(corpus, limit, default)
        click.echo(point.line)
        if point.num_read < limit:
            click.echo(f"the source has {point.num_read:,} captions, fewer than {limit:,}")
            break
    for share in shares:
        click.echo(point_of(corpus, limit, share).line)


if __name__ == "__main__":
    run(main, name="curves")
