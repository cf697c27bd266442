"""Read captions from webdataset tars, one member at a time; pictures are passed over unread."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from data.errors import UsageError
from data.records import Skip
from data.sources.found import CUT_OFF, NOT_JSON, NOT_UNICODE, SAME_KEY, Found
from data.sources.grouping import Seen
from data.sources.table import cell_texts

IMAGE_SUFFIXES = frozenset(("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"))
_BLOCK_BYTES = 512

_Sample = dict[str, tuple[str, bytes]]
"""Suffix (lower-case, from the first dot) -> member name and, of text members, content."""


class _Member(NamedTuple):
    key: str
    suffix: str
    name: str
    content: bytes


def tar_rows(
    paths: tuple[Path, ...], *, root: Path, json_keys: tuple[str, ...]
) -> Iterator[Found | Skip]:
    """Yield a row for each caption of each sample: members in order that share a key.

    The image key is `{tar}/{member}`, the tar as seen from `root`. Captions are those of the
    sample's .json under `json_keys`; without any, the .txt, or `caption` of the .json where there
    is no .txt.

    Raises:
        UsageError: a file is no tar. One that ends early is a Skip, after what could be read.
    """
    for path in paths:
        name = path.name if path == root else path.relative_to(root).as_posix()
        keys = Seen()
        for key, sample in _samples(path):
            where = f"{name}, {key}"
            if sample is None:
                yield Skip(CUT_OFF, where)
            elif keys.add(key):
                yield Skip(SAME_KEY, where)
            else:
                yield from _rows(sample, tar=name, where=where, json_keys=json_keys)


def _rows(
    sample: _Sample, *, tar: str, where: str, json_keys: tuple[str, ...]
) -> Iterator[Found | Skip]:
    members = [name for suffix, (name, _) in sample.items() if suffix in IMAGE_SUFFIXES]
    image = f"{tar}/{members[0]}" if members else None
    try:
        texts = _texts(sample, json_keys)
    except UnicodeDecodeError:
        yield Skip(NOT_UNICODE, where)
    except (ValueError, RecursionError):
        yield Skip(NOT_JSON, where)
    else:
        yield from (Found(image, text, where) for text in texts)


def _texts(sample: _Sample, json_keys: tuple[str, ...]) -> list[object]:
    """Return the captions of a sample, [None] if it has none.

    Raises:
        ValueError: the .json is none; as UnicodeDecodeError: a text is not UTF-8.
        RecursionError: the .json is nested beyond reason.
    """
    if "txt" in sample and not json_keys:
        return [sample["txt"][1].decode("utf-8-sig")]
    if "json" not in sample:
        return [None]
    cells = json.loads(sample["json"][1].decode("utf-8-sig"))
    if not isinstance(cells, dict):
        return [None]
    return [text for key in json_keys or ("caption",) for text in cell_texts(cells.get(key))]


def _samples(path: Path) -> Iterator[tuple[str, _Sample | None]]:
    """Yield the key and the members of each sample.

    Of a tar that ends early the last sample has no members: it may be one half of itself.
    """
    key, sample = "", _Sample()
    for member in _members(path):
        if member is None:
            yield key, None
            return
        if member.key != key or member.suffix in sample:
            if sample:
                yield key, sample
            key, sample = member.key, {}
        sample[member.suffix] = (member.name, member.content)
    if sample:
        yield key, sample


def _members(path: Path) -> Iterator[_Member | None]:
    """Yield the files of a tar; None at the end of one that ends early."""
    for found in files_in(path):
        try:
            member = found and _member(*found)
        except (tarfile.TarError, OSError):
            member = None
        yield member
        if member is None:
            return


def files_in(path: Path) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo] | None]:
    """Yield the open tar and the head of each file in it; None at the end of one that ends early.

    Raises:
        UsageError: it is no tar, or a compressed one.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise _no_tar(path, error) from error
    with file:
        try:
            tar = tarfile.TarFile(fileobj=file)
        except (tarfile.TarError, OSError) as error:
            raise _no_tar(path, error) from error
        try:
            while (info := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # tarfile keeps what it passed
                if info.isfile():
                    yield tar, info
        except (tarfile.TarError, OSError):
            yield None
            return
        if not _ends_here(file, tar.offset):
            yield None


def _no_tar(path: Path, error: Exception) -> UsageError:
    with path.open("rb") as file:
        start = file.read(8)
    packed = next((name for magic, name in _PACKED.items() if start.startswith(magic)), None)
    told = f"one compressed by {packed}; unpack it" if packed else f"{error}; download it again"
    return UsageError(f"{path}: expected an uncompressed tar, found: {told}")


_PACKED = {
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
}  # fmt: skip


def _member(tar: tarfile.TarFile, info: tarfile.TarInfo) -> _Member:
    """Return a member; the suffix begins at the first dot of its base name, as in webdataset."""
    folder, slash, base = info.name.rpartition("/")
    stem, _, suffix = base.partition(".")
    suffix = suffix.lower()
    file = tar.extractfile(info) if suffix in {"txt", "json"} else None
    return _Member(folder + slash + stem, suffix, info.name, file.read() if file else b"")


def _ends_here(file: IO[bytes], offset: int) -> bool:
    """Tell whether the tar's end, or its closing block of zeros, is at `offset` bytes.

    tarfile takes a broken header for the end; half a download must not pass for a whole one.
    """
    file.seek(offset)
    block = file.read(_BLOCK_BYTES)
    return len(block) in {0, _BLOCK_BYTES} and not block.strip(b"\0")
