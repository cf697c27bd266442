"""The user's cache: files on this machine that can be made or fetched again."""

import os
from pathlib import Path
from typing import Final

_NAME: Final = "caption-negatives"
_BEFORE: Final = "hard-negatives"  # the project's former name
_KEPT: Final = ("evaluation", "hub", "images", "remote", "shards", "tokens")


def cache_folder() -> Path:
    """Return this project's folder in the user's cache ($XDG_CACHE_HOME); it may not exist.

    A cache under the project's former name stays in use until a folder with the new name exists, so
    that gigabytes need not be fetched again.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    caches = Path(base) if base else Path.home() / ".cache"
    folder, before = caches / _NAME, caches / _BEFORE
    if not folder.exists() and any((before / name).is_dir() for name in _KEPT):
        return before
    return folder
