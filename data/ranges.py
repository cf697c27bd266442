"""A stream over a file that is read in byte ranges."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Ranges(io.RawIOBase):
    """A file of `size` bytes; `read(offset, count)` returns a range."""

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        """Start at the beginning."""
        self._read = read
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to another position; return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def tell(self) -> int:
        """Return the position, in bytes."""
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer up to the end of the file; return the number of bytes."""
        view = memoryview(buffer).cast("B")
        size = min(len(view), self._size - self._position)
        content = self._read(self._position, size)
        view[: len(content)] = content
        self._position += len(content)
        return len(content)
