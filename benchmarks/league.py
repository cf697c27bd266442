"""How guessable is whose data? `python -m benchmarks.league OUT --root FOLDER`.

Audits every set in benchmarks/league_sets.py whose files lie below the root, and three of ours made
from the captions of COCO in ROOT/coco: `natural`, `fsc-clip`, and `natural` with composites. Each
is first written as a folder of shards to OUT/sets, then read by the audit of `negatives audit`.
Writes OUT/league.json, league.md and league.svg. Audits in OUT/audits are not repeated, and the
language model reads no text whose score is in OUT/scores.json, so a stopped run continues.

White space at the ends of texts, which gives SugarCrepe's captions away, is gone after an import.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import click

from benchmarks.league_sets import SETS, PublishedSet
from benchmarks.league_tables import (
    League,
    Line,
    chart_of,
    content_table,
    leak_table,
    missing_of,
)
from data.commit import write_atomically
from data.errors import UsageError
from data.manifest import read_all_rows, read_manifest
from data.sources import Source
from negatives.auditing.api import open_reference
from negatives.auditing.findings import OVERALL, Audit, Finding
from negatives.auditing.gap import ReferenceModel
from negatives.auditing.leaks import fluency_findings
from negatives.auditing.pairs import pairs_of, sample_pairs
from negatives.auditing.run import AuditOptions, audit_folder
from negatives.building.api import build
from negatives.building.plan import make_source
from negatives.composing.options import ComposeOptions
from negatives.composing.run import compose
from negatives.folders.importing import ImportOptions, import_published
from negatives.folders.merging import merge_folders
from negatives.repairing.scores import saved_scores

_NATURAL: Final = "ours, natural"
_FSC: Final = "ours, fsc-clip"
_COMPOSITES: Final = "ours, natural with composites"
_OURS: Final = (_NATURAL, _FSC, _COMPOSITES)
_TRUTH_PAIRS: Final = 300  # of a kind
_MEASURES: Final = {
    "words": "words",
    "form": "form",
    "still true": "still_true",
    "coverage": "coverage",
    "negatives a caption": "negatives_per_caption",
    "repeated texts": "repeated",
}


class Auditing:
    """Where sets are, where audits go, and how sets are read; opens the model when needed."""

    def __init__(
        self, out: Path, root: Path, *, reference_name: str, reference_pairs: int, sample: int
    ) -> None:
        """Read nothing yet."""
        self.out, self.root = out, root
        self._reference_name = reference_name
        self._reference_pairs, self._sample = reference_pairs, sample
        self._reference: ReferenceModel | None = None

    def reference(self) -> ReferenceModel:
        """Return the reference model, opened once.

        Raises:
            UsageError: it is not available.
        """
        if self._reference is None:
            opened = open_reference(self._reference_name)
            if isinstance(opened, str):
                raise UsageError(f"{opened}; or run without it: --reference-model none")
            file = self.out / "scores.json"
            self._reference = saved_scores(opened, file, partial(click.echo, err=True))
        return self._reference

    def coco(self) -> Source | None:
        """Return COCO's captions, None where there are none."""
        coco = self.root / "coco"
        return make_source({"name": "coco", "root": str(coco)})[0] if coco.is_dir() else None

    def folder(self, name: str) -> Path:
        """Return the folder of a set's shards."""
        return self.out / "sets" / slug(name)

    def line(self, name: str, make: Callable[[Path], object], *, of_coco: bool) -> Line:
        """Return the line of a set, which is made if it is missing; nothing is measured twice."""
        folder = self.folder(name)
        if not (folder / "manifest.json").is_file():
            make(folder)
        path = self.out / "audits" / f"{slug(name)}-{self._sample}.json"
        if not path.is_file():
            audited = self._audit(name, of_coco=of_coco)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(audited._asdict()))
        line = Line(**json.loads(path.read_text(encoding="utf-8")))
        return line if self._reference_name == "none" else self._with_fluency(line)

    def _audit(self, name: str, *, of_coco: bool) -> Line:
        options = AuditOptions(
            reference="read separately, because it is slow",
            sample=self._sample,
            truth_pairs=_TRUTH_PAIRS,
            held_out=self.coco() if of_coco else None,
        )
        found, _ = audit_folder(self.folder(name), options=options)
        return line_of(name, found)

    def _with_fluency(self, line: Line) -> Line:
        folder = self.folder(line.name)
        pairs = pairs_of(list(read_all_rows(folder, read_manifest(folder))))
        some = sample_pairs(pairs, self._reference_pairs, seed=0, key="judge")
        overall = next(fluency_findings(some, self.reference()))
        return line._replace(fluency=share_of(overall), reference_pairs=overall.num)


