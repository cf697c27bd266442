"""The activation that a file's weights were trained with, if the file says so.

OpenAI published TorchScript archives, and its weights need QuickGELU. Files written by this project
have `quick_gelu` beside `state_dict`, or in the metadata of a safetensors file. A file of
transformers has a config.json beside it.
"""

from pathlib import Path
from typing import Final
from zipfile import is_zipfile

import safetensors

from data.errors import UsageError
from data.texts import one_line
from training.model.foreign.configs import CONFIG, read_config
from training.model.weights import content_of, is_program

SAFE: Final = ".safetensors"
ARRAYS: Final = {".npz", ".npy"}


def trained_with_quick_gelu(path: Path) -> bool | None:
    """Return whether a file's weights need QuickGELU; None if it does not say.

    Raises:
        UsageError: no weights can be read from it.
    """
    if not path.is_file() or path.suffix in ARRAYS:
        return None
    if path.suffix == SAFE:
        noted = _in_notes(path)
        return _beside(path) if noted is None else noted
    if is_program(path):
        return True
    content = content_of(path, mmap=is_zipfile(path))
    noted = content.get("quick_gelu") if isinstance(content, dict) else None
    return _beside(path) if noted is None else noted


def _beside(path: Path) -> bool | None:
    """Return the activation in a config.json of transformers' CLIP in the same folder."""
    folder = path.parent
    try:
        described = read_config(folder) if (folder / CONFIG).is_file() else None
    except UsageError:  # belongs to something else
        return None
    return described.quick_gelu if described and described.family == "clip" else None


def _in_notes(path: Path) -> bool | None:
    try:
        with safetensors.safe_open(path, "pt") as file:
            noted = (file.metadata() or {}).get("quick_gelu")
    except (OSError, safetensors.SafetensorError) as error:
        raise UsageError(
            f"{path}: cannot be read as a file of weights ({one_line(error)})"
        ) from error
    return None if noted is None else noted == "true"
