"""HardNegativeDataset -> a batch."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from training.batches.batch import Batch
from training.batches.tokens import Ids


class Sample(NamedTuple):
    """A caption with its image and K places for negatives, None where there is none to use.

    `counts`: drawn negatives by type, and what went otherwise than planned.
    """

    id: str
    pixels_CHW: Tensor
    caption: Ids
    negatives: tuple[Ids | None, ...]
    counts: Mapping[str, int]


def collate(samples: Sequence[Sample]) -> Batch:
    """Return samples as a batch on the CPU, for a DataLoader: images are uint8, of [0, 255].

    A quarter of the floats travels so; `ClipModel` normalises them where it is.
    """
    num_negatives = len(samples[0].negatives)
    negatives = [
        (row * num_negatives + place, ids)
        for row, sample in enumerate(samples)
        for place, ids in enumerate(sample.negatives)
        if ids is not None
    ]
    return Batch(
        ids=tuple(sample.id for sample in samples),
        image_BCHW=torch.stack([sample.pixels_CHW for sample in samples]),
        caption_BL=_padded([sample.caption for sample in samples]),
        negative_NL=_padded([ids for _, ids in negatives]),
        place_N=torch.tensor([place for place, _ in negatives], dtype=torch.int64),
        caption_lengths=tuple(len(sample.caption) for sample in samples),
        negative_lengths=tuple(len(ids) for _, ids in negatives),
        num_negatives=num_negatives,
    )


def total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sums of several counts."""
    sums = Counter[str]()
    for some in counts:
        sums.update(some)
    return dict(sums)


def _padded(texts: Sequence[Ids]) -> Tensor:
    """Return token ids, padded with 0 to the longest text."""
    table = np.zeros((len(texts), max(map(len, texts), default=0)), np.int64)
    for row, ids in zip(table, texts, strict=True):
        row[: len(ids)] = ids
    return torch.from_numpy(table)
