"""Two images in one picture, as a composite's caption speaks of them.

Each has half of the picture. An image is cut towards the shape of its half, so far that it keeps
as much of what it shows as it fills of its half, and is never stretched; what is left of the half
is black.

Shape suffixes: C colours, H height, W width.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from data.streams import Stream

_HALVES: Final = {"left-right": (1, 2), "top-bottom": (2, 1)}
"""Rows and columns of images."""


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
        scale: the least and greatest share of the area of a cut image that is seen.
        stream: decides which part of each image is seen; None: the middle.
    """
    num_rows, num_columns = _HALVES[layout]
    height, width = size // num_rows, size // num_columns
    picture_CHW = torch.zeros(3, size, size, dtype=torch.uint8)
    for number, part_CHW in enumerate(parts):
        top = number * height if num_rows > 1 else 0
        left = number * width if num_columns > 1 else 0
        seen_CHW = _fitted(part_CHW[:3], (height, width), scale=scale, stream=stream)
        top += (height - seen_CHW.shape[1]) // 2
        left += (width - seen_CHW.shape[2]) // 2
        picture_CHW[:, top : top + seen_CHW.shape[1], left : left + seen_CHW.shape[2]] = seen_CHW
    return picture_CHW


def _fitted(
    part_CHW: Tensor,
    half: tuple[int, int],
    *,
    scale: tuple[float, float],
    stream: Stream | None,
) -> Tensor:
    """Return what is seen of an image, as large as fits into its half."""
    _, height, width = part_CHW.shape
    own, wanted = width / height, half[1] / half[0]
    shape = sqrt(own * wanted)  # between the two: as much is cut off as is left empty
    seen = [height, width]
    if shape < own:
        seen[1] = max(1, round(height * shape))
    else:
        seen[0] = max(1, round(width / shape))
    share = scale[0] + (scale[1] - scale[0]) * stream.unit() if stream else scale[1]
    seen = [max(1, round(side * sqrt(share))) for side in seen]
    places = [stream.unit() if stream else 0.5 for _ in seen]
    top, left = (round((side - part) * place) for side, part, place in
                 zip((height, width), seen, places, strict=True))  # fmt: skip
    seen_CHW = part_CHW[:, top : top + seen[0], left : left + seen[1]]
    factor = min(half[0] / seen[0], half[1] / seen[1])
    fitted = [
        min(side, max(1, round(part * factor))) for side, part in zip(half, seen, strict=True)
    ]
    return functional.interpolate(seen_CHW[None], fitted, mode="bicubic", antialias=True)[0]
