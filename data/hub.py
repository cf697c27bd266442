"""The one door of huggingface_hub: a data set's repository, its commits, tags and files; models.

The client finds the user's token itself, in the environment or in the Hub's login; this code never
reads, stores or prints it.
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
    """A file in a repository: its size, and its git hash or, for a large file, SHA-256."""

    size: int
    digest: str


class Head(NamedTuple):
    """The commit of a branch or tag, and whether the repository is private."""

    commit: str
    private: bool


class CommitContent(NamedTuple):
    """One commit: files to upload, by their names in the repository, and names to delete."""

    message: str
    files: Mapping[str, Path]
    removed: Sequence[str]


def check_name(name: str) -> str:
    """Return the name if it is a valid repository name.

    Raises:
        UsageError: it is not.
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
            'huggingface_hub is not installed: pip install "caption-negatives[hub]"'
        ) from error
    if not bars:
        disable_progress_bars()
    return HfApi()


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A data set on the Hub. Temporary failures are retried, `wait` seconds apart.

    Methods raise UsageError for what the user can fix (no such repository, no write access) and
    RetryableError for temporary failures.
    """

    name: str
    api: "HfApi"
    wait: Callable[[float], None] = time.sleep

    def create(self, *, private: bool) -> None:
        """Create the repository unless it exists; None means the owner's default visibility."""
        self._patiently(
            lambda: self.api.create_repo(
                self.name, repo_type="dataset", private=private or None, exist_ok=True
            )
        )

    def head(self, revision: str | None = None) -> Head | None:
        """Return the commit of a branch, tag or commit; None if there is no such repository."""
        try:
            info = self._patiently(lambda: self.api.dataset_info(self.name, revision=revision))
        except _AbsentError:
            return None
        return Head(str(info.sha), bool(info.private))

    def files(self, commit: str) -> dict[str, RemoteFile]:
        """Return the files of a commit by name."""
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
        """Upload one commit on top of `parent`, without retrying; return its hash.

        Large files that the Hub already has are not uploaded again. After a failure the commit may
        or may not exist.
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
        except Exception as error:  # the client does not translate its transport's errors
            raise translate_error(error, self.name) from error
        return str(made.oid)

    def tags(self) -> dict[str, str]:
        """Return the commit of each tag."""
        refs = self._patiently(lambda: self.api.list_repo_refs(self.name, repo_type="dataset"))
        return {tag.name: tag.target_commit for tag in refs.tags}

    def tag(self, name: str, commit: str) -> None:
        """Tag a commit; the tag may already exist."""
        self._patiently(
            lambda: self.api.create_tag(
                self.name, tag=name, revision=commit, repo_type="dataset", exist_ok=True
            )
        )

    def download(self, file: str, folder: Path, *, commit: str) -> Path:
        """Download a file of a commit into a folder, resuming an interrupted download."""
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
    """Return a model's folder in the Hub's cache, with the files that match the patterns.

    Cached files are not fetched again; without a connection the folder is used as it is.

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
        except Exception as error:  # the client does not translate its transport's errors
            found = translate_error(error, name, what=what)
            if attempt + 1 == ATTEMPTS or not isinstance(found, RetryableError):
                raise found from error
            wait(_pause(error, attempt))
    raise AssertionError("an attempt returns or raises")


class _AbsentError(UsageError):
    """The repository, revision or file does not exist, or the token cannot access it."""


def translate_error(
    error: Exception, name: str, *, what: str = "data set"
) -> UsageError | RetryableError:
    """Translate an exception of the client into one of ours, with a one-line message."""
    while isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # an upload's wrapper only names the file
    if type(error).__name__ == "OfflineModeIsEnabled":
        return UsageError(f"{name}: HF_HUB_OFFLINE is set; unset it to reach the Hub")
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    text = " ".join(str(getattr(error, "server_message", None) or error).split())
    found = f"{name}: {type(error).__name__}: {text}"
    if status in {401, 403} and type(error).__name__ != "RepositoryNotFoundError":
        return UsageError(
            f"{name}: the Hub rejected the token ({status}: {text}); expected one that "
            f"may do this: {_login()}"
        )
    if status in {401, 404}:
        return _AbsentError(
            f"{name}: no such {what}, revision or file, or the token cannot access it ({text}); "
            "check the name and the login"
        )
    if status is not None and status not in _PASSING:
        return UsageError(f"{found}; the Hub rejected it")
    if isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError):
        return UsageError(found)  # a reply that is not JSON comes from a gateway, not from the Hub
    return RetryableError(f"{found}; try again")


def _login() -> str:
    """Return how to set a token; one in the environment takes precedence over a login."""
    is_set = [name for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") if os.environ.get(name)]
    return (
        f"change {is_set[0]}, which takes precedence" if is_set else "`hf auth login`, or HF_TOKEN"
    )


def _pause(error: Exception, attempt: int) -> float:
    """Return the seconds to wait: what the Hub asks for, up to 120, else 1, 2, 4 ..."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    asked = str(headers.get("retry-after", ""))
    return min(float(asked), 120.0) if asked.isdigit() else float(2**attempt)


def remote_files_of(path: Path) -> tuple[RemoteFile, RemoteFile]:
    """Return this file's identity in a repository, as a small file and as a large one."""
    size = path.stat().st_size
    git = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    large = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            git.update(part)
            large.update(part)
    return RemoteFile(size, git.hexdigest()), RemoteFile(size, large.hexdigest())
