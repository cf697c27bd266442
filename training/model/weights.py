"""Files of weights: read without running code in them, loaded, checked, written.

torch's reader accepts only tensors and plain containers (`weights_only`). Trainers save a little
more beside the weights: open_clip a learning rate computed by numpy, others their command line.
Such numbers, arrays and namespaces cannot run code and are accepted too; any other class is
rejected by name.
"""

import argparse
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

import numpy as np
import torch
from torch import Tensor, nn

from data.disk import writing
from data.errors import UsageError
from data.texts import one_line

_FEW: Final = 3
_MISSING: Final = re.compile(r"Missing key\(s\) in state_dict: (.*?)\.\s*$", re.MULTILINE)
_UNKNOWN: Final = re.compile(r"Unexpected key\(s\) in state_dict: (.*?)\.\s*$", re.MULTILINE)
_SHAPE: Final = re.compile(
    r"size mismatch for (\S+): .*?torch\.Size\((\[.*?\])\) from checkpoint, "
    r"the shape in current model is torch\.Size\((\[.*?\])\)"
)


def harmless() -> AbstractContextManager[None]:
    """Within this context torch's reader accepts numpy's numbers and arrays, and namespaces."""
    return torch.serialization.safe_globals(_harmless())


@cache
def _harmless() -> list[Any]:
    makers = {"scalar": np.float64(0).__reduce__()[0], "_reconstruct": np.zeros(0).__reduce__()[0]}
    kinds = {type(np.dtype(name)) for name in np.typecodes["AllInteger"] + "?efdgFDG"}
    return [
        np.dtype,
        np.ndarray,
        *kinds,  # numbers only: an array of objects could hold anything
        argparse.Namespace,
        *(
            (made, f"numpy.{core}.multiarray.{name}")  # before and since numpy 2
            for core in ("core", "_core")
            for name, made in makers.items()
        ),
    ]


def content_of(path: Path, *, mmap: bool = False) -> Any:  # noqa: ANN401 - whatever was saved
    """Return the content of a torch file, on the CPU.

    Raises:
        UsageError: it cannot be read, or only by running code in it.
    """
    refuse_program(path)
    try:
        with harmless():
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except Exception as error:  # torch has no base class for the errors of damaged files
        raise UsageError(f"{path}: {_refusal(path, error)}") from error


def is_program(path: Path) -> bool:
    """Tell whether a file is a TorchScript archive, as OpenAI published its weights."""
    try:
        with ZipFile(path) as archive:
            return any("/code/" in name for name in archive.namelist())
    except (BadZipFile, OSError):
        return False


@contextmanager
def explaining(what: str) -> Iterator[None]:
    """Translate open_clip's errors into one line; a file may cause any error.

    Raises:
        UsageError: in place of open_clip's error.
    """
    try:
        yield
    except UsageError:
        raise
    except (
        ImportError
    ) as error:  # needed by SigLIP's tokenizer, for example, but not installed with open_clip
        remedy = f": pip install {error.name}" if error.name else ""
        raise UsageError(f"{what}: expected a library, {one_line(error)}{remedy}") from error
    except (RuntimeError, ValueError, OSError) as error:
        if "Failed to download" in str(error):
            raise UsageError(
                f"{what}: cannot download the weights; check the network, give a file with "
                "--pretrained FILE, or run the command once with a network: the weights are then "
                "in the cache of the Hub (HF_HOME)"
            ) from error
        raise UsageError(f"{what}: {misfit(error)}") from error
    except Exception as error:  # the file's content has another form
        raise UsageError(
            f"{what}: expected tensors with their names, found something else "
            f"({type(error).__name__}: {one_line(error)})"
        ) from error


def refuse_program(path: Path) -> None:
    """Check that a file is not a TorchScript archive, since loading one runs it.

    Raises:
        UsageError: it is one.
    """
    if is_program(path):
        raise UsageError(
            f"{path}: expected a file of weights, found a TorchScript archive, which is a program; "
            "use --pretrained openai if it is OpenAI's, or, if you trust it, save its weights: "
            'torch.save({"state_dict": open_clip.load_openai_model(FILE, device="cpu").state_dict()'
            ', "quick_gelu": True}, NEW)'
        )


def load_into(module: nn.Module, state_dict: Mapping[str, Any], *, where: str) -> None:
    """Load weights into a module.

    Raises:
        UsageError: they do not fit the module.
    """
    with explaining(where):
        module.load_state_dict(state_dict)


def misfit(error: Exception) -> str:
    """Return torch's message about weights that do not fit, in one line.

    Of hundreds of names the first few of each kind suffice to recognise the model.
    """
    message = str(error)
    kinds = (
        ("without", _names(_MISSING, message)),
        ("with", _names(_UNKNOWN, message)),
        (
            "in other shapes:",
            [
                f"{name} (expected {ours}, found {theirs})"
                for name, theirs, ours in _SHAPE.findall(message)
            ],
        ),
    )
    parts = [f"{what} {_few(names)}" for what, names in kinds if names]
    if not parts:
        return one_line(error)
    return f"expected the weights of this model, found them {'; '.join(parts)}"


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _FEW:,} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


def refuse_not_finite(state_dict: Mapping[str, Any], *, where: str) -> None:
    """Check that weights are finite: a model with NaN would silently score nothing.

    Raises:
        UsageError: some are NaN or infinite.
    """
    floats = {
        name: tensor
        for name, tensor in state_dict.items()
        if isinstance(tensor, Tensor) and tensor.is_floating_point()
    }
    spoiled = [name for name, tensor in floats.items() if not tensor.isfinite().all()]
    if spoiled:
        raise UsageError(
            f"{where}: expected finite numbers, found NaN or infinite ones in {len(spoiled):,} of "
            f"{len(floats):,} weights, the first {spoiled[0]!r}; use other weights, or a "
            "checkpoint from before the training diverged"
        )


def save(content: object, path: Path, *, target: Path) -> None:
    """Write a torch file and sync it to disk.

    `target`: the file's final name, for messages.

    Raises:
        OSError: it cannot be written.
    """
    with writing(target), path.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())


def _refusal(path: Path, error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return f"the file of weights cannot be read: {os.strerror(error.errno)}"
    if foreign := _foreign(path):
        return (
            f"the file has objects of {_few(foreign)} beside the weights, and "
            "reading them runs code; if you trust the file, save only its weights: "
            'torch.save({"state_dict": torch.load(FILE, weights_only=False)["state_dict"]}, NEW)'
        )
    cause = error.__context__ if isinstance(error, UnpicklingError) else None  # torch's own advice
    return f"cannot be read as a file of weights ({one_line(cause or error)})"


def _foreign(path: Path) -> list[str]:
    """Return the classes and functions in a file that are not known to be harmless."""
    try:
        with harmless():
            return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # noqa: BLE001 - damaged or in an old format: the reader has reported it
        return []


def _names(kind: re.Pattern[str], message: str) -> list[str]:
    found = kind.search(message)
    return re.findall(r'"([^"]+)"', found[1]) if found else []
