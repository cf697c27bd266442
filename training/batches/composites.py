"""Join two images into one picture, arranged as a composite's caption says (data/joining.py).

Shape suffixes: C colours, H height, W width.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from data.joining import placed
from data.streams import Stream


def join(
    parts: Sequence[Tensor],
    layout: str,
    *,
    size: int,
    scale: tuple[float, float] = (1.0, 1.0),
    stream: Stream | None = None,
) -> Tensor:
    """Return one picture of two images, 3 x size x size as uint8.

    Args:
        parts: the images as CHW, uint8; the left or upper one first.
        layout: "left-right" or "top-bottom".
        size: pixels wide and high.
        scale: the smallest and largest share of a cropped image's area that is seen.
        stream: decides which part of each image is seen; None: the middle.
    """
    picture_CHW = torch.zeros(3, size, size, dtype=torch.uint8)
    for number, part_CHW in enumerate(parts):
        _, height, width = part_CHW.shape
        seen, shown = placed(number, (width, height), layout, size=size, scale=scale, stream=stream)
        seen_CHW = part_CHW[
            :3, seen.top : seen.top + seen.height, seen.left : seen.left + seen.width
        ]
        fitted_CHW = functional.interpolate(
            seen_CHW[None], (shown.height, shown.width), mode="bicubic", antialias=True
        )[0]
        picture_CHW[
            :, shown.top : shown.top + shown.height, shown.left : shown.left + shown.width
        ] = fitted_CHW
    return picture_CHW
