"""What gives away published negatives, and ours: `python -m benchmarks.peers`.

    python -m benchmarks.peers --negclip negclip_valid.jsonl --sugarcrepe sugar-crepe --ours out

Prints a table in markdown. Published files are read as they are: in SugarCrepe 13-15 % of the
captions and not one negative begin or end with a space, which gives them away to a reader of
characters. The column "trimmed" is without that white space, as in the audit of an import. Each
published set has its own adversary; ours has one for all types, as in `negatives audit`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from data.records import Row, Skip, images_of
from negatives.auditing import leaks
from negatives.auditing.api import open_reference
from negatives.auditing.findings import Finding
from negatives.auditing.gap import ReferenceModel
from negatives.auditing.pairs import Pair, groups_of, sample_pairs
from negatives.auditing.run import AuditOptions, audit_folder
from negatives.folders.detecting import detect_format, files_of
from negatives.folders.items import PublishedCaption
from negatives.folders.published import FORMATS
from negatives.words import lexicon

_PATH = click.Path(exists=True, path_type=Path)
_HEADINGS = ("negatives", "pairs", "words", "trimmed", "form", "language model")


class Measured(NamedTuple):
    """A set with the adversary on its words, on trimmed words and on form, and its gap."""

    name: str
    num_pairs: int
    findings: tuple[Finding | None, ...]


def published_pairs(path: Path) -> dict[str, list[Pair]]:
    """Return the pairs of a published file, or of each of a folder of SugarCrepe's, as written."""
    items = {
        file.stem: [
            item for item in FORMATS[detect_format(path)](file) if not isinstance(item, Skip)
        ]
        for file in files_of(path, detect_format(path))
    }
    return {name: _pairs(of_file) for name, of_file in items.items()}


def join_types(sets: dict[str, list[Pair]]) -> dict[str, list[Pair]]:
    """Return the sets, and joined ones of each type ("swap_att" and "swap_obj")."""
    types: dict[str, list[Pair]] = {}
    for name, pairs in sets.items():
        types.setdefault(name.partition("_")[0], []).extend(pairs)
    return dict(sorted({**sets, **types}.items())) if len(sets) > 1 else sets


def measure(
    name: str,
    pairs: Sequence[Pair],
    *,
    reference: ReferenceModel | str,
    reference_pairs: int,
    seed: int,
) -> Measured:
    """Return the findings of an adversary trained on this set, and of the reference model."""
    trimmed = [
        pair._replace(caption=pair.caption.strip(), text=pair.text.strip()) for pair in pairs
    ]
    some = sample_pairs(pairs, reference_pairs, seed=seed, key="judge")
    found = (
        leaks.word_findings(pairs, seed=seed),
        leaks.word_findings(trimmed, seed=seed),
        leaks.form_findings(pairs, seed=seed, vowel_sound=lexicon.load().vowel_sound),
        iter([None]) if isinstance(reference, str) else leaks.fluency_findings(some, reference),
    )
    return Measured(name, len(pairs), tuple(next(findings) for findings in found))


def ours(folder: Path, options: AuditOptions) -> Iterator[Measured]:
    """Yield the findings of an audit of a finished folder, overall and for each type."""
    audit, _ = audit_folder(folder, options=options)
    found = {(finding.measure, finding.group): finding for finding in audit.findings}
    for finding in audit.findings:
        if finding.measure == "words" and "/" not in finding.group:
            form, gap = (found.get((measure, finding.group)) for measure in ("form", "fluency"))
            name = f"{audit.name}: {finding.group}"
            yield Measured(name, finding.num, (finding, finding, form, gap))


def line_of(row: Measured) -> str:
    """Return a line of the table: each share with half of its 95 % interval."""
    cells = (row.name, f"{row.num_pairs:,}", *map(_cell, row.findings))
    return f"| {' | '.join(cells)} |"


def _cell(finding: Finding | None) -> str:
    if finding is None or finding.value is None or finding.low is None or finding.high is None:
        return ""
    return f"{finding.value:.3f} ± {(finding.high - finding.low) / 2:.3f}"


def _pairs(items: Sequence[PublishedCaption]) -> list[Pair]:
    """Return the pairs of texts, without non-texts and negatives that equal their caption."""
    rows = [
        Row(item.where, images_of(str(item.image or "")), item.caption, ())
        for item in items
        if isinstance(item.caption, str)
    ]
    group = dict(zip([row.id for row in rows], groups_of(rows), strict=True))
    return [
        Pair(
            item.caption,
            published.text,
            str(published.type),
            str(published.subtype),
            group[item.where],
        )
        for item in items
        if isinstance(item.caption, str)
        for published in item.negatives or ()
        if isinstance(published.text, str) and published.text.strip() != item.caption.strip()
    ]


@click.command(help=__doc__)
@click.option("--negclip", type=_PATH, help="A file of NegCLIP's negatives.")
@click.option("--sugarcrepe", type=_PATH, help="The folder of SugarCrepe's files.")
@click.option(
    "--ours", "folders", type=_PATH, multiple=True, help="A finished folder; may be repeated."
)
@click.option(
    "--reference-model",
    "reference_name",
    default="auto",
    show_default=True,
    help="As in the audit.",
)
@click.option("--reference-pairs", default=2000, show_default=True, help="Pairs of a set it reads.")
@click.option("--seed", default=0, show_default=True, help="Which folds and samples.")
def main(  # noqa: PLR0913 - one parameter an option of the command line
    *,
    negclip: Path | None,
    sugarcrepe: Path | None,
    folders: tuple[Path, ...],
    reference_name: str,
    reference_pairs: int,
    seed: int,
) -> None:
    """Print a table in markdown."""
    reference = open_reference(reference_name)
    click.echo(f"| {' | '.join(_HEADINGS)} |\n|---|{'---:|' * (len(_HEADINGS) - 1)}")
    for path in (negclip, sugarcrepe):
        for name, pairs in join_types(published_pairs(path) if path else {}).items():
            click.echo(
                line_of(
                    measure(
                        name, pairs, reference=reference, reference_pairs=reference_pairs, seed=seed
                    )
                )
            )
    for folder in folders:
        options = AuditOptions(reference=reference, reference_pairs=reference_pairs, seed=seed)
        for row in ours(folder, options):
            click.echo(line_of(row))


if __name__ == "__main__":
    main()
