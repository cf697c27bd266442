"""Small finished folders and their images, for tests."""

import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from pathlib import Path

import numpy as np
from PIL import Image

from data.commit import sync_and_hash
from data.edits import Edit, Replacement
from data.manifest import Manifest, Shard, write_manifest
from data.records import Negative, Row
from data.schema import VERSION
from data.shards import write_rows
from training.batches.dataset import HardNegativeDataset
from training.batches.tokenizer import Tokenizer

WORDS = ("red", "blue", "green", "old", "small", "wet", "round", "tall")


def row_of(
    number: int, *, types: Sequence[str] = ("swap", "replace", "replace"), image: str
) -> Row:
    """Return a row whose negatives are of these types; every text is another one."""
    caption = f"a picture of {number} dogs"
    negatives = tuple(
        Negative(
            f"{WORDS[place]} picture of {number} dogs", name, "att", "rule", "rule",
            Edit((Replacement(0, 1, WORDS[place]),)), None, 0,
        )
        for place, name in enumerate(types)
    )  # fmt: skip
    return Row(f"id:{number}", (image,), caption, negatives)


def rows_of(count: int, *, types: Sequence[str] = ("swap", "replace", "replace")) -> list[Row]:
    """Return rows with an image each."""
    return [row_of(n, types=types, image=f"{n % 3}/{n:04d}.jpg") for n in range(count)]


def finished(
    folder: Path, splits: Mapping[str, Sequence[Row]], *, shard_rows: int = 10, source: str = "test"
) -> Path:
    """Write rows as a finished folder."""
    (folder / "data").mkdir(parents=True)
    shards = []
    for split, rows in splits.items():
        for number, start in enumerate(range(0, len(rows), shard_rows)):
            file = f"data/{split}-{number:05d}.arrow"
            part = rows[start : start + shard_rows]
            write_rows(folder / file, part)
            size, sha256 = sync_and_hash(folder / file)
            shards.append(Shard(file=file, split=split, rows=len(part), bytes=size, sha256=sha256))
    types = {n.type: 1 for rows in splits.values() for row in rows for n in row.negatives}
    manifest = Manifest(
        schema=VERSION, seed=0, config={"data": {"source": {"name": source}}}, fingerprint="f" * 64,
        source={"name": source}, versions={}, producers=[{}], shards=tuple(shards), rejects=(),
        fluency=(), tallies={"negatives_by_type": {f"{t}/att": 1 for t in types}}, lineage=[],
    )  # fmt: skip
    write_manifest(folder, manifest)
    return folder


def jpeg(number: int, *, size: tuple[int, int] = (40, 30)) -> bytes:
    """Return an image of smooth colours that no other number has."""
    width, height = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    waves = [np.sin((number + 1) * (x + c * y) / width) * 90 + 128 for c in range(3)]
    buffer = io.BytesIO()
    Image.fromarray(np.stack(waves, axis=2).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def pictures_of(rows: Iterable[Row]) -> dict[str, bytes]:
    """Return an image for each image key."""
    return {key: jpeg(n) for n, key in enumerate(dict.fromkeys(row.image for row in rows))}


def picture_folder(folder: Path, images: Mapping[str, bytes]) -> Path:
    """Write images as files."""
    for key, content in images.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(content)
    return folder


def tar_of(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a tar."""
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def by_word(texts: list[str]) -> list[list[int]]:
    """Return ids: a number for each word up to the sixth, between a start and an end."""
    return [[1, *(sum(word.encode()) % 89 + 10 for word in text.split()[:6]), 99] for text in texts]


TOKENIZER = Tokenizer(encode=by_word, name="by word")


def changed(samples: HardNegativeDataset, **attributes: object) -> HardNegativeDataset:
    """Return a data set with other attributes."""
    other = copy(samples)
    vars(other).update(attributes)
    return other
