"""Which activation the weights in a file were trained with, as far as the file says.

OpenAI published TorchScript archives, and its weights need QuickGELU. Files that this project
writes hold `quick_gelu`: beside `state_dict`, or among the notes of a safetensors file.
"""

from pathlib import Path
from typing import Final
from zipfile import ZipFile, is_zipfile

import safetensors
import torch

from data.errors import UsageError

SAFE: Final = ".safetensors"
_ARRAYS: Final = {".npz", ".npy"}


def trained_with_quick_gelu(path: Path) -> bool | None:
    """Return what a file of weights says; None where it does not say.

    Raises:
        UsageError: no weights can be read from it.
    """
    if not path.is_file() or path.suffix in _ARRAYS:
        return None
    try:
        return _in_notes(path) if path.suffix == SAFE else _beside_weights(path)
    except Exception as error:  # neither library names a base class for what a damaged file raises
        reason = str(error).partition("\n")[0]
        raise UsageError(
            f"{path}: expected a file of weights, it cannot be read as one ({reason})"
        ) from error


def _in_notes(path: Path) -> bool | None:
    with safetensors.safe_open(path, "pt") as file:
        noted = (file.metadata() or {}).get("quick_gelu")
    return None if noted is None else noted == "true"


def _beside_weights(path: Path) -> bool | None:
    is_archive = is_zipfile(path)
    if is_archive:
        with ZipFile(path) as archive:
            if any("/code/" in name for name in archive.namelist()):
                return True
    content = torch.load(path, map_location="cpu", weights_only=True, mmap=is_archive)
    return content.get("quick_gelu") if isinstance(content, dict) else None
