"""The versions that a manifest states."""

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """Return the version of this package, "0" where it runs without being installed."""
    try:
        return version("hard-negatives")
    except PackageNotFoundError:
        return "0"


def writer_versions() -> dict[str, str]:
    """Return the versions of what wrote a folder: this package and the Arrow library."""
    return {"hard-negatives": own_version(), "pyarrow": version("pyarrow")}
