"""What stores have not in common: fsspec's one door, their errors, and what they leave undone."""

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
_PLAIN: Final = {  # the same of every store
    FileNotFoundError: (errno.ENOENT, "no such file or folder"),
    FileExistsError: (errno.EEXIST, "exists already"),
    IsADirectoryError: (errno.EISDIR, "is a folder"),
    NotADirectoryError: (errno.ENOTDIR, "is no folder"),
}
_PASSING: Final = frozenset((408, 409, 425, 429))
_PASSING_CODES: Final = frozenset(  # of answers with the status 400, and of an upload in parts
    ("RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch", "NoSuchUpload")
)


def translate_error(error: Exception, where: str, *, new: bool = False) -> Exception:
    """Return what an exception means, in one line.

    That is one of pathlib's for what is not there or there already, UsageError for what the user
    can mend, NotImplementedError for what a store does not know, RetryableError for the rest.
    `new`: a file is written; so if something is not there, it is the bucket.
    """
    status, code = status_of(error), _code_of(error)
    text = f"{where}: {type(error).__name__}: {one_line(error)}"
    if code in _PASSING_CODES or isinstance(error, TimeoutError):
        return RetryableError(f"{text}; try again")
    if status == HTTPStatus.PRECONDITION_FAILED:  # s3fs knows it by a field that only AWS sends
        error = FileExistsError()
    if status == HTTPStatus.NOT_FOUND:
        error = FileNotFoundError()
    if status == HTTPStatus.NOT_IMPLEMENTED:
        return NotImplementedError(where)
    if new and isinstance(error, FileNotFoundError):
        return UsageError(f"{where}: expected a bucket of this name, found none")
    for kind, said in _PLAIN.items():
        if isinstance(error, kind):
            return kind(*said, where)
    advice = _advice(error, status)
    return UsageError(f"{text}; {advice}") if advice else RetryableError(f"{text}; try again")


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status of the answer that an exception tells of, None if of none."""
    for each in (error, error.__cause__):
        answer = getattr(each, "response", None)  # botocore's, or that of a client of the Hub
        if isinstance(answer, dict):
            return cast("int | None", answer.get("ResponseMetadata", {}).get("HTTPStatusCode"))
        if answer is not None:
            return getattr(answer, "status_code", None)
    return None


def _code_of(error: BaseException) -> str:
    """Return the code by which S3 says what is wrong, "" if there is none."""
    for each in (error, error.__cause__):
        answer = getattr(each, "response", None)
        if isinstance(answer, dict):
            return str(answer.get("Error", {}).get("Code", ""))
    return ""


def _advice(error: Exception, status: int | None) -> str:
    """Return what the user can do, "" if that is to wait."""
    is_refused = status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    if is_refused or isinstance(error, PermissionError) or "Credential" in type(error).__name__:
        return "expected the right to do this: see to the store's login"
    is_garbled = isinstance(error, UnicodeError | json.JSONDecodeError)  # an answer, not the name
    is_invalid = type(error).__name__ == "ParamValidationError"
    if is_invalid or (isinstance(error, ValueError) and not is_garbled):
        return "expected a name that the store knows"
    if status and 400 <= status < 500 and status not in _PASSING:
        return "the store will not take this"
    return ""


def read_range(files: Any, path: str, offset: int, size: int) -> bytes:  # noqa: ANN401 - any store
    """Return so many bytes of a file from `offset` on, fewer where it ends before."""
    try:
        return cast("bytes", files.cat_file(path, start=offset, end=offset + size))
    except OSError as error:
        if status_of(error) != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        return b""  # it begins at the end, or behind it


def delete_below(files: Any, path: str) -> None:  # noqa: ANN401 - any store
    """Delete the files below a path, and hold that they are gone: S3 may say so and keep some."""
    found = cast("list[str]", files.find(path))
    plain = [name for name in found if not _PATTERNS & set(name)]
    if plain:
        files.rm(plain)
    for name in found:
        if _PATTERNS & set(name):  # which `rm` would take for the names of others
            files.rm_file(name)
    if found and files.find(path):
        raise OSError("files were left")


def version_in(info: dict[str, Any]) -> str:
    """Return what is another text as soon as a file is another one: always, if nobody knows."""
    known = [str(info[key]) for key in _VERSIONS if info.get(key) is not None]
    return " ".join([str(info.get("size")), *known]) if known else uuid.uuid4().hex


def open_file_system(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, which fsspec keeps for a thread, and the path in it.

    Raises:
        UsageError: it is of no kind that can be had here.
    """
    from fsspec.core import url_to_fs  # noqa: PLC0415  (most work is on files of this machine)

    try:  # what others write is to be seen at once: no listing is kept
        files, path = url_to_fs(url, use_listings_cache=False)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{url}: cannot be opened: {one_line(error)}") from error
    except Exception as error:  # of clients that connect at once
        raise translate_error(error, url) from error
    return files, str(path)
