"""Lines of text files with any compression, encoding and line ends."""

import codecs
import io
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO, Final

from data.errors import UsageError
from data.sources.packed import UNREADABLE, foreign, open_unpacked, peek
from data.storage import AnyPath

_MARK: Final = "\ufeff"
_MARKS: Final = (  # UTF-32 first: one of its marks begins with one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ZEROS: Final[dict[tuple[bool, ...], str]] = {  # which of the first bytes are zero in ASCII text
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}


def encoding_of(head: bytes) -> str:
    """Return the encoding of a text that begins with `head`: UTF-16, UTF-32 or else UTF-8."""
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    return marked or _ZEROS.get(tuple(byte == 0 for byte in head[:4]), "utf-8")


def decode(content: bytes) -> str:
    """Return a whole text in UTF-8, UTF-16 or UTF-32, without its byte order mark.

    Raises:
        UnicodeDecodeError: it is in another encoding.
    """
    return content.decode(encoding_of(content[:4])).removeprefix(_MARK)


def lines_of(path: AnyPath) -> Iterator[tuple[int, str]]:
    r"""Yield the number (from 1) and the text of each line, with its end: `\n`, `\r\n` or `\r`.

    `\r` alone ends lines if the file begins without a `\n`. Byte order marks are removed, also
    inside the file, where concatenation leaves them. U+2028 does not end a line.

    Raises:
        UsageError: the file cannot be read, is damaged, or is not text in UTF-8, UTF-16 or UTF-32.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_unpacked(path))
            head = peek(file)
        except UNREADABLE as error:
            raise unreadable(path, error) from error
        if found := foreign(head):
            raise UsageError(f"{path}: expected text, found {found}")
        encoding = encoding_of(head)
        start = head.decode(encoding, "ignore")
        end = "\r" if "\r" in start[:-1] and "\n" not in start else "\n"
        if encoding == "utf-8" and end == "\n":
            yield from _lines_of_utf8(file, path)
        else:
            yield from _lines(file, path, encoding=encoding, end=end)


def unreadable(path: AnyPath, error: Exception) -> UsageError:
    """Return the message for a file that cannot be opened or read to its end."""
    if isinstance(error, OSError) and error.strerror:
        return UsageError(f"{path}: cannot be read: {error.strerror}")
    return UsageError(
        f"{path}: damaged compressed file: {' '.join(str(error).split())}; "
        "download or write it again"
    )


def _lines_of_utf8(file: IO[bytes], path: AnyPath) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(_bytes(file, path), start=1):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise UsageError(
                f"{path}, line {number}: expected UTF-8, found the byte 0x{line[error.start]:02x}; "
                "if the whole file is in another encoding, convert it (Latin-1: iconv -f latin1 "
                "-t utf-8 FILE > NEW), otherwise fix the line"
            ) from error
        yield number, text.removeprefix(_MARK)


def _bytes(file: IO[bytes], path: AnyPath) -> Iterator[bytes]:
    try:
        yield from file
    except UNREADABLE as error:
        raise unreadable(path, error) from error


def _lines(file: IO[bytes], path: AnyPath, *, encoding: str, end: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text in another encoding or with other line ends, more slowly."""
    number = 0
    try:
        with io.TextIOWrapper(file, encoding, newline=end) as lines:
            for number, line in enumerate(lines, start=1):
                yield number, line.removeprefix(_MARK)
    except UNREADABLE as error:
        raise unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path}, after line {number}: expected {encoding.upper()} as at its start, found "
            f"{error.reason}; save the file as UTF-8"
        ) from error
