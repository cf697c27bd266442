"""An index of the images inside larger files: key -> file, offset and size.

Four rows of 64-bit integers, sorted by the key's hash and memory-mapped: opening is free, all
workers share the pages, and a look-up is a binary search. Among ten million keys two share a hash
with a probability of 3e-6; building an index rejects such a pair.

Images in a parquet file lie in its compressed pages. They are copied once, unchanged, into one file
beside the index.
"""

import json
import os
import tarfile
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from data.caches import cache_folder
from data.commit import sync_folder, write_atomically
from data.disk import writing
from data.errors import UsageError
from data.sources.files import find_splits
from data.sources.raw_captions import key_of
from data.sources.tars import IMAGE_SUFFIXES, files_in
from data.storage import AnyPath, entries, is_remote, relative_to

_VERSION = 2
_ROWS_AT_ONCE = 64  # small, since images are large
_SEVERAL = -1  # stored as the size where a key names different images


class IndexedImage(NamedTuple):
    """An image in a file: its keys, and its offset and size in bytes.

    `short`: a key that is valid only if no other image has it, "" for none. `checksum`: of the
    content, 0 if it was not read.
    """

    keys: tuple[str, ...]
    file: int
    offset: int
    size: int
    short: str = ""
    checksum: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """Images inside larger files.

    `files`: the larger files. `path`: the table, int64, 4 x images: the key's hash (its bits
    unsigned, ascending), the number of the file, the first byte, the number of bytes. `where` names
    the store in messages.
    """

    where: AnyPath
    files: tuple[AnyPath, ...]
    path: Path
    table: NDArray[np.int64] = field(repr=False, compare=False)

    def __reduce__(self) -> tuple[object, ...]:
        return _open_index, (self.where, self.files, self.path)  # a worker maps the table anew

    def absent(self, keys: Iterable[str]) -> set[str]:
        """Return the keys that have no image.

        Raises:
            UsageError: a key names several images.
        """
        listed = list(keys)
        hashes = np.fromiter(map(_hash, listed), np.uint64, len(listed))
        known = self.table[0].view(np.uint64)
        indices = np.searchsorted(known, hashes)
        inside = indices < len(known)
        inside[inside] = known[indices[inside]] == hashes[inside]
        several = np.flatnonzero(inside)[self.table[3][indices[inside]] == _SEVERAL]
        if len(several):
            raise UsageError(self._describe_duplicates(listed[several[0]], len(several)))
        return {listed[i] for i in np.flatnonzero(~inside).tolist()}

    def example(self) -> str:
        """Return the key of an image, "" if an older version made the index without keys."""
        try:
            return _example_path(self.path).read_text("utf-8", "backslashreplace")
        except OSError:
            return ""

    def read(self, key: str) -> bytes:
        """Return an image's file.

        Raises:
            UsageError: there is no such image, or the file that holds it cannot be read or is
                truncated.
        """
        known = self.table[0].view(np.uint64)
        digest = _hash(key)
        column = int(np.searchsorted(known, np.uint64(digest)))
        if column == len(known) or int(known[column]) != digest:
            raise UsageError(f"{self.where}: there is no image {key!r}")
        _, file, offset, size = self.table[:, column].tolist()
        if size == _SEVERAL:
            raise UsageError(self._describe_duplicates(key, 1))
        content = _read(self.files[file], offset, size)
        if len(content) != size:
            raise UsageError(
                f"{self.files[file]}: ends before the image {key!r}; download or write it again"
            )
        return content

    def _describe_duplicates(self, key: str, number: int) -> str:
        return (
            f"{self.where}: expected one image for each key, found different ones under "
            f"{number:,} of the requested keys, for example {key!r}; rename them"
        )


def index_of_tars(files: tuple[AnyPath, ...], *, root: AnyPath, cache: Path | None) -> Index:
    """Return the index of the images in tars.

    An image's keys are `{tar}/{member}`, with the tar's path relative to `root`; `image` of the
    preceding .json, as `negatives export --to webdataset` writes it; and the member's name alone,
    if only one tar has it.

    Raises:
        UsageError: a file is not a tar, or is truncated.
    """
    path = _cache_path(files, cache, "tars")
    if not path.exists():
        _write_table(path, *_table(_members_of_tars(files, root), where=root))
    return _open_index(root, files, path)


def index_of_parquet(  # noqa: PLR0913 - what to read, what to call it, where to keep it
    files: tuple[AnyPath, ...],
    *,
    root: AnyPath,
    image: str,
    key: str | None,
    cache: Path | None,
    numbered: bool = False,
) -> Index:
    """Return the index of the images in parquet files, after copying them out.

    `numbered`: keys are `{split}/{number}`, whatever paths the images have.

    Raises:
        UsageError: a file cannot be read, lacks a column, or has no images in it.
    """
    path = _cache_path(files, cache, f"parquet:{image}:{key}" + ":numbered" * numbered)
    content = path.with_suffix(".pictures")
    if not path.exists():
        draft = _draft(content)
        try:
            with writing(content), draft.open("wb") as out:
                members = _members_of_parquet(root, image, key, out, numbered=numbered)
                made = _table(members, where=root)
                out.flush()
                os.fsync(out.fileno())
            draft.rename(content)
        finally:
            draft.unlink(missing_ok=True)
        _write_table(path, *made)  # last, so that a table implies that the images are there
    return _open_index(root, (content,), path)


def _hash(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest())


