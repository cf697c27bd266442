"""Rows and rejects as Arrow: the schema of a shard, and the conversions.

Only plain types, so that every Arrow reader can open a shard. A batch is built column by column;
building it from one dictionary per row takes four times as long.

Version 1 had one `image` per row and no positives. Its batches are converted when read.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data.edits import Edit, Replacement
from data.records import SCORE_DIGITS, Negative, Positive, Reject, Row

VERSION = 2
READABLE = (1, VERSION)

_EDITS = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("text", pa.string())]))
_EDITED = pa.struct(
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
ROW_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("images", pa.list_(pa.string())),
        ("layout", pa.string()),
        ("caption", pa.string()),
        ("negatives", pa.list_(_EDITED)),
        ("positives", pa.list_(_EDITED)),
    ],
    metadata={"hard_negatives.schema": str(VERSION)},
)
ROW_SCHEMA_1 = pa.schema(
    [
        ("id", pa.string()),
        ("image", pa.string()),
        ("caption", pa.string()),
        ("negatives", pa.list_(_EDITED)),
    ],
    metadata={"hard_negatives.schema": "1"},
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
    metadata={"hard_negatives.schema": "1"},  # as in version 1
)


def batch_of_rows(rows: Sequence[Row]) -> pa.RecordBatch:
    """Return the rows as one record batch of ROW_SCHEMA."""
    ids, images, captions, negatives, positives, layouts = _columns(rows, 6)
    return pa.RecordBatch.from_arrays(
        [
            pa.array(ids, pa.string()),
            pa.array(images, pa.list_(pa.string())),
            pa.array(layouts, pa.string()),
            pa.array(captions, pa.string()),
            _edited_array(negatives),
            _edited_array(positives),
        ],
        schema=ROW_SCHEMA,
    )


def upgraded(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch of ROW_SCHEMA_1 as one of ROW_SCHEMA; texts are not copied."""
    ids, images, captions, negatives = batch.columns
    has_image = pc.not_equal(images, "")
    empty = pa.array([[]] * batch.num_rows, ROW_SCHEMA.field("positives").type)
    return pa.RecordBatch.from_arrays(
        [
            ids,
            pa.ListArray.from_arrays(_offsets(has_image.to_pylist()), images.filter(has_image)),
            pa.array(["single"] * batch.num_rows, pa.string()),
            captions,
            negatives,
            empty,
        ],
        schema=ROW_SCHEMA,
    )


def downgraded(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch of ROW_SCHEMA, made of rows of version 1, as one of ROW_SCHEMA_1."""
    images = ["".join(keys) for keys in batch.column("images").to_pylist()]
    columns = (batch.column(name) for name in ("caption", "negatives"))
    return pa.RecordBatch.from_arrays(
        [batch.column("id"), pa.array(images, pa.string()), *columns], schema=ROW_SCHEMA_1
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
        yield Row(
            id=row["id"],
            images=tuple(row["images"]),
            caption=row["caption"],
            negatives=tuple(Negative(**_fields(item)) for item in row["negatives"]),
            positives=tuple(Positive(**_fields(item)) for item in row["positives"]),
            layout=row["layout"],
        )


def rejects_of_batch(batch: pa.RecordBatch) -> Iterator[Reject]:
    """Yield the rejects of a batch of REJECT_SCHEMA.

    Raises:
        ValueError: a reject's edits are not sorted and disjoint.
    """
    for item in batch.to_pylist():
        edit = _edit_of(item.pop("edits"))
        yield Reject(**item, edit=edit)


def plain_negative(negative: Negative | Positive | Reject) -> dict[str, object]:
    """Return it as JSON, with "edits" as in a shard's row."""
    fields = negative._asdict()
    edit = fields.pop("edit")
    return {**fields, "edits": [replacement._asdict() for replacement in edit.replacements]}


def _fields(item: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in item.items() if name != "edits"},
            "score": _short(item["score"]), "edit": _edit_of(item["edits"])}  # fmt: skip


def _short(score: float | None) -> float | None:
    """Return a float32 with the decimals that scorers give, if it is the float32 nearest to these.

    For example 0.4427, which a float32 stores as 0.4426999986171722.
    """
    if score is None:
        return None
    rounded = round(score, SCORE_DIGITS)
    half_a_step = math.ulp(score) * 2**28  # between float32 values; a float64 has 29 more bits
    return rounded if abs(rounded - score) <= half_a_step else score


def _edited_array(edited_by_row: Sequence[tuple[Negative | Positive, ...]]) -> pa.Array:
    edited = [each for some in edited_by_row for each in some]
    texts, types, subtypes, rules, methods, _, scores, producers = _columns(edited, 8)
    items = pa.StructArray.from_arrays(
        [
            pa.array(texts, pa.string()),
            pa.array(types, pa.string()),
            pa.array(subtypes, pa.string()),
            pa.array(rules, pa.string()),
            pa.array(methods, pa.string()),
            _edits_array([each.edit for each in edited]),
            pa.array(scores, pa.float32()),
            pa.array(producers, pa.int16()),
        ],
        fields=list(_EDITED),
    )
    return pa.ListArray.from_arrays(_offsets(map(len, edited_by_row)), items)


def _edit_of(items: list[dict[str, int | str]]) -> Edit:
    return Edit(tuple(Replacement(int(i["start"]), int(i["end"]), str(i["text"])) for i in items))


def _columns(records: Sequence[tuple[Any, ...]], width: int) -> list[tuple[Any, ...]]:
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
