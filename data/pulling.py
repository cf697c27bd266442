"""Published shards: downloaded, restored, checked against the manifest, then given their name.

A folder appears under its name only when it is complete. An interrupted download stays hidden
beside it, and the next attempt at the same commit resumes it.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from data.caches import cache_folder
from data.commit import sync_and_hash, sync_folder
from data.errors import UsageError
from data.hub import Repository, check_name, client
from data.manifest import FILE_NAME, manifest_without_sizes
from data.published import Report, restore_folder, shards_by_kind, within
from data.remote import Remote
from data.storage import AnyPath, is_remote, path_of

SCHEME: Final = "hf://datasets/"


def local_folder(where: str | AnyPath, *, report: Report = lambda _num_rows: None) -> Path:
    """Return the folder of shards, downloading it first if it is a URL.

    Downloads go to the user's cache, once each: `hf://datasets/user/name[@revision]` by commit, a
    store (`s3://bucket/folder`) by its manifest.

    Raises:
        UsageError: there is no such data set or folder, or it is damaged.
        RetryableError: the Hub or the store cannot be reached.
    """
    if not str(where).startswith(SCHEME):
        folder = path_of(where)
        return _copy(folder, report) if is_remote(folder) else folder
    name, _, revision = str(where).removeprefix(SCHEME).partition("@")
    folder = cache_folder() / "hub" / check_name(name).replace("/", "--")
    if re.fullmatch("[0-9a-f]{40}", revision) and (folder / revision / FILE_NAME).exists():
        return folder / revision
    repository = Repository(name=name, api=client())
    commit = commit_of(repository, revision or None)
    if not (folder / commit / FILE_NAME).exists():
        _pull(repository, folder / commit, commit=commit, report=report)
    return folder / commit


def unpacked(folder: AnyPath) -> AnyPath:
    """Return a folder of shards as it is; one published on the Hub is fetched into the cache first.

    Published folders have parquet files instead of shards.

    Raises:
        UsageError: there is no such data set, or it is damaged.
        RetryableError: the Hub cannot be reached.
    """
    return local_folder(folder) if str(folder).startswith(SCHEME) else folder


def _copy(folder: Remote, report: Report) -> Path:
    """Return a local copy of a folder in a store, checked against its manifest."""
    try:
        content = (folder / FILE_NAME).read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{folder}: not a finished build (no {FILE_NAME})") from error
    out = cache_folder() / "shards" / sha256(content).hexdigest()[:32]
    draft = out.with_name(f".{out.name}.unfinished")
    out.parent.mkdir(parents=True, exist_ok=True)
    with _alone(out.parent):
        if (out / FILE_NAME).exists():
            return out
        draft.mkdir(exist_ok=True)
        (draft / FILE_NAME).write_bytes(content)
        manifest = manifest_without_sizes(draft)
        for stored in manifest.all_files():
            file = within(draft, stored.file)
            if not file.is_file() or sync_and_hash(file) != (stored.bytes, stored.sha256):
                file.parent.mkdir(exist_ok=True)
                _fetch(folder / stored.file, file)
                if sync_and_hash(file) != (stored.bytes, stored.sha256):
                    raise UsageError(f"{folder / stored.file}: damaged; build or copy it again")
            report(getattr(stored, "rows", 0))
        sync_folder(draft)
        draft.rename(out)
        sync_folder(out.parent)
    return out


def _fetch(source: Remote, file: Path) -> None:
    try:
        source.fetch_to(file)
    except FileNotFoundError as error:
        raise UsageError(f"{source}: missing; build or copy it again") from error


def commit_of(repository: Repository, revision: str | None) -> str:
    """Return the commit that a branch or tag names.

    Raises:
        UsageError: there is no such repository or revision.
    """
    head = repository.head(revision)
    if head is None:
        raise UsageError(
            f"{repository.name}: no such data set{f' or revision {revision}' if revision else ''}, "
            "or your token cannot access it; check the name, or run `hf auth login`"
        )
    return head.commit


def pull(
    repository: Repository,
    out: Path,
    *,
    commit: str,
    report: Report = lambda _num_rows: None,
) -> None:
    """Restore the shards of a commit in `out`, a new folder, byte for byte as published.

    Raises:
        UsageError: `out` exists already, or the commit is not a complete published folder.
        RetryableError: the Hub cannot be reached.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(f"{out}: exists already; choose a new folder")
    _pull(repository, out, commit=commit, report=report)


def _pull(repository: Repository, out: Path, *, commit: str, report: Report) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.unfinished")
    with _alone(out.parent):
        if (out / FILE_NAME).exists():
            return  # another process was faster
        draft.mkdir(exist_ok=True)
        try:
            whole = _restore(repository, draft, commit, report)
        except UsageError:
            shutil.rmtree(draft)  # resuming cannot repair damaged files
            raise
        if out.is_dir():
            out.rmdir()
        whole.rename(out)
        sync_folder(out.parent)
        shutil.rmtree(draft)


def _restore(repository: Repository, draft: Path, commit: str, report: Report) -> Path:
    fetched = _fetch_commit(repository, draft, commit)
    whole = draft / "whole"
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir()
    restore_folder(fetched, whole, report=report)
    return whole


def _fetch_commit(repository: Repository, draft: Path, commit: str) -> Path:
    """Return a folder with the published files of a commit, deleting those of other commits."""
    for other in draft.iterdir():
        if other.is_dir() and other.name != commit:
            shutil.rmtree(other)
    folder = draft / commit
    names = repository.files(commit)
    if FILE_NAME not in names:
        raise UsageError(
            f"{repository.name}: expected {FILE_NAME}, as `negatives publish` sends it, found none"
        )
    manifest = manifest_without_sizes(repository.download(FILE_NAME, folder, commit=commit).parent)
    wanted = [stored.file for stored in manifest.fluency]
    kinds = [kind.folder for kind, shards in shards_by_kind(manifest) if shards]
    wanted += [name for name in names if _is_parquet(name, kinds)]
    for name in wanted:
        repository.download(name, folder, commit=commit)
    return folder


def _is_parquet(name: str, kinds: list[str]) -> bool:
    folder, _, file = name.partition("/")
    return folder in kinds and file.endswith(".parquet") and "/" not in file


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lock a folder for downloading: one process works, the others wait."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
