"""Every kind of image is seen as a viewer shows it, in training as in evaluation."""

import io

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from data.decoding import BrokenImageError
from data.streams import Stream
from tests.training.folders import jpeg
from training.batches.images import Crop, Middle, decoded

RED, WHITE, BLACK, PINK = (255, 0, 0), (255, 255, 255), (0, 0, 0), (255, 127, 127)
SIZE = (12, 12)
RAMP = np.linspace(0, 65535, 144).astype(np.uint16).reshape(12, 12)


def file_of(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def grey(values: NDArray[np.generic], form: str = "TIFF") -> bytes:
    return file_of(Image.fromarray(values), form)


def even(mode: str, colour: object, form: str = "PNG", **options: object) -> bytes:
    image = Image.new(mode, SIZE, colour)
    if mode == "P":
        image.putpalette([*RED, *BLACK] + [9] * 762)
    return file_of(image, form, **options)


def wide(value: int, mode: str = "I;16", form: str = "PNG", **options: object) -> bytes:
    values = np.full(SIZE, value, ">u2" if mode == "I;16B" else "<u2")
    return file_of(Image.frombytes(mode, SIZE, values.tobytes()), form, **options)


def animation(mode: str, form: str) -> bytes:
    first, second = Image.new(mode, SIZE, RED), Image.new(mode, SIZE, BLACK)
    return file_of(first, form, save_all=True, append_images=[second], lossless=True)


COLOURS = {
    "clear": (even("RGBA", (255, 0, 0, 0)), WHITE),
    "opaque": (even("RGBA", (255, 0, 0, 255)), RED),
    "half clear": (even("RGBA", (255, 0, 0, 128)), PINK),
    "clear WEBP": (even("RGBA", (255, 0, 0, 0), "WEBP", lossless=True, exact=True), WHITE),
    "clear LA": (even("LA", (0, 0)), WHITE),
    "opaque LA": (even("LA", (9, 255)), (9, 9, 9)),
    "clear place of a palette": (even("P", 0, transparency=0), WHITE),
    "other place": (even("P", 0, transparency=1), RED),
    "palette with alpha": (even("P", 0, transparency=b"\x80\xff"), PINK),
    "clear GIF": (even("P", 0, "GIF", transparency=0), WHITE),
    "clear colour": (even("RGB", RED, transparency=RED), WHITE),
    "other colour": (even("RGB", RED, transparency=BLACK), RED),
    "clear grey": (even("L", 7, transparency=7), WHITE),
    "clear bit": (even("1", 0, transparency=0), WHITE),
    "bit": (even("1", 1), WHITE),
    "CMYK": (even("CMYK", (0, 255, 255, 0), "TIFF"), RED),
    "I;16 black": (wide(0), BLACK),
    "I;16 white": (wide(65535), WHITE),
    "I;16 middle": (wide(0x7F80), (127, 127, 127)),
    "I;16B": (wide(0x0900, "I;16B", "TIFF"), (9, 9, 9)),
    "I;16 clear": (wide(0x1234, transparency=0x1234), WHITE),
    "I of 8 bits": (grey(np.full(SIZE, 200, np.int32)), (200, 200, 200)),
    "I of 16 bits": (grey(np.full(SIZE, 0x7F80, np.int32)), (127, 127, 127)),
    "F white": (grey(np.full(SIZE, 1.0, np.float32)), WHITE),
    "F black": (grey(np.full(SIZE, 0.0, np.float32)), BLACK),
    "F to 1": (grey(np.full(SIZE, 0.2, np.float32)), (51, 51, 51)),
    "F to 255": (grey(np.full(SIZE, 51.0, np.float32)), (51, 51, 51)),
    "animated GIF": (animation("RGB", "GIF"), RED),
    "animated PNG": (animation("RGB", "PNG"), RED),
    "animated WEBP": (animation("RGB", "WEBP"), RED),
}


@pytest.mark.parametrize(("content", "colour"), COLOURS.values(), ids=COLOURS)
def test_training_and_evaluation_see_the_colour_that_a_viewer_shows(
    content: bytes, colour: tuple[int, int, int]
) -> None:
    seen = decoded(content)
    assert seen.mode == "RGB"
    assert seen.getcolors() == [(144, colour)]
    for transform in (Crop(size=8), Middle(size=8)):
        pixels = transform(content, stream=Stream(0))
        assert (pixels == torch.tensor(colour, dtype=torch.uint8)[:, None, None]).all()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (grey(RAMP, "PNG"), RAMP >> 8),
        (grey(RAMP, "PPM"), RAMP >> 8),  # Pillow opens it as I, the others as I;16
        (grey(RAMP), RAMP >> 8),
        (grey(RAMP.astype(np.int32)), RAMP >> 8),
        (grey((RAMP >> 8).astype(np.int32)), RAMP >> 8),
        (grey((RAMP / 65535).astype(np.float32)), np.rint(RAMP / 257)),
        (grey((RAMP / 257).astype(np.float32)), np.rint(RAMP / 257)),
        (grey(RAMP.astype(np.float32)), np.rint(RAMP / 257)),
        (grey((RAMP / 65535 * 2 - 1).astype(np.float32)), np.rint(RAMP / 257)),
        (grey(RAMP.astype(np.int32) * 30000), np.rint(RAMP / 257)),
        (grey(RAMP.astype(np.int32) - 40000), np.rint(RAMP / 257)),
    ],
    ids=["PNG", "PGM", "TIFF", "I", "I of 8 bits", "F to 1", "F to 255", "F to 65535",
         "F from -1", "I of 31 bits", "I with a sign"],
)  # fmt: skip
def test_wide_samples_are_scaled_not_clipped(content: bytes, expected: NDArray[np.generic]) -> None:
    seen = np.asarray(decoded(content)).astype(int)
    assert (seen == seen[..., :1]).all()
    assert np.abs(seen[..., 0] - expected).max() <= (np.asarray(expected).dtype.kind == "f")


def test_what_is_no_number_does_not_spoil_a_image() -> None:
    values = np.full(SIZE, 0.2, np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    seen = np.asarray(decoded(grey(values)))
    assert (seen[1:] == 51).all()
    with pytest.raises(BrokenImageError, match="no finite number"):
        decoded(grey(np.full(SIZE, np.nan, np.float32)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_nobody_turns_a_camera_back(orientation: int) -> None:
    image = Image.open(io.BytesIO(jpeg(3, size=(16, 16))))
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain, turned = (file_of(image, "JPEG", exif=e, quality=95) for e in (Image.Exif(), exif))
    assert plain != turned
    for transform in (Crop(size=8), Middle(size=8), decoded):
        options = {} if transform is decoded else {"stream": Stream(0)}
        one, other = (np.asarray(transform(content, **options)) for content in (plain, turned))
        assert (one == other).all()


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_ordinary_images_are_not_touched(mode: str) -> None:
    image = Image.open(io.BytesIO(jpeg(3))).convert(mode)
    for form in ("PNG", "JPEG"):
        content = file_of(image, form)
        opened = Image.open(io.BytesIO(content))
        assert decoded(content).tobytes() == opened.convert("RGB").tobytes()
