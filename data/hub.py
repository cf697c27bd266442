"""The one door of huggingface_hub: a data set's repository, its commits, tags and files; models.

The client finds the user's token itself, in the environment or in the Hub's login; here it is
neither read, kept nor told.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from data.errors import RetryableError, UsageError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")
ATTEMPTS: Final = 6
_PASSING = frozenset((408, 409, 412, 425, 429, 500, 502, 503, 504))


class RemoteFile(NamedTuple):
    """What a repository says of a file: its size, and its git name or, for a large one, SHA-256."""

    size: int
    digest: str


class Head(NamedTuple):
    """Where a branch or tag stands, and whether others may see it."""

    commit: str
    private: bool


class CommitContent(NamedTuple):
    """One commit: files to send, by their names in the repository, and names to take away."""

    message: str
    files: Mapping[str, Path]
    removed: Sequence[str]


def check_name(name: str) -> str:
    """Return a repository's name if it is one.

    Raises:
        UsageError: it is none.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name, flags=re.ASCII):
        raise UsageError(f"expected USER/NAME, found {name!r}")
    return name


def client(*, bars: bool = False) -> "HfApi":
    """Return the Hub's client, with or without its own progress bars.

    Raises:
        UsageError: `huggingface_hub` is not installed.
    """
    try:
        from huggingface_hub import HfApi  # noqa: PLC0415  (an extra, and it takes a second)
        from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            'expected the library huggingface_hub, found none: pip install "caption-negatives[hub]"'
        ) from error
    if not bars:
        disable_progress_bars()
    return HfApi()


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A data set of the Hub. What fails for a moment is tried again, `wait` seconds apart.

    Methods raise UsageError for what the user can mend (no such repository, no right to write) and
    RetryableError for what may pass.
    """

    name: str
    api: "HfApi"
    wait: Callable[[float], None] = time.sleep

    def create(self, *, private: bool) -> None:
        """Make the repository if it is not there; who may see it is the owner's default if not."""
        self._patiently(
            lambda: self.api.create_repo(
                self.name, repo_type="dataset", private=private or None, exist_ok=True
            )
        )

    def head(self, revision: str | None = None) -> Head | None:
        """Return where a branch, tag or commit stands; None if there is no such repository."""
        try:
            info = self._patiently(lambda: self.api.dataset_info(self.name, revision=revision))
        except _AbsentError:
            return None
        return Head(str(info.sha), bool(info.private))

    def files(self, commit: str) -> dict[str, RemoteFile]:
        """Return the files of a commit by their names."""
        from huggingface_hub.hf_api import RepoFile  # noqa: PLC0415

        def list_files() -> dict[str, RemoteFile]:
            tree = self.api.list_repo_tree(
                self.name, repo_type="dataset", revision=commit, recursive=True
            )
            return {
                entry.path: RemoteFile(entry.size, entry.lfs.sha256 if entry.lfs else entry.blob_id)
                for entry in tree
                if isinstance(entry, RepoFile)
            }

        return self._patiently(list_files)

    def commit(self, change: CommitContent, *, parent: str) -> str:
        """Send one commit on top of `parent`, once; return its name.

        Large files that the Hub has are not sent again. If it fails, it may have been made.
        """
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete  # noqa: PLC0415

        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationAdd(name, path) for name, path in change.files.items()
        ]
        operations += [CommitOperationDelete(name, is_folder=False) for name in change.removed]
        try:
            made = self.api.create_commit(
                self.name,
                operations,
                commit_message=change.message,
                repo_type="dataset",
                parent_commit=parent,
            )
        except Exception as error:  # the client lets through what its transport raises
            raise translate_error(error, self.name) from error
        return str(made.oid)

    def tags(self) -> dict[str, str]:
        """Return the commit of each tag."""
        refs = self._patiently(lambda: self.api.list_repo_refs(self.name, repo_type="dataset"))
        return {tag.name: tag.target_commit for tag in refs.tags}

    def tag(self, name: str, commit: str) -> None:
        """Give a commit a tag; one of this name may be there."""
        self._patiently(
            lambda: self.api.create_tag(
                self.name, tag=name, revision=commit, repo_type="dataset", exist_ok=True
            )
        )

    def download(self, file: str, folder: Path, *, commit: str) -> Path:
        """Bring a file of a commit into a folder, going on where an earlier attempt was cut."""
        return Path(
            self._patiently(
                lambda: self.api.hf_hub_download(
                    self.name, file, repo_type="dataset", revision=commit, local_dir=folder
                )
            )
        )

    def _patiently(self, call: Callable[[], T]) -> T:
        return _patiently(call, self.name, what="data set", wait=self.wait)


