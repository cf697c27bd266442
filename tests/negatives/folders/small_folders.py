"""Finished folders of a few rows written by hand, as if a rule or two had made them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from data.edits import edit_between
from data.manifest import Manifest
from data.records import Negative, Row, images_of
from negatives.folders.lineage import Account, Counts, manifest_of
from negatives.folders.writing import NewFolder, write_folder


def negative_of(
    caption: str,
    text: str,
    *,
    kind: str = "swap/att",
    rule: str = "swap",
    score: float | None = None,
    producer: int = 0,
) -> Negative:
    edit = edit_between(caption, text)
    assert edit is not None
    of_type, _, subtype = kind.partition("/")
    return Negative(text, of_type, subtype, rule, "rule", edit, score, producer)


def row_of(row_id: str, caption: str, *texts: str, image: str = "1.jpg", **fields: object) -> Row:
    negatives = tuple(negative_of(caption, text, **fields) for text in texts)  # type: ignore[arg-type]
    return Row(row_id, images_of(image), caption, negatives)


def make_folder(
    out: Path,
    splits: Mapping[str, Sequence[Row]],
    *,
    rules: Sequence[str] = ("swap",),
    shard_rows: int = 2,
    source: str = "scenes",
) -> Manifest:
    counts = Counts()
    account = Account(
        config={"negatives": {"shard_captions": shard_rows}},
        seed=7,
        source={"name": source, "licence": "CC0-1.0"},
        producers=[{"rule": rule, "method": "rule", "options": {}} for rule in rules],
        lineage=[],
    )
    return write_folder(
        NewFolder(out, "import", shard_rows),
        (
            (split, (counts.add(row, why_empty="no slot") for row in rows))
            for split, rows in splits.items()
        ),
        manifest=lambda shards: manifest_of(account, shards, counts.content()),
    )
