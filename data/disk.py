"""Errors while writing files: which file failed, and what to do when the disk is full."""

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
_NUMBERED: Final = re.compile(r"\(os error (\d+)\)")  # how Rust libraries report the system's error
_SHORT: Final = re.compile(r"\d+ requested and \d+ written")  # numpy drops the error number


@contextmanager
def writing(path: AnyPath) -> Iterator[None]:
    """Add the file's path to system errors raised while it is written.

    `path` is the path that the user knows, not the temporary file's. Some libraries wrap the
    system's error in their own (torch when it closes its archive, safetensors in Rust); the
    original is recovered. An error that already names another file is left as it is.

    Raises:
        OSError: the system's error, with the path.
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
    """Like `writing`, but also delete the file if it could not be written completely.

    Raises:
        OSError: the system's error, with the path.
    """
    try:
        with writing(path):
            yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def is_full(error: OSError) -> bool:
    """Tell whether an error means a full disk or an exhausted quota."""
    return error.errno in _FULL


def unwritable(path: AnyPath, error: OSError) -> UsageError | OSError:
    """Return the exception for a path that cannot be written; a full disk is not a UsageError."""
    if is_full(error):
        return OSError(error.errno, error.strerror, str(path))
    return UsageError(f"{path}: cannot be written: {error.strerror}")


def describe_os_error(error: OSError) -> str:
    """Return a system error in one line: which file, and what to do about a full disk."""
    name = error.filename2 or error.filename  # when copying, the second is the target
    if error.errno is None or name is None:
        message = one_line(error)
    else:
        message = f"{name}: {os.strerror(error.errno)}"
    if not is_full(error):
        return message
    return f"{message}; free some space and run the command again: finished work is kept"


def _system_error(error: BaseException) -> OSError | None:
    """Return the system error that caused an error, None if there is none."""
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
