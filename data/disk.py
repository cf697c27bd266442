"""Files that are being written: which one failed, and what to do where the disk is full."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from data.errors import RetryableError, ShardError, UsageError
from data.storage import AnyPath
from data.texts import one_line

_FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_NUMBERED: Final = re.compile(
    r"\(os error (\d+)\)"
)  # how libraries in Rust name the system's error
_SHORT: Final = re.compile(r"\d+ requested and \d+ written")  # numpy keeps no number of the error


@contextmanager
def writing(path: AnyPath) -> Iterator[None]:
    """Name the file in what the system says while it is written.

    `path`: as the user knows it, not the draft of it. Some libraries turn the system's error into
    one of their own (torch while it closes its archive, safetensors in Rust); it is found again.
    What names another file already, such as one that is read meanwhile, is left as it is.

    Raises:
        OSError: in place of what the system raised, with the path.
    """
    try:
        yield
    except (UsageError, ShardError, RetryableError):
        raise
    except Exception as error:
        found = _system_error(error)
        if found is None or (found.filename is not None and not is_full(found)):
            raise
        assert found.errno is not None
        raise OSError(found.errno, os.strerror(found.errno), str(path)) from error


@contextmanager
def writing_whole(path: AnyPath) -> Iterator[None]:
    """Do as `writing`, and leave nothing of a file that could not be written to its end.

    Raises:
        OSError: in place of what the system raised, with the path.
    """
    try:
        with writing(path):
            yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def is_full(error: OSError) -> bool:
    """Tell whether there is no room for a file, on the disk or in the user's share of it."""
    return error.errno in _FULL


def unwritable(path: AnyPath, error: OSError) -> UsageError | OSError:
    """Return what to raise where a place cannot be written; a full disk is no mistake in usage."""
    if is_full(error):
        return OSError(error.errno, error.strerror, str(path))
    return UsageError(f"{path}: cannot be written: {error.strerror}")


def describe_os_error(error: OSError) -> str:
    """Return what the system says, in one line: which file, and what to do about a full disk."""
    name = error.filename2 or error.filename  # of a copy the target is the second
    if error.errno is None or name is None:
        message = one_line(error)
    else:
        message = f"{name}: {os.strerror(error.errno)}"
    if not is_full(error):
        return message
    return f"{message}; make room on the disk and run the command again: what is finished is kept"


def _system_error(error: BaseException) -> OSError | None:
    """Return the system's error that is behind an error, None if none is."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno is not None:
            return seen
        if numbered := _NUMBERED.search(str(seen)):
            return OSError(int(numbered[1]), "")
        if isinstance(seen, OSError) and _SHORT.search(str(seen)):
            return OSError(errno.ENOSPC, "")
        seen = seen.__cause__ or seen.__context__
    return None
