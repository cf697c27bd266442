"""Files by URL (s3://, gs://, hf:// and the like), with the methods of pathlib.

Object stores show a file when all of it is there, and know no renaming: a file is written in one
piece, under the name it keeps.
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
    """What is asked of a file; its size in bytes."""

    st_size: int


class Remote:
    """A file or folder by URL, with the methods of pathlib that this project uses.

    The operating system cannot open it: `open`, `os` and `shutil` refuse it, and so does mypy.

    A call that fails is tried again. One that keeps failing raises a RetryableError, one that the
    user can mend (a password, a library) a UsageError, and a missing file a FileNotFoundError.
    """

    __slots__ = ("_path",)

    def __init__(self, url: str | PurePosixPath) -> None:
        """Take a URL, such as s3://bucket/folder."""
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
        """Return the end of the name from its last dot on."""
        return self._path.suffix

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the scheme and the names of the URL."""
        return self._path.parts

    @property
    def parent(self) -> "Remote":
        """Return the folder that this is in."""
        return Remote(self._path.parent)

    @property
    def parents(self) -> "tuple[Remote, ...]":
        """Return the folders above this, the nearest first."""
        return tuple(map(Remote, self._path.parents))

    def with_name(self, name: str) -> "Remote":
        """Return the file of another name in the same folder."""
        return Remote(self._path.with_name(name))

    def with_suffix(self, suffix: str) -> "Remote":
        """Return the file whose name ends in another suffix."""
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
        """Return what is known of a file."""
        return Stat(int(self._info()["size"]))

    def version(self) -> str:
        """Return what is another text as soon as the file is another one."""
        return version_in(self._info())

    def entries(self) -> "list[Entry]":
        """Return what is in a folder, all from one listing."""
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
        """Return the sizes in bytes of the files in a folder by their names."""
        return {name: int(info["size"]) for name, info in self._list() if info["type"] == "file"}

    def iterdir(self) -> "Iterator[Remote]":
        """Yield what is in a folder."""
        yield from (self / entry.name for entry in self.entries())

    def glob(self, pattern: str) -> "Iterator[Remote]":
        """Yield what matches a pattern, whose parts are those of a path; `**` is none."""
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
        """Do nothing: a folder of an object store is its files."""

    def open(self, mode: Literal["rb"]) -> io.BufferedReader:
        """Return the file, to be read from any place on.

        Reading raises RetryableError where the file has become another one meanwhile.
        """
        assert mode == "rb", "a file by URL is written in one piece"
        info = self._info()
        size, version = int(info["size"]), version_in(info)

        def read(offset: int, wanted: int) -> bytes:
            content = self.read_range(offset, wanted)
            is_last = offset + wanted == size
            if len(content) < wanted or (is_last and self.version() != version):
                raise RetryableError(f"{self}: changed while it was read; run the same again")
            return content

        return io.BufferedReader(Ranges(read, size), _READ_AHEAD_BYTES)

    def read_bytes(self) -> bytes:
        """Return a file's content."""
        start = self.read_range(0, _READ_AHEAD_BYTES)
        if len(start) < _READ_AHEAD_BYTES:  # most files, and one request: s3fs asks for sizes first
            return start
        return self._patiently(lambda fs, path: cast("bytes", fs.cat_file(path)))

    def read_range(self, offset: int, size: int) -> bytes:
        """Return so many bytes from `offset` on, fewer where the file ends before."""
        if size <= 0:
            return b""
        return self._patiently(lambda fs, path: read_range(fs, path, offset, size))

    def read_text(self, encoding: str = "utf-8") -> str:
        """Return a file's text."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, content: bytes) -> int:
        """Write a file, or another content in the place of the old one; return its size."""
        self._patiently(lambda fs, path: fs.pipe_file(path, content), new=True)
        return len(content)

    def write_text(self, text: str, encoding: str = "utf-8") -> int:
        """Write a file as `write_bytes` does."""
        return self.write_bytes(text.encode(encoding))

    def create(self, content: bytes) -> bool:
        """Write a new file; return False if there is one of this name, which stays as it is.

        After a lost answer that one may be of this very call. A store that knows no such condition
        is asked before, and of two who write at the same moment the last one wins there.
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
        """Write a file of this machine here."""
        self._patiently(lambda fs, path: fs.put_file(str(file), path), new=True)

    def fetch_to(self, file: Path) -> None:
        """Write this file into one of this machine."""
        self._patiently(lambda fs, path: fs.get_file(path, str(file)))

    def copy_to(self, target: "Remote") -> None:
        """Show a file under another name too; the store does it by itself."""
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
        """Delete all files below this name, if there are any."""
        try:
            self._patiently(delete_below)
        except FileNotFoundError:
            return

    def _list(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the names in a folder, sorted, with what the store says of each."""
        path, found = self._patiently(
            lambda fs, path: (path, cast("list[dict[str, Any]]", fs.ls(path, detail=True)))
        )
        named = [(str(info["name"]).rstrip("/"), info) for info in found]
        return [
            (name.rpartition("/")[2], info)
            for name, info in sorted(named, key=itemgetter(0))
            if name != path.rstrip("/")  # a file lists itself, and so does a folder made by hand
        ]

    def _kind(self) -> str | None:
        try:
            return str(self._info()["type"])
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _info(self) -> dict[str, Any]:
        return self._patiently(lambda fs, path: cast("dict[str, Any]", fs.info(path)))

    def _patiently(self, call: Callable[[Any, str], T], *, new: bool = False) -> T:
        """Call with the file system and this path in it; `new`: nothing need be there before."""
        if new and self.parts[0] == "hf:":  # each file would be a commit of its own
            raise UsageError(
                f"{self}: expected a place to write to, found one of the Hub; `negatives publish` "
                "sends a finished folder there"
            )
        files, path = open_file_system(str(self))
        for attempt in range(ATTEMPTS):
            try:
                return call(files, path)
            except Exception as error:  # each store's client has exceptions of its own
                found = translate_error(error, str(self), new=new)
                if attempt + 1 == ATTEMPTS or not isinstance(found, RetryableError):
                    raise found from error
            time.sleep(FIRST_PAUSE_S * 2**attempt)
        raise AssertionError("an attempt returns or raises")


class Entry(NamedTuple):
    """What the listing of a folder says of a file or a folder in it.

    `version` is that of `Remote.version`, though another text than it; "" on this machine.
    """

    folder: Path | Remote
    name: str
    is_file: bool
    is_dir: bool
    version: str

    @property
    def path(self) -> Path | Remote:
        """Return where it is."""
        return self.folder / self.name
