"""The audit of a finished folder: read it once, take every measure, draw a sample to show."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.manifest import Manifest, read_all_rows, read_manifest
from data.measures.intervals import mean_interval, share_interval
from data.records import Row
from data.sources import Source
from data.storage import AnyPath
from data.streams import Stream
from negatives.auditing import leaks, truth
from negatives.auditing.balance import balance_findings
from negatives.auditing.contamination import Contamination
from negatives.auditing.coverage import Coverage, rejects_by_reason
from negatives.auditing.findings import OVERALL, Audit, Bar, Finding, Sample
from negatives.auditing.gap import ReferenceModel, is_scorer
from negatives.auditing.medoid import run_medoid_reader
from negatives.auditing.pairs import Groups, Pair, groups_of, pairs_of, sample_pairs
from negatives.auditing.samples import samples_of
from negatives.auditing.sibling_truth import Assertions, assertions_of
from negatives.auditing.truth import Seen
from negatives.models import model_name
from negatives.spacy_parse import parse_texts
from negatives.words import lexicon

COVERED: Final = Bar(0.80, 1.0)
PER_CAPTION: Final = Bar(2.0, math.inf)
REPEATED: Final = Bar(0.0, 0.0)
_MEDOID_ROWS: Final = 5000

Report = Callable[[str], None]
"""Called with what is measured next."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditOptions:
    """How a folder is audited.

    `sample`: about this many pairs are measured for leaks; whole captions are drawn. `reference`: a
    language model, or why there is none. `reference_pairs`: how many of the pairs it reads.
    `samples`: negatives to show. `against`: the texts of benchmarks' files by name. `held_out`: a
    source whose captions that the folder lacks show whether negatives are still true, for at most
    `truth_pairs` of each kind.
    """

    reference: ReferenceModel | str
    seed: int = 0
    sample: int = 20_000
    reference_pairs: int = 2000
    samples: int = 300
    against: Mapping[str, frozenset[str]] = field(default_factory=dict)
    held_out: Source | None = None
    truth_pairs: int = 1000


class AuditResult(NamedTuple):
    """An audit, and a sample of negatives of every kind."""

    audit: Audit
    samples: tuple[Sample, ...]


class _FolderContent(NamedTuple):
    """What one pass over the folder gives.

    `rows`: the sample to be measured. `groups`: of all rows, for the intervals of coverage.
    """

    coverage: Coverage
    contamination: dict[str, Contamination]
    rows: list[Row]
    seen: Seen
    groups: NDArray[np.int64]


def audit_folder(
    folder: AnyPath, *, options: AuditOptions, report: Report = lambda _stage: None
) -> AuditResult:
    """Return the audit of a finished folder; equal folders and options give equal findings.

    Raises:
        UsageError: the folder is not finished or damaged.
    """
    manifest = read_manifest(folder)
    report("rows")
    read = _read(folder, manifest, options)
    pairs = pairs_of(read.rows)
    reference = _check_reference(manifest, options.reference)
    findings = (
        *_leaks(pairs, reference, options, report),
        *_balance(read.rows, reference, options, report),
        *_truth(read, options, report),
        *_coverage(read, is_build=_is_build(manifest)),
        *_medoid(read.rows, seed=options.seed),
        *_contamination(read),
    )
    audit = Audit(
        name=folder.resolve().name,
        fingerprint=manifest.fingerprint,
        findings=findings,
        counts=_counts(read, pairs, manifest),
        judges={}
        if isinstance(reference, str)
        else {"fluency": f"{reference.name} {reference.version}"},
    )
    return AuditResult(audit, tuple(samples_of(read.rows, options.samples, seed=options.seed)))


def _read(folder: AnyPath, manifest: Manifest, options: AuditOptions) -> _FolderContent:
    contamination = {name: Contamination(texts) for name, texts in options.against.items()}
    coverage = Coverage(lexicon.load().vowel_sound)
    num_pairs = sum(manifest.tallies.get("negatives_by_type", {}).values())
    share = min(1.0, options.sample / max(num_pairs, 1))
    kept: list[Row] = []
    groups, seen = Groups(), Seen()
    for row in read_all_rows(folder, manifest):
        coverage.add(row)
        for found in contamination.values():
            found.add(row)
        groups.add(row)
        if options.held_out is not None:
            seen.add(row)
        if row.negatives and Stream(options.seed, "audit rows", row.id).chance(share):
            kept.append(row)
    return _FolderContent(coverage, contamination, kept, seen, groups.numbers())


def _check_reference(manifest: Manifest, reference: ReferenceModel | str) -> ReferenceModel | str:
    """Return the reference model, or why there is none: a scorer of the build does not qualify."""
    if not isinstance(reference, str) and is_scorer(reference.name, manifest):
        return f"{reference.name} is also a scorer of the build; name another reference model"
    return reference


