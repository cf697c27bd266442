"""The picture of a row as people look at it: its image, or the two of a composite in one.

Training joins the images of a composite in the same way (data/joining.py), but with torch.
"""

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from typing import Literal

from PIL import Image

from data.decoding import coloured, open_image
from data.joining import placed

_QUALITY = 85


def as_data_url(content: bytes, *, kind: Literal["jpeg", "png"]) -> str:
    """Return an image file as a URL, for a page that holds its pictures itself."""
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def picture_of(contents: Sequence[bytes], layout: str, *, size: int) -> bytes:
    """Return a JPEG of a row's images.

    A single image keeps its shape and is at most `size` pixels wide and high; the two of a
    composite share a square of `size` pixels as `layout` says, each cropped to its middle.

    Raises:
        BrokenImageError: a file cannot be decoded.
    """
    images = [coloured(open_image(content)) for content in contents]
    if layout == "single":
        (picture,) = images
        picture.thumbnail((size, size), Image.Resampling.BICUBIC)
    else:
        picture = _joined(images, layout, size=size)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _joined(images: Sequence[Image.Image], layout: str, *, size: int) -> Image.Image:
    picture = Image.new("RGB", (size, size))
    for number, image in enumerate(images):
        seen, shown = placed(number, image.size, layout, size=size)
        box = (seen.left, seen.top, seen.left + seen.width, seen.top + seen.height)
        part = image.resize((shown.width, shown.height), Image.Resampling.BICUBIC, box=box)
        picture.paste(part, (shown.left, shown.top))
    return picture
