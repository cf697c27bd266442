"""Shards and images -> a fine-tuned CLIP. This half imports `data`, never `negatives`.

import training
data = training.dataset("out", "pictures")
loader = DataLoader(data, batch_size=64, shuffle=True, collate_fn=data.collate)
"""

from typing import TYPE_CHECKING

from training.neighbour import refuse_foreign_data

refuse_foreign_data()  # before anything imports it

if TYPE_CHECKING:
    from training.batches.dataset import dataset as dataset

__all__ = ["dataset"]


def __getattr__(name: str) -> object:
    """Open `dataset` when it is asked for: it brings torch, which the command line need not."""
    if name == "dataset":
        from training.batches.dataset import dataset  # noqa: PLC0415

        return dataset
    raise AttributeError(f"module 'training' has no attribute {name!r}")