def model_files(name: str, patterns: Sequence[str], revision: str | None = None) -> Path:
    """Return the folder of a model's repository in the Hub's cache, with the files of patterns.

    Files that are there are not fetched again; without a connection the folder is as it was.

    Raises:
        UsageError: there is no such repository or revision.
        RetryableError: the Hub cannot be reached.
    """
    api = client()
    return Path(
        _patiently(
            lambda: api.snapshot_download(
                check_name(name), revision=revision, allow_patterns=list(patterns)
            ),
            name,
            what="model",
            wait=time.sleep,
        )
    )


def _patiently(call: Callable[[], T], name: str, *, what: str, wait: Callable[[float], None]) -> T:
    for attempt in range(ATTEMPTS):
        try:
            return call()
        except Exception as error:  # the client lets through what its transport raises
            found = translate_error(error, name, what=what)
            if attempt + 1 == ATTEMPTS or not isinstance(found, RetryableError):
                raise found from error
            wait(_pause(error, attempt))
    raise AssertionError("an attempt returns or raises")


class _AbsentError(UsageError):
    """There is no such repository, revision or file, or the token does not show it."""


def translate_error(
    error: Exception, name: str, *, what: str = "data set"
) -> UsageError | RetryableError:
    """Return what an exception of the client means, in one line."""
    while isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # of an upload, whose wrapper says only which file it was
    if type(error).__name__ == "OfflineModeIsEnabled":
        return UsageError(f"{name}: HF_HUB_OFFLINE is set; unset it to reach the Hub")
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    text = " ".join(str(getattr(error, "server_message", None) or error).split())
    found = f"{name}: {type(error).__name__}: {text}"
    if status in {401, 403} and type(error).__name__ != "RepositoryNotFoundError":
        return UsageError(
            f"{name}: the Hub refuses the token ({status}: {text}); expected one with the right to "
            f"do this: {_login()}"
        )
    if status in {401, 404}:
        return _AbsentError(
            f"{name}: no such {what}, revision or file, or the token does not show it ({text}); "
            "check the name and the login"
        )
    if status is not None and status not in _PASSING:
        return UsageError(f"{found}; the Hub will not take it as it is")
    if isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError):
        return UsageError(found)  # other text than JSON is a gateway's, not the Hub's
    return RetryableError(f"{found}; try again")


def _login() -> str:
    """Return how a token is given; one in the environment comes before that of a login."""
    is_set = [name for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") if os.environ.get(name)]
    return f"change {is_set[0]}, which is set" if is_set else "`hf auth login`, or HF_TOKEN"


def _pause(error: Exception, attempt: int) -> float:
    """Return the seconds to wait: what the Hub asks for, up to two minutes, else 1, 2, 4 ..."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    asked = str(headers.get("retry-after", ""))
    return min(float(asked), 120.0) if asked.isdigit() else float(2**attempt)


def remote_files_of(path: Path) -> tuple[RemoteFile, RemoteFile]:
    """Return what a repository says of this file if it is small, and if it is large."""
    size = path.stat().st_size
    git = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    large = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            git.update(part)
            large.update(part)
    return RemoteFile(size, git.hexdigest()), RemoteFile(size, large.hexdigest())
