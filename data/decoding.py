"""Image files -> images of Pillow in red, green and blue, decoded to their end.

The orientation that a camera noted (EXIF) is ignored, as open_clip ignores it.
"""

import struct
import zlib
from io import BytesIO

from PIL import Image

from data.colours import in_colour

_FAULTS = (
    OSError,  # of which UnidentifiedImageError is one; the bytes are in memory already
    SyntaxError,  # Pillow's word for a broken PNG
    ValueError,
    EOFError,
    IndexError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class BrokenImageError(Exception):
    """These bytes are not an image, or it cannot be decoded to the end."""


def open_image(content: bytes) -> Image.Image:
    """Return an image of which only the header has been read.

    Raises:
        BrokenImageError: the header cannot be read.
    """
    try:
        return Image.open(BytesIO(content))
    except _FAULTS as error:
        raise BrokenImageError(f"{type(error).__name__}: {error}") from error


def coloured(image: Image.Image) -> Image.Image:
    """Return the image as RGB, decoded to its end.

    Raises:
        BrokenImageError: the image cannot be decoded.
    """
    try:
        image.load()
        return in_colour(image)
    except _FAULTS as error:
        raise BrokenImageError(f"{type(error).__name__}: {error}") from error
