"""A part of a finished folder: fewer negatives or fewer captions, nothing new."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from data.config import plain
from data.errors import UsageError
from data.manifest import Manifest
from data.records import Negative, Row
from data.storage import AnyPath
from data.streams import Stream
from data.texts import nearest
from negatives.folders.lineage import Counts, Report, open_parent
from negatives.folders.parts import Part, write_part
from negatives.negation.clauses import all_clauses_or_none


@dataclass(frozen=True, kw_only=True, slots=True)
class FilterOptions:
    """What is kept.

    `types`: negatives of these types or "type/subtype"s; () keeps all; `rules` likewise.
    `min_score`: negatives that score at least this much, in nats. `max_negatives`: the most per
    caption; the first ones that pass everything else are kept. `drop_empty`: leave out captions
    that have no negative left. `no_positives`: leave out all positives; otherwise all are kept.
    `sample_captions`: keep each caption with this probability; `seed` and its id decide.

    Raises:
        UsageError: a number is out of range, or no option is given.
    """

    types: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    min_score: float | None = None
    max_negatives: int | None = None
    drop_empty: bool = False
    no_positives: bool = False
    sample_captions: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Reject options that cannot be meant."""
        if self.max_negatives is not None and self.max_negatives < 1:
            raise UsageError(f"max negatives: expected 1 or more, found {self.max_negatives}")
        if self.sample_captions is not None and not 0 < self.sample_captions <= 1:
            raise UsageError(
                f"sample captions: expected a share above 0, up to 1; found {self.sample_captions}"
            )
        asked = (self.types, self.rules, self.drop_empty, self.no_positives)
        limits = (self.min_score, self.max_negatives, self.sample_captions)
        if not any(asked) and all(limit is None for limit in limits):
            raise UsageError("nothing to filter by; `negatives filter --help` lists the options")


def filter_folder(
    folder: AnyPath,
    out: AnyPath,
    *,
    options: FilterOptions,
    report: Report = lambda _num_captions: None,
) -> tuple[Manifest, dict[str, int]]:
    """Write the rows to keep into the new folder `out`; return its manifest and what was dropped.

    For tallies and rejects see `write_part`.

    Raises:
        UsageError: `folder` is damaged, an option names a type or rule that it lacks, or nothing is
            left.
    """
    parent = open_parent(folder)
    _refuse_unknown(parent.manifest, options)
    dropped = Counter[str]()
    part = Part(
        command="filter",
        rows=partial(_filter_rows, options=options, dropped=dropped),
        entry=lambda: {
            "command": "filter",
            "options": plain(options),
            "parent": parent.record,
            "dropped": dict(sorted(dropped.items())),
        },
    )
    return write_part(parent, out, part, report=report), dict(sorted(dropped.items()))


def _refuse_unknown(manifest: Manifest, options: FilterOptions) -> None:
    by_type = manifest.tallies["negatives_by_type"]
    types = [*by_type, *dict.fromkeys(name.partition("/")[0] for name in by_type)]
    rules = list(manifest.tallies["negatives_by_rule"])
    for kind, asked, known in (("type", options.types, types), ("rule", options.rules, rules)):
        for name in asked:
            if name not in known:
                raise UsageError(f"no negatives of the {kind} {name!r}; {nearest(name, known)}")


def _filter_rows(
    rows: Iterable[Row], counts: Counts, *, options: FilterOptions, dropped: Counter[str]
) -> Iterator[Row]:
    share = options.sample_captions
    for row in rows:
        if share is not None and not Stream(options.seed, "sample", row.id).chance(share):
            dropped["captions: not in the sample"] += 1
            continue
        negatives = tuple(_passing(row.negatives, options, dropped))
        positives = () if options.no_positives else row.positives
        kept = row._replace(negatives=negatives, positives=positives)
        whole = all_clauses_or_none(kept, before=row)
        if num_clauses := len(negatives) - len(whole.negatives):
            dropped["negatives: clauses, of which others were dropped"] += num_clauses
        if num_dropped := len(row.positives) - len(whole.positives):
            dropped["positives"] += num_dropped
        if not whole.negatives and options.drop_empty:
            dropped["captions: no negative"] += 1
            continue
        why_empty = "all were filtered out" if row.negatives else "none before the filter"
        yield counts.add(whole, why_empty=why_empty)


def _passing(
    negatives: tuple[Negative, ...], options: FilterOptions, dropped: Counter[str]
) -> Iterator[Negative]:
    num_passed = 0
    for negative in negatives:
        fault = _fault(negative, options)
        if fault is None and num_passed == options.max_negatives:
            fault = "above the number for a caption"
        if fault is None:
            num_passed += 1
            yield negative
        else:
            dropped[f"negatives: {fault}"] += 1


def _fault(negative: Negative, options: FilterOptions) -> str | None:
    names = (negative.type, f"{negative.type}/{negative.subtype}")
    if options.types and not any(name in options.types for name in names):
        return "another type"
    if options.rules and negative.rule not in options.rules:
        return "another rule"
    if options.min_score is None:
        return None
    if negative.score is None:
        return "no score"
    return "score too low" if negative.score < options.min_score else None
