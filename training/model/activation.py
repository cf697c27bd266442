"""Which activation the weights in a file were trained with, as far as the file says.

OpenAI published TorchScript archives, and its weights need QuickGELU. Files that this project
writes hold `quick_gelu`: beside `state_dict`, or among the notes of a safetensors file.
"""

from pathlib import Path
from typing import Final
from zipfile import is_zipfile

import safetensors

from data.errors import UsageError
from data.texts import one_line
from training.model.weights import content_of, is_program

SAFE: Final = ".safetensors"
_ARRAYS: Final = {".npz", ".npy"}


def trained_with_quick_gelu(path: Path) -> bool | None:
    """Return what a file of weights says; None where it does not say.

    Raises:
        UsageError: no weights can be read from it.
    """
    if not path.is_file() or path.suffix in _ARRAYS:
        return None
    if path.suffix == SAFE:
        return _in_notes(path)
    if is_program(path):
        return True
    content = content_of(path, mmap=is_zipfile(path))
    return content.get("quick_gelu") if isinstance(content, dict) else None


def _in_notes(path: Path) -> bool | None:
    try:
        with safetensors.safe_open(path, "pt") as file:
            noted = (file.metadata() or {}).get("quick_gelu")
    except (OSError, safetensors.SafetensorError) as error:
        raise UsageError(
            f"{path}: expected a file of weights, it cannot be read as one ({one_line(error)})"
        ) from error
    return None if noted is None else noted == "true"
