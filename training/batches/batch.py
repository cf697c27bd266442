"""The input of a training step: images, captions, valid negatives; lengths are known on the host.

Shape suffixes: B captions, K negatives and Q positives per caption, N valid negatives (N <= B K), L
token positions, C H W an image.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from training.batches.layout import Layout, Positives, TextForm, lay_out
from training.batches.tokens import Ids


@dataclass(frozen=True, kw_only=True, slots=True)
class PositiveTexts:
    """The positives of a batch's captions: other true texts about their images.

    Attributes:
        token_NL: token ids of the valid positives, row-major, padded with 0 to their longest.
        place_N: b * Q + q of each, ascending.
        lengths: tokens of each up to and including EOT.
        num_places: Q, the number of places for positives per caption.
    """

    token_NL: Tensor
    place_N: Tensor
    lengths: tuple[int, ...]
    num_places: int

    def laid_out(self) -> Positives:
        """Return them in the form that `lay_out` takes."""
        texts = zip(self.token_NL.tolist(), self.lengths, strict=True)
        return Positives(
            texts=[ids[:length] for ids, length in texts],
            places=self.place_N.tolist(),
            num_places=self.num_places,
        )


NO_TOKEN: Final = -100
"""Where a text to write has ended: what cross-entropy leaves out."""


@dataclass(frozen=True, slots=True)
class TargetTexts:
    """The positives of a batch's captions as token ids of a decoder, which is to write them.

    Attributes:
        token_NL: token ids of each, padded with NO_TOKEN.
        caption_N: the caption b that each is a positive of, ascending.
    """

    token_NL: Tensor
    caption_N: Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """One rank's captions in one step. Lengths are host integers, so that no step waits for a GPU.

    Attributes:
        ids: the B captions' ids.
        image_BCHW: the captions' images: uint8 of [0, 255], or normalised floats.
        caption_BL: token ids, padded with 0 to the batch's longest caption; EOT is kept.
        negative_NL: token ids of the valid negatives, row-major, padded with 0 to their longest.
            Missing negatives have no row.
        place_N: b * K + k of each negative, ascending.
        caption_lengths: tokens of each caption up to and including EOT.
        negative_lengths: the same of each negative.
        num_negatives: K, the number of places for negatives per caption.
        positives: of the captions; None if none are drawn (Q = 0).
        targets: these positives for a decoder; None without one.
        layout: how the text tower reads the texts; the model makes it if it is missing.
    """

    ids: tuple[str, ...]
    image_BCHW: Tensor
    caption_BL: Tensor
    negative_NL: Tensor
    place_N: Tensor
    caption_lengths: tuple[int, ...]
    negative_lengths: tuple[int, ...]
    num_negatives: int
    positives: PositiveTexts | None = None
    targets: TargetTexts | None = None
    layout: Layout | None = None

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> "Batch":
        """Return the batch with its tensors on `device`."""
        return replace(
            self,
            image_BCHW=self.image_BCHW.to(device, non_blocking=non_blocking),
            caption_BL=self.caption_BL.to(device, non_blocking=non_blocking),
            negative_NL=self.negative_NL.to(device, non_blocking=non_blocking),
            place_N=self.place_N.to(device, non_blocking=non_blocking),
            positives=self.positives
            and replace(
                self.positives,
                token_NL=self.positives.token_NL.to(device, non_blocking=non_blocking),
                place_N=self.positives.place_N.to(device, non_blocking=non_blocking),
            ),
            targets=self.targets
            and TargetTexts(
                token_NL=self.targets.token_NL.to(device, non_blocking=non_blocking),
                caption_N=self.targets.caption_N.to(device, non_blocking=non_blocking),
            ),
            layout=self.layout and self.layout.to(device, non_blocking=non_blocking),
        )

    def pin_memory(self) -> "Batch":
        """Return the batch with its tensors in page-locked memory, for asynchronous copies."""
        return replace(
            self,
            image_BCHW=self.image_BCHW.pin_memory(),
            caption_BL=self.caption_BL.pin_memory(),
            negative_NL=self.negative_NL.pin_memory(),
            place_N=self.place_N.pin_memory(),
            positives=self.positives
            and replace(
                self.positives,
                token_NL=self.positives.token_NL.pin_memory(),
                place_N=self.positives.place_N.pin_memory(),
            ),
            targets=self.targets
            and TargetTexts(
                token_NL=self.targets.token_NL.pin_memory(),
                caption_N=self.targets.caption_N.pin_memory(),
            ),
            layout=self.layout and self.layout.pin_memory(),
        )


def laid_out(batch: Batch, form: TextForm) -> Batch:
    """Return the batch with its layout, making it if it is missing.

    Call it in a loader's collate: on a GPU it has to wait for the token ids.
    """
    if batch.layout is not None:
        return batch
    captions = zip(batch.caption_BL.tolist(), batch.caption_lengths, strict=True)
    negatives = zip(batch.negative_NL.tolist(), batch.negative_lengths, strict=True)
    layout = lay_out(
        [ids[:length] for ids, length in captions],
        [ids[:length] for ids, length in negatives],
        batch.place_N.tolist(),
        num_negatives=batch.num_negatives,
        form=form,
        positives=batch.positives.laid_out() if batch.positives else Positives(),
    )
    return replace(batch, layout=layout.to(batch.image_BCHW.device))


class Sample(NamedTuple):
    """A caption with its image and K places for negatives, None for those that are empty.

    `counts`: drawn negatives by type, and exceptions such as replaced images. `positives`: Q places
    for them, None for those that are empty. `targets`: the same for a decoder; empty without one.
    """

    id: str
    pixels_CHW: Tensor
    caption: Ids
    negatives: tuple[Ids | None, ...]
    counts: Mapping[str, int]
    positives: tuple[Ids | None, ...] = ()
    targets: tuple[Ids | None, ...] = ()


def collate(samples: Sequence[Sample]) -> Batch:
    """Return samples as a batch on the CPU, for a DataLoader: images are uint8, of [0, 255].

    Bytes are a quarter of the size of floats; `ClipModel` normalises them on its device.
    """
    num_negatives, num_positives = len(samples[0].negatives), len(samples[0].positives)
    negatives = _placed([sample.negatives for sample in samples], num_negatives)
    positives = _placed([sample.positives for sample in samples], num_positives)
    targets = [sample.targets for sample in samples]
    return Batch(
        ids=tuple(sample.id for sample in samples),
        image_BCHW=torch.stack([sample.pixels_CHW for sample in samples]),
        caption_BL=_padded([sample.caption for sample in samples]),
        negative_NL=_padded([ids for _, ids in negatives]),
        place_N=torch.tensor([place for place, _ in negatives], dtype=torch.int64),
        caption_lengths=tuple(len(sample.caption) for sample in samples),
        negative_lengths=tuple(len(ids) for _, ids in negatives),
        num_negatives=num_negatives,
        positives=PositiveTexts(
            token_NL=_padded([ids for _, ids in positives]),
            place_N=torch.tensor([place for place, _ in positives], dtype=torch.int64),
            lengths=tuple(len(ids) for _, ids in positives),
            num_places=num_positives,
        )
        if num_positives
        else None,
        targets=targets_of(targets) if targets[0] else None,
    )


def targets_of(drawn: Sequence[Sequence[Ids | None]]) -> TargetTexts:
    """Return the texts that a decoder is to write."""
    num_places = len(drawn[0])
    numbered = _placed(drawn, num_places)
    return TargetTexts(
        token_NL=_padded([ids for _, ids in numbered], filler=NO_TOKEN),
        caption_N=torch.tensor([place // num_places for place, _ in numbered], dtype=torch.int64),
    )


def total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sums of several counts."""
    sums = Counter[str]()
    for some in counts:
        sums.update(some)
    return dict(sums)


def _placed(drawn: Sequence[Sequence[Ids | None]], num_places: int) -> list[tuple[int, Ids]]:
    """Return the texts that exist, each with b * N + n, its place among the N of each caption."""
    return [
        (row * num_places + place, ids)
        for row, texts in enumerate(drawn)
        for place, ids in enumerate(texts)
        if ids is not None
    ]


def _padded(texts: Sequence[Ids], *, filler: int = 0) -> Tensor:
    """Return token ids, padded to the longest text."""
    table = np.full((len(texts), max(map(len, texts), default=0)), filler, np.int64)
    for row, ids in zip(table, texts, strict=True):
        row[: len(ids)] = ids
    return torch.from_numpy(table)
