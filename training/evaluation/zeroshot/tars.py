"""Webdataset tars as CLIP_benchmark writes them: an image, and `.cls` (a number) or `.npy` beside.

`.npy` has a one for each class in the image. classnames.txt beside the tars has the names of the
numbers. Templates beside them are ignored in favour of the paper's.
"""

from collections.abc import Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.errors import UsageError
from data.image_index import index_of_tars
from data.sources.lines import lines_of
from data.sources.tars import IMAGE_SUFFIXES, files_in
from training.evaluation.zeroshot.labelled import Labelled, Layout, tested_folder
from training.evaluation.zeroshot.sets import ZeroShotSet

_NAMES = "classnames.txt"


class _Sample(NamedTuple):
    key: str
    labels: tuple[int, ...]
    several: bool


def layout_of_tars(folder: Path, *, of: ZeroShotSet) -> Layout | None:
    """Return the layout of a set with tars, None if there is none."""
    root = tested_folder(folder, of=of)
    paths = tuple(sorted(root.glob("*.tar")))
    if not paths:
        return None
    return Layout(
        read=partial(_labelled, paths, names=folder / _NAMES),
        store=partial(index_of_tars, paths, root=root, cache=None),
    )


def _labelled(paths: tuple[Path, ...], *, names: Path) -> Labelled:
    samples = [sample for path in paths for sample in _samples(path)]
    kinds = {sample.several for sample in samples}
    if len(kinds) > 1:
        raise UsageError(f"{paths[0].parent}: expected .cls or .npy throughout, found both")
    return Labelled(
        keys=tuple(sample.key for sample in samples),
        labels=tuple(sample.labels for sample in samples),
        names=_class_names(names) if names.is_file() else None,
        several=True in kinds,
    )


def _class_names(path: Path) -> tuple[str, ...]:
    lines = (line.strip() for _, line in lines_of(path))
    return tuple(line for line in lines if line)


def _samples(path: Path) -> Iterator[_Sample]:
    """Yield the samples of a tar, each of several consecutive members.

    Raises:
        UsageError: the tar is incomplete, or an image has no label.
    """
    images: dict[str, str] = {}
    labels: dict[str, tuple[tuple[int, ...], bool]] = {}
    for found in files_in(path):
        if found is None:
            raise UsageError(f"{path}: expected a complete tar, it ends early; download it again")
        tar, info = found
        stem, _, suffix = info.name.rpartition(".")
        if suffix.lower() in IMAGE_SUFFIXES:
            images[stem] = f"{path.name}/{info.name}"
        elif suffix in {"cls", "npy"}:
            file = tar.extractfile(info)
            content = file.read() if file else b""
            labels[stem] = (_label(content, suffix, where=f"{path}, {info.name}"), suffix == "npy")
    for stem, key in images.items():
        if stem not in labels:
            raise UsageError(f"{path}: expected {stem}.cls or .npy beside the image, found none")
        yield _Sample(key, *labels[stem])


def _label(content: bytes, suffix: str, *, where: str) -> tuple[int, ...]:
    try:
        if suffix == "cls":
            return (int(content),)
        several = np.load(BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise UsageError(f"{where}: expected a label, found {error}") from error
    return tuple(np.flatnonzero(several).tolist())
