"""An image in any of Pillow's modes -> RGB: the only code that converts modes.

Training, validation and evaluation all see an image through `in_colour`. It decides three things:

* Transparency is laid on white, as browsers and image viewers show it. The colour of a
  transparent pixel is whatever the program that saved the file left there; nobody captioned it.
  open_clip drops the alpha channel, and shows these colours or black, depending on where a pipeline
  resizes. Opaque images are the same either way.
* Samples of more than eight bits are scaled, not clipped. Of sixteen bits the upper eight are kept,
  which is how Pillow reads sixteen-bit colour. Modes `I` and `F` do not say what white is: see
  `_range_of`.
* Of an animation the first frame is taken, which is the one that Pillow has open.

An image that is RGB already, without transparency, is returned as it is.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_WHITES: Final = {"I": (255.0, 65535.0), "F": (1.0, 255.0, 65535.0)}


def in_colour(image: Image.Image) -> Image.Image:
    """Return a decoded image as RGB.

    Raises:
        ValueError: the image holds no finite number, or Pillow cannot convert its mode.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return _in_eight_bits(image).convert("RGB")
    if image.has_transparency_data:
        return _on_white(image.convert("RGBA"))
    return image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    alpha = image.getchannel("A")
    colours = image.convert("RGB")
    if alpha.getextrema() == (255, 255):
        return colours
    whole = Image.new("RGB", image.size, "white")
    whole.paste(colours, mask=alpha)
    return whole


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Return a grey image of wider samples as `L`; the value that stands for "clear" is white."""
    values = np.asarray(image)
    grey = _scaled(values, mode=image.mode)
    clear = image.info.get("transparency")
    if clear is not None:
        grey[values == clear] = 255
    return Image.fromarray(grey)


def _scaled(values: NDArray[Any], *, mode: str) -> NDArray[np.uint8]:
    if mode not in _WHITES:  # I;16 in any order of bytes
        return (values >> 8).astype(np.uint8)
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ValueError("it contains no finite number")
    low, high = float(finite.min()), float(finite.max())
    black, white = _range_of(low, high, mode=mode)
    if mode == "I" and (black, white) == (0, 65535):
        return (values >> 8).astype(np.uint8)
    known = np.nan_to_num(values.astype(np.float64), nan=black, posinf=high, neginf=low)
    share = (known - black) / ((white - black) or 1)
    return np.rint(share * 255).astype(np.uint8)


def _range_of(low: float, high: float, *, mode: str) -> tuple[float, float]:
    """Return the values that are black and white, judged by what an image holds.

    The first of the usual ranges (0 to 1 of floats, 0 to 255, 0 to 65535) that holds all values;
    beyond them the least value is black and the greatest one white.
    """
    if low >= 0 and (white := next((top for top in _WHITES[mode] if high <= top), None)):
        return 0, white
    return low, high
