"""Where on this machine is kept what can be made again."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return this project's folder in the user's cache ($XDG_CACHE_HOME); it may not exist."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "hard-negatives"
