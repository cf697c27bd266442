"""A less guessable part of a finished folder, or of a published file, as a new folder."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from data.commit import Json
from data.config import plain
from data.errors import UsageError
from data.manifest import FILE_NAME, Manifest, read_all_rows
from data.pulling import unpacked
from data.records import Row
from data.storage import AnyPath
from negatives.auditing.gap import ReferenceModel
from negatives.folders.importing import ImportOptions, import_published
from negatives.folders.lineage import Counts, Parent, open_parent
from negatives.folders.parts import Part, write_part
from negatives.folders.writing import refuse_unless_new
from negatives.negation.clauses import all_clauses_or_none
from negatives.repairing.kinds import Kept, repair_kinds
from negatives.repairing.rounds import KindRepair
from negatives.repairing.scores import Report, SavedScores, saved_scores

DROPPED: Final = "negatives: too easily guessed"


@dataclass(frozen=True, kw_only=True, slots=True)
class RepairOptions:
    """How a folder is repaired.

    `tolerance`: how far from 0.5 each reader may stand. `drop_empty`: leave out captions without a
    negative. `seed`: of the folds and the random draws.

    Raises:
        UsageError: the tolerance is out of range.
    """

    tolerance: float = 0.05
    drop_empty: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a tolerance that means nothing."""
        if not 0 < self.tolerance < 0.5:
            raise UsageError(
                f"tolerance: expected a number between 0 and 0.5, found {self.tolerance}"
            )


class Repaired(NamedTuple):
    """What was written, and what became of each kind."""

    manifest: Manifest
    kinds: tuple[KindRepair, ...]
    dropped: dict[str, int]


def repair(  # noqa: PLR0913 - the command's arguments
    path: AnyPath,
    out: AnyPath,
    *,
    reference: ReferenceModel | None,
    scores: AnyPath | None = None,
    options: RepairOptions,
    report: Report = lambda _stage: None,
) -> Repaired:
    """Write the part of `path` in which no reader can tell captions of any kind from negatives.

    All pairs are held in memory.

    Args:
        path: a finished folder, or what `negatives import` reads without options.
        out: the new folder.
        reference: the language model that reads besides the adversary; None for none.
        scores: the file of its scores, read if it exists; None for `out` with ".scores.json".
        options: how far readers may stand from 0.5, and the seed.
        report: called with what is being done.

    Raises:
        UsageError: `path` is damaged or of an unknown format, `out` is not new, the file of scores
            holds something else, or no kind has a balanced part.
    """
    refuse_unless_new(out, "repair")  # before minutes of reading
    model = None if reference is None else _with_scores(reference, out, scores, report)
    with _folder_of(unpacked(path)) as folder:
        parent = open_parent(folder)
        rows = list(read_all_rows(parent.folder, parent.manifest))
        kept = repair_kinds(
            rows, model, tolerance=options.tolerance, seed=options.seed, report=report
        )
        kinds = kept.kinds
        if not kept.keys:
            why = "; ".join(f"{each.kind}: {each.why}" for each in kinds) or "it has no negative"
            raise UsageError(f"{path}: no balanced part was found; {why}")
        dropped = Counter[str]()
        part = Part(
            command="repair",
            rows=partial(_kept_rows, kept=kept, dropped=dropped, drop_empty=options.drop_empty),
            entry=lambda: _entry(parent, model, options, kinds, dropped),
        )
        manifest = write_part(parent, out, part, report=lambda _num_captions: None)
    return Repaired(manifest, kinds, dict(sorted(dropped.items())))


def plain_kind(kind: KindRepair) -> Json:
    """Return what became of a kind as JSON holds it."""
    return {
        "kind": kind.kind,
        "before": kind.num_before,
        "kept": kind.num_kept,
        "accuracy_before": {name: list(share) for name, share in kind.before.items()},
        "accuracy_after": {name: list(share) for name, share in kind.after.items()},
        "why_none": kind.why,
    }


def _with_scores(
    reference: ReferenceModel, out: AnyPath, scores: AnyPath | None, report: Report
) -> SavedScores:
    whole = out.resolve()  # "." has no name
    file = whole.with_name(f"{whole.name}.scores.json") if scores is None else scores
    return saved_scores(reference, file, report)


@contextmanager
def _folder_of(path: AnyPath) -> Iterator[AnyPath]:
    """Yield a finished folder: `path`, or the import of what it is."""
    if (path / FILE_NAME).exists():
        yield path
        return
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "imported"
        import_published(path, folder, options=ImportOptions())
        yield folder


def _kept_rows(
    rows: Iterable[Row],
    counts: Counts,
    *,
    kept: Kept,
    dropped: Counter[str],
    drop_empty: bool,
) -> Iterator[Row]:
    for row in rows:
        negatives = tuple(
            negative for place, negative in enumerate(row.negatives) if (row.id, place) in kept.keys
        )
        whole = all_clauses_or_none(row._replace(negatives=negatives), before=row)
        num_broken = sum((row.id, place) in kept.broken for place in range(len(row.negatives)))
        if num_broken:
            dropped["negatives: clauses, of which others were dropped"] += num_broken
        if num_dropped := len(row.negatives) - len(whole.negatives) - num_broken:
            dropped[DROPPED] += num_dropped
        if num_clauses := len(row.positives) - len(whole.positives):
            dropped["positives: clauses, of which others were dropped"] += num_clauses
        if not whole.negatives and drop_empty:
            dropped["captions: no negative"] += 1
            continue
        why_empty = "too easily guessed" if row.negatives else "none before the repair"
        yield counts.add(whole, why_empty=why_empty)


def _entry(
    parent: Parent,
    reference: ReferenceModel | None,
    options: RepairOptions,
    kinds: Sequence[KindRepair],
    dropped: Counter[str],
) -> Json:
    model = None if reference is None else {"model": reference.name, "version": reference.version}
    return {
        "command": "repair",
        "options": plain(options),
        "reference": model,
        "parent": parent.record,
        "kinds": [plain_kind(kind) for kind in kinds],
        "dropped": dict(sorted(dropped.items())),
    }
