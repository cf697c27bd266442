"""Where the images of a composite are placed in one picture. Pure.

Each has half of the picture. An image is cropped halfway towards the shape of its half: the share
of the image that stays visible equals the share of the half that it fills. It is never stretched;
the rest of the half is black.
"""

from math import sqrt
from typing import Final, NamedTuple

from data.streams import Stream

_HALVES: Final = {"left-right": (1, 2), "top-bottom": (2, 1)}
"""Rows and columns of images."""


class Pixels(NamedTuple):
    """A rectangle of pixels."""

    left: int
    top: int
    width: int
    height: int


class Placed(NamedTuple):
    """The part of an image that is seen, and the part of the picture where it is shown."""

    seen: Pixels
    shown: Pixels


def placed(  # noqa: PLR0913 - an image, its half, and what is left to chance
    number: int,
    image: tuple[int, int],
    layout: str,
    *,
    size: int,
    scale: tuple[float, float] = (1.0, 1.0),
    stream: Stream | None = None,
) -> Placed:
    """Return the visible part of an image of a composite, and where it is placed.

    Args:
        number: 0 for the left or upper image, 1 for the other one.
        image: its width and height.
        layout: "left-right" or "top-bottom".
        size: of the picture, pixels wide and high.
        scale: the least and greatest share of the area of a cut image that is seen.
        stream: decides which part of the image is seen; None: the middle.
    """
    num_rows, num_columns = _HALVES[layout]
    half_width, half_height = size // num_columns, size // num_rows
    seen = _seen(image, half_width / half_height, scale=scale, stream=stream)
    factor = min(half_width / seen.width, half_height / seen.height)
    width = min(half_width, max(1, round(seen.width * factor)))
    height = min(half_height, max(1, round(seen.height * factor)))
    left = (half_width - width) // 2 + (number * half_width if num_columns > 1 else 0)
    top = (half_height - height) // 2 + (number * half_height if num_rows > 1 else 0)
    return Placed(seen, Pixels(left, top, width, height))


def _seen(
    image: tuple[int, int],
    wanted: float,
    *,
    scale: tuple[float, float],
    stream: Stream | None,
) -> Pixels:
    """Return the visible part of an image in a half of the shape `wanted`, width by height."""
    width, height = image
    own = width / height
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
    return Pixels(left, top, seen[1], seen[0])