def _read(path: AnyPath, offset: int, size: int) -> bytes:
    try:
        if is_remote(path):
            return path.read_range(offset, size)
        with path.open("rb", buffering=0) as file:
            return os.pread(file.fileno(), size, offset)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def _members_of_tars(files: tuple[AnyPath, ...], root: AnyPath) -> Iterator[IndexedImage]:
    for number, path in enumerate(files):
        name = path.name if path == root else relative_to(path, root).as_posix()
        stated = ("", "")
        for found in files_in(path):
            if found is None:
                raise UsageError(f"{path}: truncated tar; download it again")
            tar, info = found
            stem, _, suffix = info.name.rpartition(".")
            if suffix.lower() == "json":
                stated = (stem, _image_key_of(tar, info))
            elif suffix.lower() in IMAGE_SUFFIXES:
                image = stated[1] if stated[0] == stem else ""
                keys = (f"{name}/{info.name}", *([image] if image else []))
                short = info.name.removeprefix("./")
                yield IndexedImage(keys, number, info.offset_data, info.size, short)


def _image_key_of(tar: tarfile.TarFile, info: tarfile.TarInfo) -> str:
    """Return the image key that a sample's .json states, "" if there is none."""
    file = tar.extractfile(info)
    try:
        content = json.loads(file.read() if file else b"")
    except (ValueError, RecursionError):
        return ""
    image = content.get("image") if isinstance(content, dict) else None
    return image if isinstance(image, str) else ""


def _members_of_parquet(
    root: AnyPath, image: str, key: str | None, out: BinaryIO, *, numbered: bool
) -> Iterator[IndexedImage]:
    from data.parquet import read_records  # noqa: PLC0415  (pyarrow's door: opened where needed)

    columns = tuple(filter(None, (image, key)))
    offset = 0
    for split, paths in find_splits(root, suffixes=(".parquet",), split=None).items():
        records = (
            record
            for path in paths
            for record in read_records(path, columns=columns, batch_rows=_ROWS_AT_ONCE)
        )
        for number, (where, cells) in enumerate(records):
            content, path = _content(cells[image], where=f"{where}, {image}")
            if content is None:
                continue
            named = cells[key] if key else None if numbered else path
            stated = key_of(named) or ("" if named is None else str(named).strip())
            keys = (f"{split}/{number}",) if named is None else (stated,)
            out.write(content)
            yield IndexedImage(keys, 0, offset, len(content), checksum=crc32(content))
            offset += len(content)


def _content(cell: object, *, where: str) -> tuple[bytes | None, object]:
    """Return the bytes and the path of a cell, None for whichever is missing."""
    path = cell.get("path") if isinstance(cell, dict) else None
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    if content is None or isinstance(content, bytes):
        return content, path
    raise UsageError(
        f"{where}: expected the bytes of an image, found {type(content).__name__}; name the "
        "column that has them (--set training.image_column=NAME)"
    )


def _table(members: Iterable[IndexedImage], *, where: AnyPath) -> tuple[NDArray[np.int64], str]:
    """Return the table of an index, and a key in it.

    An image may occur several times, as in a file of captions; the first is used. Where the first
    key of an image (which its sample does not merely state) also names other images, the size is
    _SEVERAL.
    """
    spans: dict[int, tuple[int, int, int]] = {}
    seen: dict[int, tuple[int, int]] = {}
    several: set[int] = set()
    names: dict[int, str] = {}
    short: dict[int, tuple[int, int, int] | None] = {}
    for member in members:
        span = (member.file, member.offset, member.size)
        for key in member.keys:
            digest = _hash(key)
            if names.setdefault(digest, key) != key:
                raise UsageError(f"{key!r} and {names[digest]!r} share a hash; rename one")
            spans.setdefault(digest, span)
        own, content = _hash(member.keys[0]), (member.size, member.checksum)
        if seen.setdefault(own, content) != content:
            several.add(own)
        if member.short:
            digest = _hash(member.short)
            short[digest] = None if digest in short else span
    spans |= {key: span for key, span in short.items() if span and key not in spans}
    if not spans:
        raise UsageError(f"{where}: expected images, found none; give a place that has them")
    spans |= {key: (*spans[key][:2], _SEVERAL) for key in several}
    hashes = np.fromiter(spans, np.uint64, len(spans))
    order = np.argsort(hashes)
    rest = np.array(list(spans.values()), np.int64)
    return np.vstack([hashes[order].view(np.int64), rest[order].T]), next(iter(names.values()))


def _cache_path(files: tuple[AnyPath, ...], cache: Path | None, kind: str) -> Path:
    """Return the folder for the index of these files; it depends on their sizes and times."""
    name = blake2b(repr((_VERSION, kind, _states(files))).encode(), digest_size=16).hexdigest()
    folder = (cache or cache_folder()) / "images"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{folder}: the index of the images cannot be written: {error.strerror}; "
            f"{'choose' if cache else 'set XDG_CACHE_HOME to'} another folder for the cache"
        ) from error
    return folder / f"{name}.npy"


def _states(files: tuple[AnyPath, ...]) -> list[tuple[object, ...]]:
    """Return each file's name and version, a text that changes when the file does."""
    here = [path for path in files if not is_remote(path)]
    if len(here) == len(files):
        stats = [(path.resolve(), path.stat()) for path in here]
        return [(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats]
    folders = dict.fromkeys(path.parent for path in files)
    versions = {entry.path: entry.version for folder in folders for entry in entries(folder)}
    return [(str(path), versions[path]) for path in files]


def _write_table(path: Path, table: NDArray[np.int64], example: str) -> None:
    write_atomically(_example_path(path), example.encode("utf-8", "backslashreplace").decode())
    draft = _draft(path)
    try:
        with writing(path), draft.open("wb") as file:
            np.save(file, table)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def _open_index(where: AnyPath, files: tuple[AnyPath, ...], path: Path) -> Index:
    table = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    return Index(where=where, files=files, path=path, table=table)


def _example_path(path: Path) -> Path:
    return path.with_suffix(".example")


def _draft(path: Path) -> Path:
    return path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.tmp")
