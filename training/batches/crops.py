"""The part of an image that is seen, in numbers.

The random resized crop of Szegedy et al., "Going deeper with convolutions" (CVPR 2015), as
torchvision draws it: area and aspect ratio, tried ten times, otherwise the middle of the whole
image.
"""

import math
from typing import Final, NamedTuple

from data.streams import Stream

ASPECTS: Final = (3 / 4, 4 / 3)
_TRIES = 10


class Box(NamedTuple):
    """A rectangle of an image, in its pixels."""

    left: int
    top: int
    width: int
    height: int


def random_box(width: int, height: int, *, scale: tuple[float, float], stream: Stream) -> Box:
    """Return a part of an image with a share of `scale` of its area.

    The aspect ratio is drawn from ASPECTS, uniformly in its logarithm.
    """
    low, high = (math.log(aspect) for aspect in ASPECTS)
    for _ in range(_TRIES):
        area = width * height * (scale[0] + (scale[1] - scale[0]) * stream.unit())
        aspect = math.exp(low + (high - low) * stream.unit())
        box_width, box_height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < box_width <= width and 0 < box_height <= height:
            left = stream.below(width - box_width + 1)
            return Box(left, stream.below(height - box_height + 1), box_width, box_height)
    box_width = min(width, max(1, round(height * ASPECTS[1])))
    box_height = min(height, max(1, round(width / ASPECTS[0])))
    return Box((width - box_width) // 2, (height - box_height) // 2, box_width, box_height)


def reduction(box: Box, size: int) -> int:
    """Return the factor by which a JPEG may be reduced while decoding: 1, 2, 4 or 8.

    The part that is seen keeps a width and height of at least `size` pixels.
    """
    most = min(box.width, box.height) / size
    return next((factor for factor in (8, 4, 2) if factor <= most), 1)
