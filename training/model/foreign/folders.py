"""The content of a folder or Hub repository: a model of open_clip or transformers, or LoRA.

Hubs and their caches nest: the model may be some folders below the named one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from data.errors import UsageError
from data.hub import model_files
from training.model.foreign import adapters, configs

Kind = Literal["open_clip", "transformers", "adapter"]
LOCAL: Final = "local-dir:"
HUB: Final = "hf-hub:"
_DEPTH: Final = 4
_SHOWN: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A model: its kind and folder. `place`: the place that the user gave."""

    kind: Kind
    folder: Path
    place: str


def found_at(name: str) -> Found:
    """Return the model in `local-dir:FOLDER` or `hf-hub:OWNER/NAME`.

    Files from the Hub are downloaded once: configurations and tokenizers first, then the weights of
    models that are not open_clip's.

    Raises:
        UsageError: there is no such folder or repository, no model in it, or more than one.
        RetryableError: the Hub cannot be reached.
    """
    if name.startswith(LOCAL):
        folder = Path(name.removeprefix(LOCAL))
        if not folder.is_dir():
            raise UsageError(f"model {name}: expected a folder, found none at {folder}")
        return _only(folder, place=str(folder))
    repository, _, revision = name.removeprefix(HUB).partition("@")
    folder = model_files(repository, ["*.json", "*.txt", "*.model"], revision or None)
    return _only(folder, place=repository)


def with_weights(found: Found, name: str) -> Found:
    """Return a model after downloading its weights, preferably as safetensors."""
    if not name.startswith(HUB):
        return found
    repository, _, revision = name.removeprefix(HUB).partition("@")
    for pattern in ("*.safetensors", "*.bin"):
        model_files(repository, [pattern], revision or None)
        if next(found.folder.glob(pattern), None):
            break
    return found


def kind_of(folder: Path) -> Kind | None:
    """Return the model in this folder itself."""
    if (folder / configs.OPEN_CLIP).is_file():
        return "open_clip"
    if (folder / adapters.CONFIG).is_file():
        return "adapter"
    config = folder / configs.CONFIG
    if config.is_file() and "model_type" in configs.read_json(config):
        return "transformers"
    return None


def _only(folder: Path, *, place: str) -> Found:
    """Return the only model in a folder or below it."""
    below = list(_models(folder, _DEPTH))
    if len(below) == 1:
        kind, where = below[0]
        return Found(kind=kind, folder=where, place=place)
    if below:
        names = ", ".join(str(where.relative_to(folder)) for _, where in below[:_SHOWN])
        more = f" and {len(below) - _SHOWN} more" if len(below) > _SHOWN else ""
        raise UsageError(f"{place}: expected one model, found {names}{more}: name one of these")
    files = sorted(path.name for path in folder.iterdir())[:_SHOWN]
    raise UsageError(
        f"{place}: expected a model ({configs.OPEN_CLIP}, a {configs.CONFIG} of transformers with "
        f"model_type, or {adapters.CONFIG} of peft), found {', '.join(files) or 'nothing'}"
    )


def _models(folder: Path, depth: int) -> Iterator[tuple[Kind, Path]]:
    """Yield the outermost model of each branch, since towers may have their own folders."""
    kind = kind_of(folder)
    if kind is not None:
        yield kind, folder
        return
    if depth:
        for child in sorted(folder.iterdir()):
            if child.is_dir() and not child.name.startswith("."):
                yield from _models(child, depth - 1)
