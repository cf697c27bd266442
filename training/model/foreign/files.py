"""Tensors from files in any form that trainers write: whole or sharded, nested, with prefixes.

No code in a file is run: safetensors only have tensors, and torch's files are read by
`training.model.weights`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from zipfile import is_zipfile

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from data.commit import sync_and_hash
from data.errors import UsageError
from data.texts import one_line
from training.model.foreign.configs import read_json
from training.model.weights import content_of

WEIGHTS: Final = (
    "model.safetensors", "model.safetensors.index.json",
    "pytorch_model.bin", "pytorch_model.bin.index.json",
)  # fmt: skip
_NESTS: Final = ("state_dict", "model_state_dict", "model", "module", "network", "weights")
_WRAPPERS: Final = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
_KNOWN: Final = {  # known to open_clip's reader
    f"{nest}{and_}{prefix}"
    for nest in ("", "under 'state_dict'")
    for prefix in ("", "prefix 'module.' taken off")
    for and_ in (", " if nest and prefix else "",)
}
THEIRS: Final = "text_model.embeddings.token_embedding.weight"
_ANCHOR: Final = "logit_scale"  # once in every model of the kind


def weights_in(folder: Path) -> dict[str, Tensor]:
    """Return the weights of a folder of transformers, in one or several files.

    Raises:
        UsageError: there are none, or they cannot be read.
    """
    path = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if path is None:
        raise UsageError(f"{folder}: expected weights ({', '.join(WEIGHTS)}), found none")
    if path.suffix != ".json":
        return read_weights(path)
    index = read_json(path).get("weight_map")
    if not isinstance(index, dict) or not all(isinstance(name, str) for name in index.values()):
        raise UsageError(f"{path}: expected weight_map, a file for each weight, found {index!r}")
    found: dict[str, Tensor] = {}
    for name in sorted(set(index.values())):
        if Path(name).name != name:
            raise UsageError(f"{path}: expected names of files beside it, found {name!r}")
        found |= read_weights(folder / name)
    return found


def weights_in_other_layouts(path: Path) -> tuple[dict[str, Tensor] | None, str]:
    """Return a file's weights if open_clip's own reader would not find them, and their layout.

    Raises:
        UsageError: they cannot be read, or only by running code in the file.
    """
    state, how = unwrapped(_content(path), where=path)
    theirs = THEIRS in state
    layout = ", ".join(filter(None, (how, "names of transformers" if theirs else "")))
    return (None if how in _KNOWN and not theirs else state), layout


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file by name, however nested.

    Raises:
        UsageError: it cannot be read, or only by running code in it; or it has no tensors.
    """
    return unwrapped(_content(path), where=path)[0]


def write_safetensors(state: Mapping[str, Tensor], path: Path) -> None:
    """Write weights for transformers and sync them to disk."""
    save_file(dict(state), path, metadata={"format": "pt"})
    sync_and_hash(path)


def _content(path: Path) -> object:
    if path.suffix != ".safetensors":
        return content_of(path, mmap=is_zipfile(path))
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UsageError(
            f"{path}: cannot be read as a file of weights ({one_line(error)})"
        ) from error


def unwrapped(content: object, *, where: Path) -> tuple[dict[str, Tensor], str]:
    """Return tensors by name, and a description of removed nesting and prefixes.

    The prefix is what precedes `logit_scale`; weights without it belong to something else.

    Raises:
        UsageError: there are no tensors with names.
    """
    layout: list[str] = []
    while isinstance(content, Mapping) and not any(isinstance(v, Tensor) for v in content.values()):
        nest = next((name for name in _NESTS if isinstance(content.get(name), Mapping)), None)
        if nest is None:
            break
        layout.append(f"under {nest!r}")
        content = content[nest]
    tensors = _tensors(content)
    if not tensors:
        raise UsageError(
            f"{where}: expected tensors with their names, found "
            f"{_names(content) if isinstance(content, Mapping) else f'a {type(content).__name__}'}"
        )
    wrappers = [each for each in _WRAPPERS if any(each in name for name in tensors)]
    layout += [f"{wrapper!r} taken off" for wrapper in wrappers]
    state = {_without(name): tensor for name, tensor in tensors.items()}
    prefixes = {n.removesuffix(_ANCHOR) for n in state if n.rpartition(".")[2] == _ANCHOR}
    prefix = prefixes.pop() if len(prefixes) == 1 else ""
    if prefix:
        layout.append(f"prefix {prefix!r} taken off")
        kept = {n.removeprefix(prefix): t for n, t in state.items() if n.startswith(prefix)}
        if len(kept) < len(state):
            layout.append(f"{len(state) - len(kept):,} tensors without it left out")
        state = kept
    return state, ", ".join(layout)


def _tensors(content: object) -> dict[str, Tensor]:
    if not isinstance(content, Mapping):
        return {}
    found: Mapping[Any, Any] = content
    return {n: t for n, t in found.items() if isinstance(n, str) and isinstance(t, Tensor)}


def _without(name: str) -> str:
    for wrapper in _WRAPPERS:
        name = name.replace(wrapper, "")
    return name


def _names(content: Mapping[Any, Any]) -> str:
    names = ", ".join(map(repr, list(content)[:3]))
    return f"a mapping of {names}" if names else "an empty mapping"
