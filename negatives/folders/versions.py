"""The versions that a manifest states."""

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("data", "negatives")
_ROOT = Path(__file__).parents[2]


def own_version() -> str:
    """Return the version of this package, "0" where it runs without being installed."""
    try:
        return version("hard-negatives")
    except PackageNotFoundError:
        return "0"


def writer_versions() -> dict[str, str]:
    """Return the versions of what wrote a folder: this package and the Arrow library."""
    return {"hard-negatives": own_version(), "pyarrow": version("pyarrow")}


def code_version() -> str:
    """Return a hash of all code and tables that a build may use.

    A build goes on, and equal configurations give equal bytes, only under one and the same code.
    """
    digest = hashlib.sha256()
    for path in sorted(path for package in _PACKAGES for path in (_ROOT / package).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(_ROOT).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
