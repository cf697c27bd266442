"""Compressed files, and detecting what a file is from its name and content."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import PurePath
from typing import IO, Final, cast

from data.storage import AnyPath

HEAD_BYTES: Final = 4096
"""The number of first bytes that are inspected."""

UNREADABLE: Final = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""The exceptions of reading a damaged file, compressed or not."""

_SUFFIXES: Final = (".gz", ".bz2", ".xz", ".zst")
_SHORT: Final = {".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}


def plain_name(name: str) -> str:
    """Return a file's name without a compression suffix: `a.tar` of `a.tar.gz`, `a.TGZ`."""
    path = PurePath(name)
    suffix = path.suffix.lower()
    if suffix in _SUFFIXES:
        return path.stem
    return path.stem + _SHORT[suffix] if suffix in _SHORT else name


def kind_of(name: str) -> str:
    """Return the suffix of a file's content: `.jsonl` of `A.JSONL` and of `a.jsonl.gz`."""
    return PurePath(plain_name(name)).suffix.lower()


@contextmanager
def open_unpacked(path: AnyPath) -> Iterator[IO[bytes]]:
    """Open a file, decompressing it if its first bytes say so.

    The file supports peeking. Reading a damaged file raises one of UNREADABLE.

    Raises:
        OSError: it cannot be opened.
    """
    with ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(path.open("rb"))
        head = peek(file)
        for magic, opened in _OPENERS.items():
            if head.startswith(magic):
                file = stack.enter_context(opened(file))
                break
        yield file


def peek(file: IO[bytes]) -> bytes:
    """Return the next bytes of a file without moving its position."""
    return cast("io.BufferedReader", file).peek(HEAD_BYTES)


def foreign(head: bytes) -> str:
    """Describe a file that begins with `head`, and what to do with it; "" if unknown.

    Covers files that people give by mistake where a table, a text or a tar is expected.
    """
    found = next((message for magic, message in _FOREIGN if head.startswith(magic)), "")
    if not found and head[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page, perhaps a login or an error; download the file itself"
    if not found and head[257:262] == b"ustar":
        return "a tar; the source webdataset reads tars"
    return found


def head_of(path: AnyPath) -> bytes:
    """Return the first bytes of a file, b"" if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def _zstandard(file: IO[bytes]) -> IO[bytes]:
    from data.parquet import zstandard  # noqa: PLC0415  (pyarrow's door: `sources` stays fast)

    return zstandard(file)


def _gzip(file: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file))


_OPENERS: Final[dict[bytes, Callable[[IO[bytes]], IO[bytes]]]] = {
    b"\x1f\x8b": _gzip,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": _zstandard,
}
_FOREIGN: Final = (
    (b"version https://git-lfs", "a Git LFS pointer; run `git lfs pull` to fetch the file itself"),
    (b"PAR1", "a parquet file; the source parquet reads it"),
    (b"PK\x03\x04", "a zip archive, perhaps from Excel; unpack it, or save its table as csv"),
    (b"ARROW1", "an Arrow file; convert it to parquet"),
    *((magic, "a compressed file; unpack it") for magic in _OPENERS),
)
