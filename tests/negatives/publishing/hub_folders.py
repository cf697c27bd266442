"""Published folders for tests: written by hand, with an audit that keeps its bars or breaks one."""

import json
from pathlib import Path
from typing import Any

from data.manifest import Manifest
from data.records import Row
from negatives.auditing.api import plain_audit
from negatives.auditing.findings import Audit, Bar, Finding
from negatives.publishing.writing import Publication, write_files
from tests.negatives.folders.small_folders import make_folder, row_of

COLOURS = ("red", "blue", "green", "black", "white")


def rows_of(num_rows: int, *, first: int = 0) -> list[Row]:
    """Return rows: every third has no negative, the others one or two."""
    rows = []
    for number in range(first, first + num_rows):
        colour, other = COLOURS[number % 5], COLOURS[(number + 1) % 5]
        caption = f"a {colour} car näher bus {number}"
        texts = (f"a {other} car näher bus {number}", f"a {colour} cart näher bus {number}")
        made = texts[: number % 3]
        image = f"{number // 2}.jpg"
        rows.append(row_of(f"scenes:{number}", caption, *made, image=image, score=number / 7))
    return rows


def audit_of(manifest: Manifest, *, value: float = 0.5) -> Audit:
    """Return an audit whose one finding with a bar of 0.45 to 0.55 has this value."""
    words = Finding("words", "overall", value, value - 0.01, value + 0.01, 2000, Bar(0.45, 0.55))
    return Audit("out", manifest.fingerprint, (words,), {}, {})


def folder_of(out: Path, num_rows: int = 40, *, shard_rows: int = 7) -> Manifest:
    splits = {"train": rows_of(num_rows), "val-2": rows_of(5, first=num_rows)}
    return make_folder(out, splits, shard_rows=shard_rows)


def write_audit(path: Path, audit: Audit) -> Path:
    path.write_text(json.dumps(plain_audit(audit)))
    return path


def publish_to(folder: Path, out: Path, manifest: Manifest, **fields: Any) -> list[str]:  # noqa: ANN401
    audit = audit_of(manifest)
    given = {"licence": "CC0-1.0", "figures": plain_audit(audit), **fields}
    publication = Publication(repository="user/name", audit=audit, **given)
    return write_files(folder, out, publication=publication)
