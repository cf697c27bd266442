"""Captions from webdataset tars, read one member at a time; images are skipped."""

import json
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO, Final, NamedTuple

from data.errors import UsageError
from data.records import Skip
from data.sources.caption_cells import Several, cell_texts
from data.sources.files import name_in
from data.sources.grouping import Seen
from data.sources.lines import decode, unreadable
from data.sources.packed import UNREADABLE, foreign, head_of, open_unpacked, plain_name
from data.sources.raw_captions import CUT_OFF, NOT_JSON, NOT_UNICODE, SAME_KEY, RawCaption
from data.storage import AnyPath, is_remote

IMAGE_SUFFIXES = frozenset(("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"))
_DATASET_TYPE = "dataset_type.txt"
_BLOCK_BYTES = 512

_Sample = dict[str, tuple[str, bytes]]
"""Suffix (lower-case, from the first dot) -> member name and, of text members, content."""


_TEXTS: Final = frozenset({"txt", "json", "caption", "neg_caption"})
"""Suffixes of members whose content is read."""


class _CaptionFields(NamedTuple):
    """How captions are taken from a sample; see `tar_rows`."""

    json_keys: tuple[str, ...]
    several: Several


class _Member(NamedTuple):
    key: str
    suffix: str
    name: str
    content: bytes


def tar_rows(
    paths: tuple[AnyPath, ...], *, root: AnyPath, json_keys: tuple[str, ...], several: Several
) -> Iterator[RawCaption | Skip]:
    """Yield a row for each caption of each sample: adjacent members that share a key.

    The image key is `{tar}/{member}`, with the tar's path relative to `root`, without a compression
    suffix. Captions come from the sample's .json under `json_keys`; by default from the .txt, or
    from `caption` in the .json if there is no .txt. With "auto" a .txt has one caption per line if
    CLIP_benchmark's `dataset_type.txt` beside the tar, or above its folder, says "retrieval".

    Raises:
        UsageError: a file is not a tar. A truncated tar gives a Skip, after its readable part.
    """
    is_auto = several == "auto"
    of_retrieval = {
        f for f in {path.parent for path in paths} if is_auto and _is_retrieval(f, root)
    }
    for path in paths:
        name = plain_name(name_in(root, path))
        fields = _CaptionFields(json_keys, "lines" if path.parent in of_retrieval else several)
        keys = Seen()
        for key, sample in samples_in(path):
            where = f"{name}, {key}"
            if sample is None:
                yield Skip(CUT_OFF, where)
            elif keys.add(key):
                yield Skip(SAME_KEY, where)
            else:
                yield from _rows(sample, tar=name, where=where, fields=fields)


def _is_retrieval(folder: AnyPath, root: AnyPath) -> bool:
    """Tell whether `dataset_type.txt` in or above a folder of tars says "retrieval".

    In a store nothing above the source's root is read.
    """
    folders = [folder]
    if folder.parent == root or root in folder.parent.parents or not is_remote(root):
        folders.append(folder.parent)
    return any(map(_says_retrieval, folders))


def _says_retrieval(folder: AnyPath) -> bool:
    try:
        return (folder / _DATASET_TYPE).read_bytes().strip() == b"retrieval"
    except OSError:
        return False


def _rows(
    sample: _Sample, *, tar: str, where: str, fields: _CaptionFields
) -> Iterator[RawCaption | Skip]:
    members = [name for suffix, (name, _) in sample.items() if suffix in IMAGE_SUFFIXES]
    image = f"{tar}/{members[0]}" if members else None
    try:
        texts = _texts(sample, fields)
    except UnicodeDecodeError:
        yield Skip(NOT_UNICODE, where)
    except (ValueError, RecursionError):
        yield Skip(NOT_JSON, where)
    else:
        yield from (RawCaption(image, text, where) for text in texts)


def _texts(sample: _Sample, fields: _CaptionFields) -> list[object]:
    """Return the captions of a sample, [None] if it has none.

    Raises:
        ValueError: the .json is invalid; or as UnicodeDecodeError, a text is not UTF-8.
        RecursionError: the .json is nested too deeply.
    """
    if "txt" in sample and not fields.json_keys:
        return cell_texts(decode(sample["txt"][1]), fields.several)
    if "json" not in sample:
        return [None]
    cells = json.loads(decode(sample["json"][1]))
    if not isinstance(cells, dict):
        return [None]
    found = (cells.get(key) for key in fields.json_keys or ("caption",))
    return [text for cell in found for text in cell_texts(cell, fields.several)]


def samples_in(path: AnyPath) -> Iterator[tuple[str, _Sample | None]]:
    """Yield the key and the members of each sample.

    The last sample of a truncated tar has no members, since it may be incomplete.
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


def _members(path: AnyPath) -> Iterator[_Member | None]:
    """Yield the files of a tar, and None at the end if it is truncated."""
    for found in files_in(path, packed=True):
        try:
            member = found and _member(*found)
        except (tarfile.TarError, *UNREADABLE):
            member = None
        yield member
        if member is None:
            return


def files_in(
    path: AnyPath, *, packed: bool = False
) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo] | None]:
    """Yield the open tar with each file's header, and None at the end if it is truncated.

    `packed`: it may be compressed; the offsets in the headers are then meaningless.

    Raises:
        UsageError: it is not a tar, or is unexpectedly compressed.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_unpacked(path) if packed else path.open("rb"))
            tar = tarfile.TarFile(fileobj=file)
        except (tarfile.TarError, *UNREADABLE) as error:
            raise _no_tar(path, error, "a tar" if packed else "an uncompressed tar") from error
        try:
            while (info := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # tarfile keeps all members it passed
                if info.isfile():
                    yield tar, info
            is_whole = _ends_here(file, tar.offset)
        except (tarfile.TarError, *UNREADABLE):
            is_whole = False
        if not is_whole:
            yield None


def _no_tar(path: AnyPath, error: Exception, expected: str) -> UsageError:
    if not isinstance(error, tarfile.TarError):
        return unreadable(path, error)
    if found := foreign(head_of(path)):
        return UsageError(f"{path}: expected {expected}, found {found}")
    return UsageError(f"{path}: expected {expected}, found: {error}; download or write it again")


def _member(tar: tarfile.TarFile, info: tarfile.TarInfo) -> _Member:
    """Return a member; its suffix starts at the first dot of the base name, as in webdataset."""
    folder, slash, base = info.name.rpartition("/")
    stem, _, suffix = base.partition(".")
    suffix = suffix.lower()
    file = tar.extractfile(info) if suffix in _TEXTS else None
    return _Member(folder + slash + stem, suffix, info.name, file.read() if file else b"")


def _ends_here(file: IO[bytes], offset: int) -> bool:
    """Tell whether the tar, or its closing block of zeros, ends at `offset` bytes.

    tarfile takes a broken header for the end, so that half a download would pass as complete.
    """
    file.seek(offset)
    block = file.read(_BLOCK_BYTES)
    return len(block) in {0, _BLOCK_BYTES} and not block.strip(b"\0")
