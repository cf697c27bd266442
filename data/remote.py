"""Files by URL (s3://, gs://, hf:// and the like), with pathlib's methods.

Object stores show a file once it is complete and have no rename: a file is written in one piece,
under its final name.
"""

import io
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from operator import itemgetter
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Final, Literal, NamedTuple, TypeVar, cast

from data.errors import RetryableError, UsageError
from data.ranges import Ranges
from data.stores import delete_below, open_file_system, read_range, translate_error, version_in

T = TypeVar("T")
ATTEMPTS: Final = 6
FIRST_PAUSE_S: Final = 0.2
_READ_AHEAD_BYTES: Final = 1 << 22


class Stat(NamedTuple):
    """A file's status: its size in bytes."""

    st_size: int


class Remote:
    """A file or folder by URL, with the pathlib methods that this project uses.

    It is not an `os.PathLike`: `open`, `os` and `shutil` reject it, and so does mypy.

    Calls that fail are retried. A call that keeps failing raises a RetryableError, a failure that
    the user can fix (a password, a library) a UsageError, and a missing file a FileNotFoundError.
    """

    __slots__ = ("_path",)

    def __init__(self, url: str | PurePosixPath) -> None:
        """Parse a URL, such as s3://bucket/folder."""
        self._path = PurePosixPath(url)

    def __str__(self) -> str:  # pathlib's has one slash fewer
        scheme, *parts = self.parts or ("",)
        return f"{scheme}//{'/'.join(parts)}" if scheme.endswith(":") else "/".join(self.parts)

    def __repr__(self) -> str:
        return f"Remote({str(self)!r})"

    def __hash__(self) -> int:
        return hash(self._path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remote) and self._path == other._path

    def __lt__(self, other: "Remote") -> bool:
        return self._path < other._path

    def __truediv__(self, below: str | PurePath) -> "Remote":
        return Remote(self._path / below)

    @property
    def name(self) -> str:
        """Return the last part of the URL."""
        return self._path.name

    @property
    def stem(self) -> str:
        """Return the name without its suffix."""
        return self._path.stem

    @property
    def suffix(self) -> str:
        """Return the name from its last dot on."""
        return self._path.suffix

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the scheme and the path components of the URL."""
        return self._path.parts

    @property
    def parent(self) -> "Remote":
        """Return the parent folder."""
        return Remote(self._path.parent)

    @property
    def parents(self) -> "tuple[Remote, ...]":
        """Return the parent folders, nearest first."""
        return tuple(map(Remote, self._path.parents))

    def with_name(self, name: str) -> "Remote":
        """Return the path with another name in the same folder."""
        return Remote(self._path.with_name(name))

    def with_suffix(self, suffix: str) -> "Remote":
        """Return the path with another suffix."""
        return Remote(self._path.with_suffix(suffix))

    def relative_to(self, folder: "Path | Remote") -> PurePosixPath:
        """Return this path relative to a folder above it.

        Raises:
            ValueError: the folder is not above it.
        """
        return self._path.relative_to(PurePosixPath(*folder.parts))

    def exists(self) -> bool:
        """Tell whether there is such a file or folder."""
        return self._kind() is not None

    def is_file(self) -> bool:
        """Tell whether this is a file."""
        return self._kind() == "file"

    def is_dir(self) -> bool:
        """Tell whether there are files below this name."""
        return self._kind() == "directory"

    def stat(self) -> Stat:
        """Return a file's status."""
        return Stat(int(self._info()["size"]))

    def version(self) -> str:
        """Return a text that changes when the file does."""
        return version_in(self._info())

    def entries(self) -> "list[Entry]":
        """Return a folder's entries, from one listing."""
        return [
            Entry(
                self,
                name,
                is_file=info["type"] == "file",
                is_dir=info["type"] == "directory",
                version=version_in(info),
            )
            for name, info in self._list()
        ]

    def sizes(self) -> dict[str, int]:
        """Return the sizes in bytes of the files in a folder, by name."""
        return {name: int(info["size"]) for name, info in self._list() if info["type"] == "file"}

    def iterdir(self) -> "Iterator[Remote]":
        """Yield the paths in a folder."""
        yield from (self / entry.name for entry in self.entries())

    def glob(self, pattern: str) -> "Iterator[Remote]":
        """Yield the paths that match a pattern, component by component; `**` is not supported."""
        first, _, rest = pattern.partition("/")
        try:
            found = [entry for entry in self.entries() if fnmatchcase(entry.name, first)]
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in found:
            if not rest:
                yield self / entry.name
            elif entry.is_dir:
                yield from (self / entry.name).glob(rest)

    def resolve(self) -> "Remote":
        """Return this."""
        return self

    def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        """Do nothing: object stores have no folders apart from their files."""

    def open(self, mode: Literal["rb"]) -> io.BufferedReader:
        """Open the file for reading, with seeking.

        Reading raises RetryableError if the file has changed meanwhile.
        """
        assert mode == "rb", "a file by URL is written in one piece"
        info = self._info()
        size, version = int(info["size"]), version_in(info)

        def read(offset: int, wanted: int) -> bytes:
            content = self.read_range(offset, wanted)
            is_last = offset + wanted == size
            if len(content) < wanted or (is_last and self.version() != version):
                raise RetryableError(f"{self}: changed while it was read; run the command again")
            return content

        return io.BufferedReader(Ranges(read, size), _READ_AHEAD_BYTES)

    def read_bytes(self) -> bytes:
        """Return a file's content."""
        start = self.read_range(0, _READ_AHEAD_BYTES)
        if len(start) < _READ_AHEAD_BYTES:  # most files, and one request: s3fs asks for sizes first
            return start
        return self._patiently(lambda fs, path: cast("bytes", fs.cat_file(path)))

    def read_range(self, offset: int, size: int) -> bytes:
        """Return this many bytes from `offset` on, fewer at the end of the file."""
        if size <= 0:
            return b""
        return self._patiently(lambda fs, path: read_range(fs, path, offset, size))

    def read_text(self, encoding: str = "utf-8") -> str:
        """Return a file's text."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, content: bytes) -> int:
        """Write or replace a file; return its size."""
        self._patiently(lambda fs, path: fs.pipe_file(path, content), new=True)
        return len(content)

    def write_text(self, text: str, encoding: str = "utf-8") -> int:
        """Write or replace a file."""
        return self.write_bytes(text.encode(encoding))

    def create(self, content: bytes) -> bool:
        """Create a file; return False if the name is taken, leaving that file as it is.

        After a lost response the existing file may come from this very call. A store without
        conditional writes is asked first; if two write at the same moment, the last one wins.
        """
        try:
            self._patiently(lambda fs, path: fs.pipe_file(path, content, mode="create"), new=True)
        except FileExistsError:
            return False
        except NotImplementedError:
            if self.exists():
                return False
            self.write_bytes(content)
        return True

    def receive(self, file: Path) -> None:
        """Upload a file."""
        self._patiently(lambda fs, path: fs.put_file(str(file), path), new=True)

    def fetch_to(self, file: Path) -> None:
        """Download this file."""
        self._patiently(lambda fs, path: fs.get_file(path, str(file)))

    def copy_to(self, target: "Remote") -> None:
        """Copy a file to another name, inside the store."""
        _, there = open_file_system(str(target))
        self._patiently(lambda fs, path: fs.cp_file(path, there))

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Delete a file."""
        try:
            self._patiently(lambda fs, path: fs.rm_file(path))
        except FileNotFoundError:
            if not missing_ok:
                raise

    def remove_tree(self) -> None:
        """Delete all files below this name, if any."""
        try:
            self._patiently(delete_below)
        except FileNotFoundError:
            return

    def _list(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the names in a folder, sorted, with the store's information on each."""
        path, found = self._patiently(
            lambda fs, path: (path, cast("list[dict[str, Any]]", fs.ls(path, detail=True)))
        )
        named = [(str(info["name"]).rstrip("/"), info) for info in found]
        return [
            (name.rpartition("/")[2], info)
            for name, info in sorted(named, key=itemgetter(0))
            if name != path.rstrip("/")  # a listing may contain the file or folder itself
        ]

    def _kind(self) -> str | None:
        try:
            return str(self._info()["type"])
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _info(self) -> dict[str, Any]:
        return self._patiently(lambda fs, path: cast("dict[str, Any]", fs.info(path)))

    def _patiently(self, call: Callable[[Any, str], T], *, new: bool = False) -> T:
        """Call with the file system and this path in it; `new`: the path need not exist."""
        if new and self.parts[0] == "hf:":  # each file would become a commit
            raise UsageError(
                f"{self}: the Hub cannot be written to directly; `negatives publish` uploads a "
                "finished folder"
            )
        files, path = open_file_system(str(self))
        for attempt in range(ATTEMPTS):
            try:
                return call(files, path)
            except Exception as error:  # each store's client has its own exceptions
                found = translate_error(error, str(self), new=new)
                if attempt + 1 == ATTEMPTS or not isinstance(found, RetryableError):
                    raise found from error
            time.sleep(FIRST_PAUSE_S * 2**attempt)
        raise AssertionError("an attempt returns or raises")


class Entry(NamedTuple):
    """A file or folder as its parent's listing describes it.

    `version` changes when the file does, like `Remote.version`, but has another format; "" on this
    machine.
    """

    folder: Path | Remote
    name: str
    is_file: bool
    is_dir: bool
    version: str

    @property
    def path(self) -> Path | Remote:
        """Return its path or URL."""
        return self.folder / self.name
