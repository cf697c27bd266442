"""Tars for webdataset: members with the same key form a sample.

Keys are running numbers, because a key ends at its first dot and ids may have dots and slashes.
Equal rows and images give equal bytes: the tars record no time, owner or permission.
"""

import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from data.decoding import BrokenImageError
from data.errors import UsageError
from data.image_names import name_in
from data.images import Store
from data.pictures import picture_of

Plain = dict[str, Any]
NO_IMAGE: Final = "no image"
MISSING: Final = "image is missing"
OUTSIDE: Final = "image is not in the folder"
NO_SUFFIX: Final = "image has no suffix of a picture"
BROKEN: Final = "image of a composite cannot be decoded"
JOINED: Final = 512
"""Pixels of the picture of a composite, wide and high."""


class ImageFile(NamedTuple):
    """The bytes of an image file and its suffix, such as "jpg"."""

    suffix: str
    content: bytes


class Tars(NamedTuple):
    """Where to write tars and how to fill them; `images`: None for tars without images."""

    folder: Path
    images: Store | None
    num_samples: int


def write_samples(
    split: str, rows: Iterator[Plain], *, tars: Tars, first_key: int, left_out: Counter[str]
) -> int:
    """Write `SPLIT-00000-of-00003.tar` and so on; return the number of samples.

    A sample is .json (the row), .txt (the caption) and, if there are `images`, the image, which for
    a composite joins both; captions whose image cannot be read are left out and counted.
    """
    samples = _samples(rows, tars.images, left_out)
    paths: list[Path] = []
    key = first_key
    for first in samples:
        paths.append(tars.folder / f"{split}-{len(paths):05d}.draft")
        with tarfile.open(paths[-1], "w", format=tarfile.USTAR_FORMAT) as tar:
            for row, image in chain([first], islice(samples, tars.num_samples - 1)):
                _add_sample(tar, f"{key:09d}", row, image)
                key += 1
    for number, path in enumerate(paths):
        path.rename(tars.folder / f"{split}-{number:05d}-of-{len(paths):05d}.tar")
    return key - first_key


def _samples(
    rows: Iterator[Plain], images: Store | None, left_out: Counter[str]
) -> Iterator[tuple[Plain, ImageFile | None]]:
    for row in rows:
        image = None if images is None else _read_images(images, row["images"], row["layout"])
        if isinstance(image, str):
            left_out[image] += 1
        else:
            yield row, image


def why_not_one_image(keys: list[str]) -> str | None:
    """Return why a row cannot be exported with one image, None if it can."""
    if len(keys) == 1:
        return None
    return "composite of two images" if keys else NO_IMAGE


def _read_images(images: Store, keys: list[str], layout: str) -> ImageFile | str:
    """Return the image of a row or the picture of a composite, or why there is none."""
    if layout == "single" and (problem := why_not_one_image(keys)):
        return problem
    files = [_read_image(images, key) for key in keys]
    for file in files:
        if isinstance(file, str) or layout == "single":
            return file
    contents = [file.content for file in files if isinstance(file, ImageFile)]
    try:
        return ImageFile("jpg", picture_of(contents, layout, size=JOINED))
    except BrokenImageError:
        return BROKEN


def _read_image(images: Store, key: str) -> ImageFile | str:
    """Return an image, or why there is none."""
    path = PurePosixPath(name_in(images, key))
    suffix = path.suffix.removeprefix(".").lower()
    if not suffix or suffix in _TEXT_SUFFIXES:
        return NO_SUFFIX
    try:
        return ImageFile(suffix, images.read(key))
    except (UsageError, ValueError):  # a store reads nothing outside its folder
        return OUTSIDE if path.is_absolute() or ".." in path.parts else MISSING


def _add_sample(tar: tarfile.TarFile, key: str, row: Plain, image: ImageFile | None) -> None:
    members = {
        "json": json.dumps(row, ensure_ascii=False).encode(),
        "txt": str(row["caption"]).encode(),
    }
    if image is not None:
        members[image.suffix] = image.content
    for suffix, content in members.items():
        info = tarfile.TarInfo(f"{key}.{suffix}")  # time and owner are 0 and nobody
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))


_TEXT_SUFFIXES = frozenset(("json", "txt"))
