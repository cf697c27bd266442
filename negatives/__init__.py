"""Captions -> hard-negative captions. This half imports `data`, never `training`.

    import negatives
    negatives.generate("A black dog chasing a white cat.")          # a list of Negative
    negatives.build(source="coco", root="coco", out="out")          # captions -> shards
    negatives.audit("out")                                          # what gives negatives away
    negatives.open_shards("out")[0]                                 # a caption and its negatives

Names are imported on first use, so that `import negatives` takes milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from negatives.package_check import refuse_foreign_data

refuse_foreign_data()  # before anything imports it

if TYPE_CHECKING:
    from data.edits import Edit as Edit
    from data.errors import RetryableError as RetryableError
    from data.errors import ShardError as ShardError
    from data.errors import UsageError as UsageError
    from data.records import Negative as Negative
    from data.records import Positive as Positive
    from data.shard_folder import open_shards as open_shards
    from negatives.api import generate as generate
    from negatives.auditing.api import audit as audit
    from negatives.building.api import build as build
    from negatives.rephrasing import rephrase as rephrase

_MODULES = {  # where each public name is defined
    "Edit": "data.edits",
    "Negative": "data.records",
    "Positive": "data.records",
    "RetryableError": "data.errors",
    "ShardError": "data.errors",
    "UsageError": "data.errors",
    "audit": "negatives.auditing.api",
    "build": "negatives.building.api",
    "generate": "negatives.api",
    "open_shards": "data.shard_folder",
    "rephrase": "negatives.rephrasing",
}
__all__ = [
    "Edit",
    "Negative",
    "Positive",
    "RetryableError",
    "ShardError",
    "UsageError",
    "audit",
    "build",
    "generate",
    "open_shards",
    "rephrase",
]


def __getattr__(name: str) -> object:
    """Import a public name on first access, since most of them load heavy libraries."""
    if name not in _MODULES:
        raise AttributeError(f"module 'negatives' has no attribute {name!r}")
    found: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the names for completion in a notebook."""
    return sorted({*globals(), *__all__})
