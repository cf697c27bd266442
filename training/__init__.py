"""Shards and images -> a fine-tuned CLIP. This half imports `data`, never `negatives`.

For your own training loop: `HardNegativeDataset` gives samples, `collate` makes a `Batch` of them,
`load_model` returns a `ClipModel` that gives the batch's `Features`, and `FscClipLoss` computes
their loss. `token_paths` is for features of other models. docs/python.md goes from shards to an
optimizer step.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from training.package_check import refuse_foreign_data

refuse_foreign_data()  # before anything imports it

if TYPE_CHECKING:
    from training.batches.batch import Batch as Batch
    from training.batches.batch import Sample as Sample
    from training.batches.batch import collate as collate
    from training.batches.dataset import DataOptions as DataOptions
    from training.batches.dataset import HardNegativeDataset as HardNegativeDataset
    from training.model.clip import ClipModel as ClipModel
    from training.model.loading import load_model as load_model
    from training.objective.features import Features as Features
    from training.objective.features import token_paths as token_paths
    from training.objective.module import FscClipLoss as FscClipLoss

_WHERE: Final = {
    "Batch": "training.batches.batch",
    "ClipModel": "training.model.clip",
    "DataOptions": "training.batches.dataset",
    "Features": "training.objective.features",
    "FscClipLoss": "training.objective.module",
    "HardNegativeDataset": "training.batches.dataset",
    "Sample": "training.batches.batch",
    "collate": "training.batches.batch",
    "load_model": "training.model.loading",
    "token_paths": "training.objective.features",
}

__all__ = [
    "Batch",
    "ClipModel",
    "DataOptions",
    "Features",
    "FscClipLoss",
    "HardNegativeDataset",
    "Sample",
    "collate",
    "load_model",
    "token_paths",
]


def __getattr__(name: str) -> object:
    """Import a public name on first access: it loads torch, which the command line may not need."""
    if name not in _WHERE:
        raise AttributeError(f"module 'training' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
