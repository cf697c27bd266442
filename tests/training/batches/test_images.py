import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import InterpolationMode, v2

from data.decoding import BrokenImageError
from data.streams import Stream
from tests.training.folders import jpeg
from training.batches.crops import ASPECTS, Box, random_box, reduction
from training.batches.images import Crop, Middle

sides = st.integers(1, 5000)


def encoded(image: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def painted(size: tuple[int, int] = (90, 60), mode: str = "RGB") -> Image.Image:
    return Image.open(io.BytesIO(jpeg(3, size=size))).convert(mode)


def of_pillow(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


@given(sides, sides, st.integers())
def test_a_part_lies_inside(width: int, height: int, key: int) -> None:
    box = random_box(width, height, scale=(0.9, 1.0), stream=Stream(key))
    assert 0 <= box.left <= box.left + box.width <= width
    assert 0 <= box.top <= box.top + box.height <= height
    assert min(box.width, box.height) >= 1


def test_a_part_has_the_area_and_the_aspect_asked_for() -> None:
    boxes = [random_box(640, 480, scale=(0.9, 1.0), stream=Stream(n)) for n in range(2000)]
    areas = np.array([box.width * box.height / 640 / 480 for box in boxes])
    aspects = np.array([box.width / box.height for box in boxes])
    assert 0.89 < areas.min() < 0.91
    assert 0.99 < areas.max() <= 1
    assert ASPECTS[0] * 0.99 < aspects.min() < aspects.max() < ASPECTS[1] * 1.01
    assert len({(box.left, box.top) for box in boxes}) > 300


@pytest.mark.parametrize(
    ("width", "height", "box"),
    [(400, 100, Box(133, 0, 133, 100)), (100, 400, Box(0, 133, 100, 133)), (1, 9, Box(0, 4, 1, 1))],
)
def test_of_narrow_images_the_middle_is_seen(width: int, height: int, box: Box) -> None:
    assert random_box(width, height, scale=(0.9, 1.0), stream=Stream(0)) == box


@pytest.mark.parametrize(
    ("box", "factor"),
    [
        (Box(0, 0, 448, 448), 2),
        (Box(9, 9, 447, 900), 1),
        (Box(0, 0, 900, 896), 4),
        (Box(0, 0, 5000, 5000), 8),
        (Box(0, 0, 10, 10), 1),
    ],
)
def test_what_is_seen_keeps_the_pixels_asked_for(box: Box, factor: int) -> None:
    assert reduction(box, 224) == factor


def test_a_crop_depends_on_its_stream_alone() -> None:
    content = jpeg(1, size=(120, 90))
    crop = Crop(size=32, scale=(0.3, 0.6))
    first, again, other = (crop(content, stream=Stream(key)) for key in (1, 1, 2))
    assert first.shape == (3, 32, 32)
    assert first.dtype == torch.uint8
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("size", [(640, 480), (641, 483), (1600, 1203)])
@pytest.mark.parametrize("key", range(4))
def test_a_reduced_image_is_nearly_the_whole_one(size: tuple[int, int], key: int) -> None:
    content = jpeg(4, size=size)
    reduced = Crop(size=96)(content, stream=Stream(key))
    box = random_box(*size, scale=(0.9, 1.0), stream=Stream(key))
    factor = reduction(box, 96)
    assert factor > 1
    left, top, width, height = (number // factor * factor for number in box)
    part = Image.open(io.BytesIO(content)).crop((left, top, left + width, top + height))
    exact = of_pillow(part.resize((96, 96), Image.Resampling.BICUBIC))
    difference = (exact.int() - reduced).abs().float()
    assert 0 < difference.mean() < 1


def test_a_crop_is_where_torchvision_would_cut() -> None:
    image = painted((200, 150))
    stream = Stream("here")
    left, top, width, height = random_box(200, 150, scale=(0.3, 0.4), stream=Stream("here"))
    part = image.crop((left, top, left + width, top + height)).resize((64, 64), 3)
    ours = Crop(size=64, scale=(0.3, 0.4))(encoded(image, "PNG"), stream=stream)
    difference = (ours.int() - of_pillow(part)).abs()
    assert difference.max() <= 1
    assert difference.float().mean() < 0.05


@pytest.mark.parametrize("size", [(90, 60), (61, 97), (33, 33), (20, 50)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_evaluation_sees_what_open_clip_sees(size: tuple[int, int], mode: str) -> None:
    """Of what is not transparent; a palette, which open_clip resizes roughly, is tested below."""
    image = painted(size, mode)
    steps = [
        v2.Resize(32, interpolation=InterpolationMode.BICUBIC),
        v2.CenterCrop(32),
        v2.Lambda(lambda seen: seen.convert("RGB")),
    ]
    theirs = of_pillow(v2.Compose(steps)(image))
    assert (Middle(size=32)(encoded(image, "PNG")) == theirs).all()


def test_a_palette_is_seen_as_its_colours_are() -> None:
    image = painted((90, 60), "P")
    theirs, ours = encoded(image.convert("RGB"), "PNG"), encoded(image, "PNG")
    for transform in (Crop(size=32), Middle(size=32)):
        assert (transform(theirs, stream=Stream(0)) == transform(ours, stream=Stream(0))).all()


@pytest.mark.parametrize(
    ("form", "mode"),
    [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("WEBP", "RGB"),
     ("GIF", "P"), ("PNG", "I;16")],
)  # fmt: skip
def test_every_kind_of_image_becomes_red_green_and_blue(form: str, mode: str) -> None:
    image = Image.new(mode, (64, 48)) if mode == "I;16" else painted((64, 48), mode)
    content = encoded(image, form)
    for transform in (Crop(size=16), Middle(size=16)):
        assert transform(content, stream=Stream(0)).shape == (3, 16, 16)


@pytest.mark.parametrize(
    "content",
    [b"", b"no image", jpeg(1)[:200], jpeg(1)[:-50], encoded(painted(), "PNG")[:300],
     encoded(painted(), "PNG")[:60] + b"\0" * 400, encoded(painted(), "GIF")[:40]],
    ids=["nothing", "text", "head of a JPEG", "cut JPEG", "cut PNG", "broken PNG", "cut GIF"],
)  # fmt: skip
def test_broken_images_are_told(content: bytes) -> None:
    for transform in (Crop(size=16), Middle(size=16)):
        with pytest.raises(BrokenImageError):
            transform(content, stream=Stream(0))


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_large_images(form: str) -> None:
    image = painted((60, 45)).resize((2400, 1800), Image.Resampling.BILINEAR)
    box = random_box(2400, 1800, scale=(0.9, 1.0), stream=Stream("large"))
    part = image.crop((box.left, box.top, box.left + box.width, box.top + box.height))
    exact = of_pillow(part.resize((64, 64), Image.Resampling.BICUBIC))
    for reduce in (True, False):
        pixels = Crop(size=64, reduce=reduce)(encoded(image, form), stream=Stream("large"))
        assert (exact.int() - pixels).abs().float().mean() < 2


@given(st.integers(0, 700), st.binary(min_size=1, max_size=30))
def test_damage_gives_pixels_or_is_told(place: int, noise: bytes) -> None:
    content = jpeg(2)
    damaged = content[:place] + noise + content[place + len(noise) :]
    try:
        pixels = Crop(size=8)(damaged, stream=Stream(0))
    except BrokenImageError:
        return
    assert pixels.shape == (3, 8, 8)
