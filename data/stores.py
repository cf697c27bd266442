"""Differences between object stores: their errors and their gaps. The only import of fsspec."""

import errno
import json
import uuid
from http import HTTPStatus
from typing import Any, Final, cast

from data.errors import RetryableError, UsageError
from data.texts import one_line

_VERSIONS = (
    "ETag", "etag", "LastModified", "Last-Modified", "mtime", "created", "blob_id", "generation",
)  # fmt: skip
_PATTERNS: Final = frozenset("*?[")
_PLAIN: Final = {  # worded alike for every store
    FileNotFoundError: (errno.ENOENT, "no such file or folder"),
    FileExistsError: (errno.EEXIST, "exists already"),
    IsADirectoryError: (errno.EISDIR, "is a folder"),
    NotADirectoryError: (errno.ENOTDIR, "not a folder"),
}
_PASSING: Final = frozenset((408, 409, 425, 429))
_PASSING_CODES: Final = frozenset(  # of responses with status 400, and of multipart uploads
    ("RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch", "NoSuchUpload")
)


def translate_error(error: Exception, where: str, *, new: bool = False) -> Exception:
    """Translate an exception, with a one-line message.

    Missing or existing files give pathlib's exceptions, what the user can fix a UsageError, what
    the store does not support a NotImplementedError, anything else a RetryableError. `new`: a file
    is being written, so if anything is missing, it is the bucket.
    """
    status, code = status_of(error), _code_of(error)
    text = f"{where}: {type(error).__name__}: {one_line(error)}"
    if code in _PASSING_CODES or isinstance(error, TimeoutError):
        return RetryableError(f"{text}; try again")
    if status == HTTPStatus.PRECONDITION_FAILED:  # s3fs needs a field that only AWS sends
        error = FileExistsError()
    if status == HTTPStatus.NOT_FOUND:
        error = FileNotFoundError()
    if status == HTTPStatus.NOT_IMPLEMENTED:
        return NotImplementedError(where)
    if new and isinstance(error, FileNotFoundError):
        return UsageError(f"{where}: there is no such bucket")
    for kind, said in _PLAIN.items():
        if isinstance(error, kind):
            return kind(*said, where)
    advice = _advice(error, status)
    return UsageError(f"{text}; {advice}") if advice else RetryableError(f"{text}; try again")


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status of the response behind an exception, None if there is none."""
    for each in (error, error.__cause__):
        answer = getattr(each, "response", None)  # from botocore, or from the Hub's client
        if isinstance(answer, dict):
            return cast("int | None", answer.get("ResponseMetadata", {}).get("HTTPStatusCode"))
        if answer is not None:
            return getattr(answer, "status_code", None)
    return None


def _code_of(error: BaseException) -> str:
    """Return S3's error code, "" if there is none."""
    for each in (error, error.__cause__):
        answer = getattr(each, "response", None)
        if isinstance(answer, dict):
            return str(answer.get("Error", {}).get("Code", ""))
    return ""


def _advice(error: Exception, status: int | None) -> str:
    """Return what the user can do, "" if waiting may help."""
    is_refused = status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    if is_refused or isinstance(error, PermissionError) or "Credential" in type(error).__name__:
        return "access denied; check your login for this store"
    is_garbled = isinstance(error, UnicodeError | json.JSONDecodeError)  # a response, no name
    is_invalid = type(error).__name__ == "ParamValidationError"
    if is_invalid or (isinstance(error, ValueError) and not is_garbled):
        return "check the store's name"
    if status and 400 <= status < 500 and status not in _PASSING:
        return "the store rejected the request"
    return ""


def read_range(files: Any, path: str, offset: int, size: int) -> bytes:  # noqa: ANN401 - any store
    """Return this many bytes of a file from `offset` on, fewer at its end."""
    try:
        return cast("bytes", files.cat_file(path, start=offset, end=offset + size))
    except OSError as error:
        if status_of(error) != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        return b""  # the range begins at or after the end


def delete_below(files: Any, path: str) -> None:  # noqa: ANN401 - any store
    """Delete the files below a path and check: S3 may report success and keep some."""
    found = cast("list[str]", files.find(path))
    plain = [name for name in found if not _PATTERNS & set(name)]
    if plain:
        files.rm(plain)
    for name in found:
        if _PATTERNS & set(name):  # which `rm` would read as patterns
            files.rm_file(name)
    if found and files.find(path):
        raise OSError("some files were not deleted")


def version_in(info: dict[str, Any]) -> str:
    """Return a text that changes with the file, or with every call if the store cannot tell."""
    known = [str(info[key]) for key in _VERSIONS if info.get(key) is not None]
    return " ".join([str(info.get("size")), *known]) if known else uuid.uuid4().hex


def open_file_system(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, which fsspec caches per thread, and the path in it.

    Raises:
        UsageError: the kind of storage is unknown, or its library is not installed.
    """
    from fsspec.core import url_to_fs  # noqa: PLC0415  (most runs use local files only)

    try:  # no cached listings: files written by others must be visible at once
        files, path = url_to_fs(url, use_listings_cache=False)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{url}: cannot be opened: {one_line(error)}") from error
    except Exception as error:  # raised by clients that connect immediately
        raise translate_error(error, url) from error
    return files, str(path)
