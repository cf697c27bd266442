"""A card's metadata for the Hub: licence, size, tags, configurations, columns and splits."""

import re
from typing import Any, Final

from data.manifest import Manifest
from data.published import split_name

_SIZES: Final = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"))  # fmt: skip
_LICENCES: Final = re.compile(
    r"apache-2\.0|mit|cc0-1\.0|cc-by(-sa|-nc|-nd|-nc-sa|-nc-nd)?-(2\.0|2\.5|3\.0|4\.0)|odbl|odc-by|pddl"
)
"""The Hub's identifiers for captions' licences; others are given by name."""

_TEXT: Final = {"dtype": "string"}


def _edited(name: str) -> dict[str, Any]:
    """Return a new column of edited captions; YAML would write a shared one as an alias."""
    return {
        "name": name,
        "list": [
            *({"name": each, **_TEXT} for each in ("text", "type", "subtype", "rule", "method")),
            {
                "name": "edits",
                "list": [
                    {"name": "start", "dtype": "int32"},
                    {"name": "end", "dtype": "int32"},
                    {"name": "text", **_TEXT},
                ],
            },
            {"name": "score", "dtype": "float32"},
            {"name": "producer", "dtype": "int16"},
        ],
    }


FEATURES: Final = (
    {"name": "id", **_TEXT},
    {"name": "images", "list": "string"},
    {"name": "layout", **_TEXT},
    {"name": "caption", **_TEXT},
    _edited("negatives"),
    _edited("positives"),
)
"""The columns of a shard in the Hub's notation."""


def metadata(manifest: Manifest, *, name: str, licence: str, num_bytes: int) -> dict[str, Any]:
    """Return the card's YAML; `licence` is "" if unknown, `num_bytes` the parquet files' size."""
    splits = manifest.splits()
    return {
        **_licence(licence),
        "pretty_name": name,
        "language": ["en"],
        "annotations_creators": ["machine-generated"],
        "task_categories": ["zero-shot-image-classification"],
        "tags": ["hard-negatives", "compositionality", "captions", "clip", "vision-language"],
        "size_categories": [size_category(manifest.num_rows())],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": split_name(split), "path": f"data/{split_name(split)}-*.parquet"}
                    for split in splits
                ],
            }
        ],
        "dataset_info": {
            "features": [*FEATURES],
            "splits": [_split(manifest, split) for split in splits],
            "download_size": num_bytes,
            "dataset_size": sum(shard.bytes for shard in manifest.shards),
        },
    }


def _split(manifest: Manifest, split: str) -> dict[str, str | int]:
    shards = [shard for shard in manifest.shards if shard.split == split]
    return {
        "name": split_name(split),
        "num_bytes": sum(shard.bytes for shard in shards),
        "num_examples": sum(shard.rows for shard in shards),
    }


def size_category(num_rows: int) -> str:
    """Return the Hub's category for a number of rows."""
    return next((name for limit, name in _SIZES if num_rows < limit), "1B<n<10B")


def _slug(licence: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", licence.lower()).strip("-")


def _licence(licence: str) -> dict[str, str]:
    """Return the Hub's identifier of a licence, or "other" with its name."""
    if not licence:
        return {"license": "unknown"}
    if _LICENCES.fullmatch(licence.lower()):
        return {"license": licence.lower()}
    return {"license": "other", "license_name": _slug(licence), "license_link": "README.md"}
