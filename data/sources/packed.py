"""Files that are compressed as a whole, and names and contents that tell what a file is."""

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
"""So much of a file's beginning is looked at."""

UNREADABLE: Final = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What reading a damaged file raises, compressed or not."""

_SUFFIXES: Final = (".gz", ".bz2", ".xz", ".zst")
_SHORT: Final = {".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}


def plain_name(name: str) -> str:
    """Return a file's name without the suffix of a compression: `a.tar` of `a.tar.gz`, `a.TGZ`."""
    path = PurePath(name)
    suffix = path.suffix.lower()
    if suffix in _SUFFIXES:
        return path.stem
    return path.stem + _SHORT[suffix] if suffix in _SHORT else name


def kind_of(name: str) -> str:
    """Return what a file's name says of its content: `.jsonl` of `A.JSONL` and of `a.jsonl.gz`."""
    return PurePath(plain_name(name)).suffix.lower()


@contextmanager
def open_unpacked(path: AnyPath) -> Iterator[IO[bytes]]:
    """Open a file; one that is compressed, as its first bytes tell, is read as if it were not.

    The file can be peeked into. Reading a damaged one raises one of UNREADABLE.

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
    """Return the next bytes of a file that stays where it is."""
    return cast("io.BufferedReader", file).peek(HEAD_BYTES)


def foreign(head: bytes) -> str:
    """Return what a file is that begins with `head`, and what to do with it; "" if that is unknown.

    Told are those that people give by mistake where a table, a text or a tar is expected.
    """
    found = next((message for magic, message in _FOREIGN if head.startswith(magic)), "")
    if not found and head[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page, perhaps of a login or an error; download the file itself"
    if not found and head[257:262] == b"ustar":
        return "a tar; the source webdataset reads tars"
    return found


def head_of(path: AnyPath) -> bytes:
    """Return the first bytes of a file, none if it cannot be read."""
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
    (b"version https://git-lfs", "a pointer of Git LFS; `git lfs pull` fetches the file itself"),
    (b"PAR1", "a parquet file; the source parquet reads it"),
    (b"PK\x03\x04", "a zip archive, perhaps of Excel; unpack it, or save its table as csv"),
    (b"ARROW1", "an Arrow file; write its table as parquet"),
    *((magic, "a compressed file; unpack it") for magic in _OPENERS),
)
