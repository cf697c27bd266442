"""A written folder -> one commit and a tag, despite lost connections.

A commit names its parent, so it can neither be made twice nor hide someone else's changes. When a
response is lost, the repository's head tells: if it holds our files, the commit was made.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from data.errors import RetryableError, UsageError
from data.hub import ATTEMPTS, CommitContent, Head, RemoteFile, Repository, remote_files_of
from data.manifest import FILE_NAME

_OWN: Final = ("data/", "rejects/", "fluency/")
_OF_THE_HUB: Final = frozenset((".gitattributes", "README.md", "LICENSE"))


class SendResult(NamedTuple):
    """The published commit; `is_new`: whether this call made it."""

    commit: str
    tag: str
    is_new: bool


class _Files(NamedTuple):
    """The files to publish: their paths, and their identities in a repository, small or large."""

    paths: Mapping[str, Path]
    stored: Mapping[str, tuple[RemoteFile, RemoteFile]]

    def missing(self, there: Mapping[str, RemoteFile]) -> dict[str, Path]:
        """Return the files that are missing or different there."""
        return {
            name: path
            for name, path in self.paths.items()
            if there.get(name) not in self.stored[name]
        }

    def superfluous(self, there: Mapping[str, RemoteFile]) -> list[str]:
        """Return outdated files of an earlier publication; other files stay."""
        return sorted(name for name in there if name.startswith(_OWN) and name not in self.paths)


def send(
    repository: Repository, folder: Path, *, message: str, private: bool, tag: str | None
) -> SendResult:
    """Create the repository if necessary, upload the files that differ, and tag the commit.

    `tag`: by default the first free one of v1, v2 ...; a tagged commit keeps its tag.

    Raises:
        UsageError: the repository is something else, or is public although `private` is set; the
            tag belongs to another commit; the Hub rejects the token.
        RetryableError: the Hub cannot be reached, or someone changed the repository meanwhile.
    """
    paths = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    files = _Files(paths, {name: remote_files_of(path) for name, path in paths.items()})
    if repository.head() is None:
        repository.create(private=private)
    head = _head(repository)
    if private and not head.private:
        raise UsageError(
            f"{repository.name}: expected a private repository, found a public one; make it "
            "private in its settings, or leave out --private"
        )
    there = repository.files(head.commit)
    if FILE_NAME not in there and set(there) - _OF_THE_HUB:
        raise UsageError(
            f"{repository.name}: exists and has no {FILE_NAME}, so it is not ours; "
            "choose another name"
        )
    tags = repository.tags()
    change = CommitContent(message, files.missing(there), files.superfluous(there))
    is_there = not change.files and not change.removed
    if tag in tags and not (is_there and tags[tag] == head.commit):
        raise UsageError(f"{repository.name}: {tag} is another commit; choose another --revision")
    commit = head.commit if is_there else _commit_once(repository, files, change, head.commit)
    return SendResult(commit, _ensure_tag(repository, commit, tag, tags), not is_there)


def _commit_once(repository: Repository, files: _Files, change: CommitContent, parent: str) -> str:
    """Make one commit on top of `parent`, retrying if necessary; return its hash."""
    for attempt in range(ATTEMPTS):
        try:
            return repository.commit(change, parent=parent)
        except RetryableError as error:
            found = error
        head = _head(repository)
        if head.commit != parent:
            there = repository.files(head.commit)
            if files.missing(there) or files.superfluous(there):
                raise RetryableError(
                    f"{repository.name}: changed by someone meanwhile (now {head.commit[:12]}); "
                    "nothing was published; check their change, and run the same command again"
                ) from found
            return head.commit  # it was made, but the response was lost
        if attempt + 1 < ATTEMPTS:
            repository.wait(2.0**attempt)
    raise found


def _ensure_tag(
    repository: Repository, commit: str, tag: str | None, tags: Mapping[str, str]
) -> str:
    """Return the tag of a commit, tagging it if it has none."""
    own = [name for name, target in tags.items() if target == commit]
    if tag is None and own:
        return own[0]
    number = 1
    while f"v{number}" in tags:
        number += 1
    chosen = tag or f"v{number}"
    if chosen not in own:
        repository.tag(chosen, commit)
        if repository.tags().get(chosen) != commit:
            raise RetryableError(
                f"{repository.name}: {chosen} was given to another commit meanwhile; the files are "
                f"published as {commit[:12]}; tag them with another --revision"
            )
    return chosen


def _head(repository: Repository) -> Head:
    head = repository.head()
    if head is None:
        raise UsageError(
            f"{repository.name}: created, but not visible; check that the token has read access"
        )
    return head
