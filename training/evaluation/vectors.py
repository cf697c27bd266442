"""Vectors by digest, on disk, so that a killed run continues where it stopped.

A file holds a few thousand digests with their vectors and appears whole. Files are only added, so
any number of processes may write into one folder, local or in a store; two vectors of one digest
are equal.
"""

import hashlib
import io
import os
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.caches import cache_folder
from data.commit import attempt_path, move, sync_folder
from data.disk import writing
from data.errors import RetryableError
from data.storage import AnyPath

Vector = NDArray[np.float32]

_FLUSH_AT: Final = 2048
_SUFFIX: Final = ".npz"


def evaluation_cache(cache: AnyPath | None) -> AnyPath:
    """Return the folder of features: `cache`, or one in the user's cache."""
    return cache or cache_folder() / "evaluation"


def digest_of_bytes(content: bytes, *more: str) -> bytes:
    """Return the SHA-256 of content and of everything else that its vector depends on."""
    digest = hashlib.sha256(content)
    for part in more:
        digest.update(b"\0" + part.encode())
    return digest.digest()


class Vectors:
    """The vectors of a folder, and those added since."""

    def __init__(self, folder: AnyPath) -> None:
        """Read what is there; damaged files are deleted."""
        self._folder = folder
        self._known: dict[bytes, Vector] = {}
        self._fresh: dict[bytes, Vector] = {}
        self._files: set[str] = set()
        self.read_new()

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._known

    def __getitem__(self, digest: bytes) -> Vector:
        return self._known[digest]

    def missing(self, digests: Iterable[bytes]) -> list[bytes]:
        """Return those digests that have no vector, each once, in order."""
        return [digest for digest in dict.fromkeys(digests) if digest not in self._known]

    def add(self, digest: bytes, vector: Vector) -> None:
        """Keep a vector; it is written after a few thousand more, or by `flush`."""
        self._known[digest] = self._fresh[digest] = np.asarray(vector, np.float32)
        if len(self._fresh) >= _FLUSH_AT:
            self.flush()

    def flush(self) -> None:
        """Write what was added."""
        if not self._fresh:
            return
        name = f"{uuid.uuid4().hex}{_SUFFIX}"
        draft = attempt_path(self._folder, name, "vectors")
        digests = np.frombuffer(b"".join(self._fresh), np.uint8).reshape(-1, 32)
        try:
            with writing(self._folder / name), draft.open("wb") as file:
                np.savez(file, digests=digests, vectors=np.stack(list(self._fresh.values())))
                file.flush()
                os.fsync(file.fileno())
            move(draft, self._folder / name)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(self._folder)
        self._files.add(name)
        self._fresh = {}

    def read_new(self) -> None:
        """Read the files that others wrote since."""
        found: Iterator[AnyPath] = self._folder.glob(f"*{_SUFFIX}")
        for path in sorted(found):
            if path.name in self._files:
                continue
            self._files.add(path.name)
            with suppress(OSError, RetryableError):  # gone or unreadable: computed again
                self._known |= _read(path)


def _read(path: AnyPath) -> dict[bytes, Vector]:
    """Return the vectors of a file; a damaged file has none and is deleted."""
    file = io.BytesIO(path.read_bytes())
    try:
        with np.load(file, allow_pickle=False) as content:
            rows = zip(content["digests"], content["vectors"], strict=True)
            return {digest.tobytes(): vector for digest, vector in rows}
    except (ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
        path.unlink(missing_ok=True)
        return {}