def slug(name: str) -> str:
    """Return a name in the form of a file name."""
    return re.sub(r"\W+", "-", name.lower())


def line_of(name: str, audit: Audit) -> Line:
    """Return the line of a set from its audit."""
    found = {finding.measure: finding for finding in audit.findings if finding.group == OVERALL}
    shares = {field: share_of(found.get(measure)) for measure, field in _MEASURES.items()}
    size = audit.counts["size"]
    return Line(
        name=name,
        captions=size["captions"],
        negatives=size["negatives"],
        measured=size["pairs measured for leaks"],
        reference_pairs=0,
        fluency=[None, None, None],
        **shares,
    )


def share_of(finding: Finding | None) -> list[float | None]:
    """Return a finding's value and the ends of its interval, to three digits."""
    ends = (finding.value, finding.low, finding.high) if finding else (None, None, None)
    return [None if end is None else round(end, 3) for end in ends]


def lines(auditing: Auditing) -> Iterator[Line]:
    """Yield the lines of all sets whose files are there."""
    for each in SETS:
        if (auditing.root / each.file).exists():
            yield auditing.line(each.name, _import(auditing, each), of_coco=each.of_coco)
    if auditing.coco() is not None:
        for name, make in zip(_OURS, _own(auditing), strict=True):
            yield auditing.line(name, make, of_coco=True)


def _import(auditing: Auditing, each: PublishedSet) -> Callable[[Path], object]:
    path = auditing.root / each.file
    options = ImportOptions(type=each.kind[0], subtype=each.kind[1])

    def make(folder: Path) -> None:
        file = path
        if each.records is not None:
            file = folder.with_suffix(".jsonl")
            file.parent.mkdir(parents=True, exist_ok=True)
            lines_of = (json.dumps(record, ensure_ascii=False) for record in each.records(path))
            file.write_text("\n".join(lines_of), encoding="utf-8")
        import_published(file, folder, options=options)

    return make


def _own(auditing: Auditing) -> Iterator[Callable[[Path], object]]:
    """Yield a maker of each of `_OURS`; one caption of each image is held out."""
    for preset in ("natural", "fsc-clip"):
        yield partial(_build, auditing.root / "coco", preset)

    def with_composites(folder: Path) -> None:
        composites = folder.with_name(f"{folder.name}-alone")
        if not (composites / "manifest.json").is_file():
            compose(auditing.folder(_NATURAL), composites, options=ComposeOptions())
        merge_folders([auditing.folder(_NATURAL), composites], folder)

    yield with_composites


def _build(coco: Path, preset: str, folder: Path) -> None:
    build(source="coco", root=coco, preset=preset, hold_out=1, out=folder)


@click.command(help=__doc__)
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="The folder that holds the sets.",
)
@click.option("--reference-model", "reference_name", default="auto", show_default=True)
@click.option(
    "--reference-pairs", default=200, show_default=True, help="Pairs of each set that it reads."
)
@click.option(
    "--sample", default=4000, show_default=True, help="Pairs of each set that an adversary reads."
)
def main(
    *,
    out: Path,
    root: Path,
    reference_name: str,
    reference_pairs: int,
    sample: int,
) -> None:
    """Audit every set, write the league and print its tables."""
    auditing = Auditing(
        out, root, reference_name=reference_name, reference_pairs=reference_pairs, sample=sample
    )
    found: list[Line] = []
    for line in lines(auditing):
        found.append(line)
        click.echo(f"{line.name}: {line.negatives:,} negatives", err=True)
    absent = tuple(each.name for each in SETS if not (root / each.file).exists())
    league = League(lines=tuple(found), missing=absent)
    out.mkdir(parents=True, exist_ok=True)
    (out / "league.json").write_text(league.json(), encoding="utf-8")
    tables = f"{leak_table(league)}\n\n{content_table(league)}"
    (out / "league.md").write_text(f"{tables}\n\n{missing_of(league)}\n", encoding="utf-8")
    (out / "league.svg").write_text(chart_of(league), encoding="utf-8")
    click.echo(tables)


if __name__ == "__main__":
    main()
