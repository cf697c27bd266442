"""What a training step eats: images, captions, valid negatives, and lengths known on the host.

Shape suffixes: B captions, K negatives a caption, N valid negatives (N <= B K), L token positions,
C H W an image.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from training.batches.layout import Layout, TextForm, lay_out


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """One rank's captions of one step. Lengths are host integers, so that no step waits for a GPU.

    Attributes:
        ids: the B captions' ids.
        image_BCHW: the captions' images, normalised floats.
        caption_BL: token ids, padded with 0 to the batch's longest caption; EOT is kept.
        negative_NL: token ids of the valid negatives, row-major, padded with 0 to their longest.
            A negative that a caption lacks has no row here.
        place_N: b * K + k of each negative, ascending.
        caption_lengths: tokens of each caption up to and including EOT.
        negative_lengths: the same of each negative.
        num_negatives: K, the places a caption has for negatives.
        layout: how the text tower will read the texts; the model makes it where it is missing.
    """

    ids: tuple[str, ...]
    image_BCHW: Tensor
    caption_BL: Tensor
    negative_NL: Tensor
    place_N: Tensor
    caption_lengths: tuple[int, ...]
    negative_lengths: tuple[int, ...]
    num_negatives: int
    layout: Layout | None = None

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> "Batch":
        """Return the batch with its tensors on `device`."""
        return replace(
            self,
            image_BCHW=self.image_BCHW.to(device, non_blocking=non_blocking),
            caption_BL=self.caption_BL.to(device, non_blocking=non_blocking),
            negative_NL=self.negative_NL.to(device, non_blocking=non_blocking),
            place_N=self.place_N.to(device, non_blocking=non_blocking),
            layout=self.layout and self.layout.to(device, non_blocking=non_blocking),
        )

    def pin_memory(self) -> "Batch":
        """Return the batch with its tensors in page-locked memory, for copies that overlap work."""
        return replace(
            self,
            image_BCHW=self.image_BCHW.pin_memory(),
            caption_BL=self.caption_BL.pin_memory(),
            negative_NL=self.negative_NL.pin_memory(),
            place_N=self.place_N.pin_memory(),
            layout=self.layout and self.layout.pin_memory(),
        )


def laid_out(batch: Batch, form: TextForm) -> Batch:
    """Return the batch with its layout, which is made unless it is there.

    A loader's collate is the place for it: on a GPU it waits for the token ids to come back.
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
    )
    return replace(batch, layout=layout.to(batch.image_BCHW.device))
