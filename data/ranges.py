"""A file that is read in ranges, as a stream."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Ranges(io.RawIOBase):
    """A file of `size` bytes, of which `read` returns so many from an offset on."""

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        """Stand at the beginning."""
        self._read = read
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to another place; return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(base + offset, 0)
        return self._place

    def tell(self) -> int:
        """Return where it stands, in bytes."""
        return self._place

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer as far as the file goes; return the number of bytes."""
        view = memoryview(buffer).cast("B")
        size = min(len(view), self._size - self._place)
        content = self._read(self._place, size)
        view[: len(content)] = content
        self._place += len(content)
        return len(content)
