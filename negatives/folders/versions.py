"""The versions in a manifest."""

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("data", "negatives")
_ROOT = Path(__file__).parents[2]
_NOT_OF_A_BUILD = (  # readers of finished folders, and output for people
    "data/measures",
    "data/plots.py",
    "data/tones.py",
    "negatives/api.py",
    "negatives/auditing",
    "negatives/repairing",
    "negatives/building/api.py",
    "negatives/cli.py",
    "negatives/commands",
    "negatives/options.py",
    "negatives/pipeline",
    "negatives/publishing",
    "negatives/rephrasing.py",
)


def own_version() -> str:
    """Return the version of this package, "0" if it is not installed."""
    try:
        return version("caption-negatives")
    except PackageNotFoundError:
        return "0"


def writer_versions() -> dict[str, str]:
    """Return the versions of this package and of the Arrow library, which write a folder."""
    return {"caption-negatives": own_version(), "pyarrow": version("pyarrow")}


def code_version() -> str:
    """Return a hash of all code and tables that a build may use.

    A build resumes, and equal configurations give equal bytes, only under the same code.
    """
    digest = hashlib.sha256()
    for path in code_files():
        digest.update(path.relative_to(_ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def code_files() -> list[Path]:
    """Return the files of code and tables that a build may use, in order."""
    left_out = [_ROOT / name for name in _NOT_OF_A_BUILD]
    return sorted(
        path
        for package in _PACKAGES
        for path in (_ROOT / package).rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and not any(path.is_relative_to(folder) for folder in left_out)
    )
