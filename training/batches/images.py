"""Image files -> RGB pixels as uint8.

Training, validation and evaluation see the same colours: `data/colours.py` converts every mode. For
training Pillow decodes and torch resizes: the same filter (bicubic, antialiased) in a third of the
time. The two differ by one level in a few pixels of a thousand, as may two kinds of processors. For
evaluation Pillow does both.

Shape suffixes: C colours, H height, W width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from torch.utils.dlpack import from_dlpack

from data.columns import integers_of
from data.decoding import coloured, open_image
from data.streams import Stream
from training.batches.composites import join
from training.batches.crops import Box, random_box, reduction


@dataclass(frozen=True, kw_only=True, slots=True)
class Crop:
    """A random part of an image, resized to `size` x `size` (bicubic): for training.

    `scale`: the smallest and largest share of the area. `reduce`: a JPEG much larger than `size` is
    decoded at 1/2, 1/4 or 1/8 (only the DCT's low frequencies), in half the time; the crop is then
    aligned to the reduced image's pixels.
    """

    size: int = 224
    scale: tuple[float, float] = (0.9, 1.0)
    reduce: bool = True

    def __call__(self, *contents: bytes, stream: Stream, layout: str = "single") -> Tensor:
        """Return the pixels of a file, or of the two of a composite, CHW.

        The part that is seen depends only on the stream.

        Raises:
            BrokenImageError: a file cannot be decoded.
        """
        if layout != "single":
            parts = _parts(contents, self.size if self.reduce else None)
            return join(parts, layout, size=self.size, scale=self.scale, stream=stream)
        image = open_image(contents[0])
        box = random_box(image.width, image.height, scale=self.scale, stream=stream)
        factor = reduction(box, self.size) if self.reduce else 1
        smaller = (image.width // factor, image.height // factor)
        if factor > 1 and not image.draft(None, smaller):
            factor = 1  # not a JPEG
        left, top, width, height = (number // factor for number in box)
        image_CHW = _pixels(coloured(image))
        part_CHW = image_CHW[:, top : top + height, left : left + width]
        size = (self.size, self.size)
        return functional.interpolate(part_CHW[None], size, mode="bicubic", antialias=True)[0, :3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Middle:
    """The middle square of an image, its shorter side resized to `size` (bicubic): for evaluation.

    Pixel for pixel open_clip's evaluation transform, for images in colour or grey; JPEGs are
    therefore not reduced while decoding.
    """

    size: int = 224

    def __call__(
        self, *contents: bytes, stream: Stream | None = None, layout: str = "single"
    ) -> Tensor:
        """Return the pixels of a file, or of the two of a composite, CHW; no stream is used.

        Raises:
            BrokenImageError: a file cannot be decoded.
        """
        del stream
        if layout != "single":
            return join(_parts(contents), layout, size=self.size)
        image = coloured(open_image(contents[0]))
        short = min(image.size)
        resized = (self.size * image.width // short, self.size * image.height // short)
        left, top = (round((side - self.size) / 2) for side in resized)
        middle = (left, top, left + self.size, top + self.size)
        return _pixels(image.resize(resized, Image.Resampling.BICUBIC).crop(middle))[:3]


def _parts(contents: Sequence[bytes], size: int | None = None) -> list[Tensor]:
    """Return the pixels of files, CHW each; large JPEGs reduced, but to no less than `size`."""
    parts: list[Tensor] = []
    for content in contents:
        image = open_image(content)
        factor = reduction(Box(0, 0, image.width, image.height), size) if size else 1
        image.draft(None, (image.width // factor, image.height // factor))
        parts.append(_pixels(coloured(image))[:3])
    return parts


def decoded(content: bytes, *, box: tuple[int, int, int, int] | None = None) -> Image.Image:
    """Return an image as RGB, or the part in a box (left, top, right, bottom).

    Parts of the box outside the image are black, as in Pillow.

    Raises:
        BrokenImageError: the file cannot be decoded.
    """
    image = coloured(open_image(content))
    return image.crop(box) if box else image


def normalized(image_BCHW: Tensor, *, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Return uint8 images (0 to 255) as normalised float32, on their own device.

    `mean`, `std`: of red, green and blue, from 0 to 1. Colours are normalised one by one with plain
    numbers: copying a tensor of them to the device would wait for its pending work.
    """
    image_BCHW = image_BCHW.to(torch.float32)
    means, stds = ((np.array(values, np.float32) * 255).tolist() for values in (mean, std))
    for colour_BHW, colour_mean, colour_std in zip(image_BCHW.unbind(1), means, stds, strict=True):
        colour_BHW.sub_(colour_mean).div_(colour_std)
    return image_BCHW


def _pixels(image: Image.Image) -> Tensor:
    """Return RGB pixels as CHW; a fourth channel in memory is padding."""
    try:
        values = from_dlpack(integers_of(image))
    except ValueError:  # Pillow keeps an image of over four million pixels in several pieces
        values = torch.from_numpy(np.array(image))
    return values.view(image.height, image.width, -1).permute(2, 0, 1)