def _leaks(
    pairs: Sequence[Pair], reference: ReferenceModel | str, options: AuditOptions, report: Report
) -> Iterator[Finding]:
    seed = options.seed
    report("words")
    yield from leaks.word_findings(pairs, seed=seed)
    yield from leaks.word_findings_by_type(pairs, seed=seed)
    report("form")
    yield from leaks.form_findings(pairs, seed=seed, vowel_sound=lexicon.load().vowel_sound)
    report("fluency")
    if isinstance(reference, str):
        yield leaks.missing_finding("fluency", reference, bar=leaks.FLUENCY)
    else:
        read = sample_pairs(pairs, options.reference_pairs, seed=seed, key="judge")
        yield from leaks.fluency_findings(read, reference)


def _balance(
    rows: Sequence[Row], reference: ReferenceModel | str, options: AuditOptions, report: Report
) -> Iterator[Finding]:
    if any(row.positives for row in rows):
        report("positives")
        vowel_sound = lexicon.load().vowel_sound
        yield from balance_findings(rows, reference, seed=options.seed, vowel_sound=vowel_sound)


def _truth(read: _FolderContent, options: AuditOptions, report: Report) -> Iterator[Finding]:
    source = options.held_out
    if source is None:
        return
    report(truth.NAME)
    captions = chain.from_iterable(source.read(split) for split in source.splits())
    yield from truth.still_true(
        read.rows,
        truth.find_held_out(captions, read.rows, read.seen),
        max_per_kind=options.truth_pairs,
        seed=options.seed,
        read=_assertions,
    )


def _assertions(texts: Sequence[str]) -> Iterator[Assertions]:
    words = lexicon.load()
    parses = parse_texts(texts, model=model_name(), batch_size=256)
    return (assertions_of(parse, words) for parse in parses)


def _coverage(read: _FolderContent, *, is_build: bool) -> Iterator[Finding]:
    numbers = np.array(read.coverage.num_negatives, np.float64)
    if not len(numbers):
        yield leaks.missing_finding("coverage", "no captions", bar=COVERED)
        return
    num_rows, total = len(numbers), int(numbers.sum())
    share = share_interval((numbers > 0).astype(np.float64), read.groups)
    mean = mean_interval(numbers, read.groups)
    bars = (COVERED, PER_CAPTION) if is_build else (None, None)
    yield Finding("coverage", OVERALL, *share, num_rows, bars[0])
    yield Finding("negatives a caption", OVERALL, *mean, num_rows, bars[1])
    for kind, count in sorted(read.coverage.kinds.items()):
        yield Finding("share of negatives", kind, count / total, None, None, total, None)
    if total:
        repeats = read.coverage.is_repeat().astype(np.float64)
        repeated = share_interval(repeats, np.repeat(read.groups, read.coverage.num_negatives))
        yield Finding("repeated texts", OVERALL, *repeated, total, REPEATED)
        distinct = len(read.coverage.edits) / total
        yield Finding("distinct edits", OVERALL, distinct, None, None, total, None)


def _medoid(rows: Sequence[Row], *, seed: int) -> Iterator[Finding]:
    order = Stream(seed, "audit medoid").shuffled(range(len(rows)))[:_MEDOID_ROWS]
    asked, reader = run_medoid_reader([rows[index] for index in sorted(order)])
    if not asked:
        yield leaks.missing_finding("medoid", "no caption has two negatives", bar=None)
        return
    found = share_interval(reader.right, np.array(groups_of(asked), np.int64))
    why = f"by chance {reader.chance.mean():.3f}"
    yield Finding("medoid", OVERALL, *found, len(asked), None, why)


def _contamination(read: _FolderContent) -> Iterator[Finding]:
    """Yield the share of rows with a text of a benchmark; the group is the file's name."""
    for name, counts in read.contamination.items():
        found = share_interval(np.array(counts.found, np.float64), read.groups)
        yield Finding("contamination", name, *found, len(counts.found), None)


def _counts(
    read: _FolderContent, pairs: Sequence[Pair], manifest: Manifest
) -> dict[str, dict[str, int]]:
    coverage = read.coverage
    tables = {
        "size": {
            "captions": len(coverage.num_negatives),
            "captions with a negative": sum(number > 0 for number in coverage.num_negatives),
            "negatives": sum(coverage.num_negatives),
            "distinct edits": len(coverage.edits),
            "pairs measured for leaks": len(pairs),
        },
        **coverage.tables(),
        "rejects by reason": rejects_by_reason(manifest.tallies.get("slots_by_fate", {})),
        "why a caption has no negative": manifest.tallies.get("empty_because", {}),
    }
    for name, found in read.contamination.items():
        tables[f"texts of {name} found again"] = {
            "captions": found.num_captions,
            "negatives": found.num_negatives,
        }
    return tables


def _is_build(manifest: Manifest) -> bool:
    """Tell whether a build made the negatives, rather than an import."""
    return all(producer.get("method") != "import" for producer in manifest.producers)
