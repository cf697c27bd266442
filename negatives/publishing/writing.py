"""The files of a data set for the Hub, written to a folder; equal folders give equal bytes."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from data.commit import write_atomically
from data.errors import UsageError
from data.manifest import FILE_NAME, Manifest, problems_of, read_manifest
from data.parquet import write_chunked
from data.published import Kind, Report, records_of, restore_shards, shards_by_kind
from data.records import Row
from data.schema import VERSION
from data.shards import map_batches, read_rows
from data.streams import Stream
from negatives.auditing.cards import cards_in, images_for
from negatives.auditing.findings import Audit, Sample
from negatives.auditing.report import html_of
from negatives.auditing.samples import samples_of
from negatives.publishing.card import CARD, CardData, card_of
from negatives.publishing.packing import Pack, packs_of

AUDIT = "audit.json"
REPORT = "report.html"
_SAMPLED_ROWS = 5000
_OWN = frozenset((FILE_NAME, AUDIT, REPORT, CARD, "data", "rejects", "fluency"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """What is published besides a folder's rows.

    `repository`: USER/NAME. `audit`: the audit, and `figures` the same as JSON. `licence`: of the
    captions, "" if unknown. `shares`: results of human judges, if any.
    """

    repository: str
    audit: Audit
    figures: Mapping[str, Any]
    licence: str
    shares: Sequence[Mapping[str, Any]] = field(default=())


def verify_folder(folder: Path) -> Manifest:
    """Return the manifest of a folder after verifying every byte and row.

    Raises:
        UsageError: the folder is not finished, or damaged.
    """
    manifest = read_manifest(folder)
    for problem in problems_of(folder, manifest):
        raise UsageError(f"{folder}: {problem}; run `negatives verify` for all problems")
    if not manifest.shards:
        raise UsageError(f"{folder}: no rows to publish")
    if manifest.schema != VERSION:
        raise UsageError(
            f"{folder}: expected schema version {VERSION}, found {manifest.schema}; rewrite it "
            "with `negatives filter`"
        )
    return manifest


def write_files(
    folder: Path,
    out: Path,
    *,
    publication: Publication,
    report: Report = lambda _num_rows: None,
) -> list[str]:
    """Write the files of a verified folder to `out`, replacing old ones; return their names.

    The rows of each parquet file are read back and must give the bytes of their shards.

    Raises:
        UsageError: they do not, or `out` holds something else.
    """
    manifest = read_manifest(folder)
    if out.exists() and any(out.iterdir()):
        if not _is_publication(out):
            raise UsageError(
                f"{out}: contains files that are not part of a publication; move them away"
            )
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder / FILE_NAME, out / FILE_NAME)  # first, to mark the folder as ours
    for kind, shards in shards_by_kind(manifest):
        for pack in packs_of(shards):
            _write_pack(folder, out, pack, kind=kind, manifest=manifest)
            report(sum(shard.rows for shard in pack.shards))
    for stored in manifest.fluency:
        (out / stored.file).parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / stored.file, out / stored.file)
    samples = draw_samples(folder, manifest)
    figures = json.dumps(publication.figures, indent=1, ensure_ascii=False) + "\n"
    write_atomically(out / AUDIT, figures)
    cards = cards_in(folder, manifest, images_for(manifest, None))
    write_atomically(out / REPORT, html_of(publication.audit, samples, cards))
    data = CardData(
        repository=publication.repository,
        manifest=manifest,
        licence=publication.licence,
        audit=publication.audit,
        shares=publication.shares,
        samples=samples,
        num_bytes=sum(path.stat().st_size for path in (out / "data").iterdir()),
    )
    write_atomically(out / CARD, card_of(data))
    return names_in(out)


def _is_publication(folder: Path) -> bool:
    """Tell whether a folder holds only files that `write_files` wrote or started."""
    names = {path.name for path in folder.iterdir()}
    strangers = {name for name in names - _OWN if not (name.startswith("tmp") or ".tmp" in name)}
    return FILE_NAME in names and not strangers and not any((folder / "data").glob("*.arrow"))


def names_in(folder: Path) -> list[str]:
    """Return the names of all files below a folder, sorted."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def draw_samples(folder: Path, manifest: Manifest) -> tuple[Sample, ...]:
    """Return sample negatives of every kind, from rows drawn from all shards."""
    share = min(1.0, _SAMPLED_ROWS / manifest.num_rows())
    kept: list[Row] = []
    for shard in manifest.shards:
        rows = read_rows(folder / shard.file)
        kept += [row for row in rows if Stream("published rows", row.id).chance(share)]
    return tuple(samples_of(kept, 300, seed=0))


def _write_pack(folder: Path, out: Path, pack: Pack, *, kind: Kind, manifest: Manifest) -> None:
    path = out / kind.folder / pack.file
    path.parent.mkdir(exist_ok=True)
    paths = [folder / shard.file for shard in pack.shards]
    batches = (batch for each in paths for batch in map_batches(each, schema=kind.schema))
    write_chunked(path, batches, schema=kind.schema)
    with TemporaryDirectory(dir=out) as where:
        records = records_of([path], kind)
        for _ in restore_shards(records, pack.shards, Path(where), kind=kind, manifest=manifest):
            pass
