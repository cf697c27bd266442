"""The cache of answers: one file per shard, to which each answer is appended with its checksum.

Object stores cannot append to a file; there a shard has a folder of files. A record is a line: the
first 16 digits of the SHA-256 of the rest, a space, and JSON. Whatever cannot be read (half a line
from a killed run, a changed byte) is counted, skipped, and asked again. A file contains only keys,
answers and numbers of tokens: no caption, no password.
"""

import hashlib
import json
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from data.errors import UsageError
from data.remote import Remote
from data.storage import AnyPath, is_remote
from negatives.llm.requests import Answer, Failure, Outcome

_DIGITS = 16
_FILE_MODE = 0o644
_ANSWERS_A_FILE: Final = 256
_SENT_AFTER_S: Final = 30.0


class Answers(Protocol):
    """Answers by key, and how many records could not be read."""

    found: dict[str, Outcome]
    num_damaged: int

    def add(self, key: str, outcome: Outcome) -> None:
        """Take an answer down."""
        ...


def open_answers(path: AnyPath) -> "AnswerFile | StoredAnswers":
    """Return the answers of one shard, at a path or a URL; nothing need be there yet.

    Raises:
        UsageError: it cannot be read or written.
        RetryableError: the store cannot be reached.
    """
    return StoredAnswers(path) if is_remote(path) else AnswerFile(path)


class AnswerFile:
    """The answers of one shard; `found` are those that were there, `num_damaged` what was not read.

    Opened for one writer; each record goes to the operating system at once, and to the disk when
    the file is closed.
    """

    def __init__(self, path: Path) -> None:
        """Read a file, which need not be there yet.

        Raises:
            UsageError: it cannot be read or written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes() if path.exists() else b""
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _FILE_MODE)
        except OSError as error:
            raise UsageError(f"{path}: cannot be used for answers: {error.strerror}") from error
        self.found, self.num_damaged = _records(content)
        self._is_cut = bool(content) and not content.endswith(b"\n")

    def add(self, key: str, outcome: Outcome) -> None:
        """Write an answer down."""
        line = _line(key, outcome)
        os.write(self._descriptor, b"\n" + line if self._is_cut else line)
        self._is_cut = False
        self.found[key] = outcome

    def close(self) -> None:
        """Bring all records onto the disk."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)


class StoredAnswers:
    """As `AnswerFile`, in a store, where `folder` has a file for a few hundred answers.

    Those of the last half minute go with a process that is killed.
    """

    def __init__(self, folder: Remote) -> None:
        """Read what is there."""
        files = list(folder.glob("*"))
        self.found, self.num_damaged = _records(b"\n".join(path.read_bytes() for path in files))
        self._folder = folder
        self._num_files = len(files)
        self._waiting: list[bytes] = []
        self._since_s = 0.0

    def add(self, key: str, outcome: Outcome) -> None:
        """As `AnswerFile.add`; sends what waits when it is much, or has waited long."""
        if not self._waiting:
            self._since_s = time.monotonic()
        self._waiting.append(_line(key, outcome))
        self.found[key] = outcome
        waited_s = time.monotonic() - self._since_s
        if len(self._waiting) >= _ANSWERS_A_FILE or waited_s >= _SENT_AFTER_S:
            self._send()

    def close(self) -> None:
        """Send what waits."""
        self._send()

    def _send(self) -> None:
        if self._waiting:
            name = f"{self._num_files:06d}-{uuid.uuid4().hex[:12]}"  # in order: the last one counts
            (self._folder / name).write_bytes(b"".join(self._waiting))
            self._num_files += 1
            self._waiting = []


@dataclass(slots=True)
class AnswersInMemory:
    """Answers that are kept for as long as the process runs."""

    found: dict[str, Outcome] = field(default_factory=dict)
    num_damaged: int = 0

    def add(self, key: str, outcome: Outcome) -> None:
        """As `AnswerFile.add`."""
        self.found[key] = outcome


def write_answers(path: Path, outcomes: Mapping[str, Outcome]) -> None:
    """Write outcomes, in the order of their keys."""
    path.write_bytes(b"".join([_line(key, outcomes[key]) for key in sorted(outcomes)]))


def read_answers(path: AnyPath) -> dict[str, Outcome] | None:
    """Return what `write_answers` wrote; None if a part of it is damaged."""
    found, num_damaged = _records(path.read_bytes())
    return None if num_damaged else found


def _line(key: str, outcome: Outcome) -> bytes:
    fields = [outcome.reason] if isinstance(outcome, Failure) else list(outcome)
    body = json.dumps([key, *fields]).encode()
    return hashlib.sha256(body).hexdigest()[:_DIGITS].encode() + b" " + body + b"\n"


def _records(content: bytes) -> tuple[dict[str, Outcome], int]:
    """Return the outcomes by key, the last of each, and how many lines are damaged."""
    found: dict[str, Outcome] = {}
    num_damaged = 0
    for line in content.split(b"\n"):
        if not line:
            continue
        checksum, _, body = line.partition(b" ")
        if hashlib.sha256(body).hexdigest()[:_DIGITS].encode() != checksum:
            num_damaged += 1
            continue
        key, *fields = json.loads(body)
        found[key] = Answer(*fields) if len(fields) == len(Answer._fields) else Failure(*fields)
    return found, num_damaged
