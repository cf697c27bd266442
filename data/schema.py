"""Rows and rejects as Arrow: the schema of a shard, and the way there and back.

Plain types only, so that every Arrow reader opens a shard as it is. A batch is built column by
column; making it from one dictionary a row costs four times as long.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

import pyarrow as pa

from data.edits import Edit, Replacement
from data.records import Negative, Reject, Row

VERSION = 1

_EDITS = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("text", pa.string())]))
_NEGATIVE = pa.struct(
    [
        ("text", pa.string()),
        ("type", pa.string()),
        ("subtype", pa.string()),
        ("rule", pa.string()),
        ("method", pa.string()),
        ("edits", _EDITS),
        ("score", pa.float32()),
        ("producer", pa.int16()),
    ]
)
_METADATA = {"hard_negatives.schema": str(VERSION)}
ROW_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("image", pa.string()),
        ("caption", pa.string()),
        ("negatives", pa.list_(_NEGATIVE)),
    ],
    metadata=_METADATA,
)
REJECT_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("rule", pa.string()),
        ("type", pa.string()),
        ("text", pa.string()),
        ("edits", _EDITS),
        ("reason", pa.string()),
        ("producer", pa.int16()),
    ],
    metadata=_METADATA,
)


def batch_of_rows(rows: Sequence[Row]) -> pa.RecordBatch:
    """Return the rows as one record batch of ROW_SCHEMA."""
    negatives = [negative for row in rows for negative in row.negatives]
    texts, types, subtypes, rules, methods, _, scores, producers = _columns(negatives, 8)
    items = pa.StructArray.from_arrays(
        [
            pa.array(texts, pa.string()),
            pa.array(types, pa.string()),
            pa.array(subtypes, pa.string()),
            pa.array(rules, pa.string()),
            pa.array(methods, pa.string()),
            _edits_array([negative.edit for negative in negatives]),
            pa.array(scores, pa.float32()),
            pa.array(producers, pa.int16()),
        ],
        fields=list(_NEGATIVE),
    )
    ids, images, captions, _ = _columns(rows, 4)
    return pa.RecordBatch.from_arrays(
        [
            pa.array(ids, pa.string()),
            pa.array(images, pa.string()),
            pa.array(captions, pa.string()),
            pa.ListArray.from_arrays(_offsets(len(row.negatives) for row in rows), items),
        ],
        schema=ROW_SCHEMA,
    )


def batch_of_rejects(rejects: Sequence[Reject]) -> pa.RecordBatch:
    """Return the rejects as one record batch of REJECT_SCHEMA."""
    ids, rules, types, texts, _, reasons, producers = _columns(rejects, 7)
    return pa.RecordBatch.from_arrays(
        [
            pa.array(ids, pa.string()),
            pa.array(rules, pa.string()),
            pa.array(types, pa.string()),
            pa.array(texts, pa.string()),
            _edits_array([reject.edit for reject in rejects]),
            pa.array(reasons, pa.string()),
            pa.array(producers, pa.int16()),
        ],
        schema=REJECT_SCHEMA,
    )


def rows_of_batch(batch: pa.RecordBatch) -> Iterator[Row]:
    """Yield the rows of a batch of ROW_SCHEMA.

    Raises:
        ValueError: a negative's edits are not sorted and disjoint.
    """
    for row in batch.to_pylist():
        negatives = tuple(
            Negative(**{key: value for key, value in item.items() if key != "edits"},
                     edit=_edit_of(item["edits"]))
            for item in row["negatives"]
        )  # fmt: skip
        yield Row(row["id"], row["image"], row["caption"], negatives)


def rejects_of_batch(batch: pa.RecordBatch) -> Iterator[Reject]:
    """Yield the rejects of a batch of REJECT_SCHEMA.

    Raises:
        ValueError: a reject's edits are not sorted and disjoint.
    """
    for item in batch.to_pylist():
        edit = _edit_of(item.pop("edits"))
        yield Reject(**item, edit=edit)


def plain_negative(negative: Negative | Reject) -> dict[str, object]:
    """Return a negative or a reject as JSON holds it, with the "edits" of a shard's row."""
    fields = negative._asdict()
    edit = fields.pop("edit")
    return {**fields, "edits": [replacement._asdict() for replacement in edit.replacements]}


def _edit_of(items: list[dict[str, int | str]]) -> Edit:
    return Edit(tuple(Replacement(int(i["start"]), int(i["end"]), str(i["text"])) for i in items))


def _columns(records: Sequence[tuple[object, ...]], width: int) -> list[tuple[object, ...]]:
    return list(zip(*records, strict=True)) if records else [()] * width


def _offsets(lengths: Iterable[int]) -> pa.Array:
    return pa.array(list(accumulate(lengths, initial=0)), pa.int32())


def _edits_array(edits: Sequence[Edit]) -> pa.Array:
    replacements = [r for edit in edits for r in edit.replacements]
    starts, ends, texts = _columns(replacements, 3)
    items = pa.StructArray.from_arrays(
        [pa.array(starts, pa.int32()), pa.array(ends, pa.int32()), pa.array(texts, pa.string())],
        fields=list(_EDITS.value_type),
    )
    return pa.ListArray.from_arrays(_offsets(len(edit.replacements) for edit in edits), items)
