"""The rest of open_clip: tokenizers, transforms, configurations, names of classes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import open_clip
from open_clip.transform import PreprocessCfg, image_transform_v2
from torch import Tensor

from data.errors import UsageError
from training.model.clip import ClipModel
from training.model.foreign.configs import open_clip_config, read_config
from training.model.foreign.folders import HUB, LOCAL, found_at
from training.model.foreign.opening import based_on
from training.model.foreign.tokenizing import folder_tokenizer, has_clips_vocabulary, safe_options
from training.model.weights import explaining

Tokenize = Callable[[Sequence[str]], Tensor]  # texts -> int64 ids, T x context_length
_OWN = Path(__file__).parent / "configs"
OWN_MODELS = frozenset(path.name for path in _OWN.glob("*.json"))
"""Configurations of models that a laptop can train, for demonstrations and studies."""


def know(name: str) -> None:
    """Register one of our models, `configs/NAME.json`, with open_clip."""
    path = _OWN / f"{name}.json"
    if path.name in OWN_MODELS and name not in open_clip.list_models():
        open_clip.add_model_config(path)


def tokenizer(name: str) -> Tokenize:
    """Return the tokenizer for the model that `load` builds from the same name."""
    know(name)
    base = based_on(found_at(name), name)[0] if name.startswith((LOCAL, HUB)) else None
    with explaining(f"tokenizer of {name}"):
        tokenize: Tokenize
        if base is None:
            tokenize = open_clip.get_tokenizer(name.replace("/", "-"))
        elif base.kind == "transformers":
            tokenize = folder_tokenizer(base.folder, read_config(base.folder))
        else:
            tokenize = open_clip.get_tokenizer(f"{LOCAL}{base.folder}", **safe_options(base.folder))
    return tokenize


def evaluation_transform(model: ClipModel) -> Callable[..., Tensor]:
    """Return open_clip's own transform for evaluation: a PIL image -> CHW, normalised."""
    config = open_clip.get_model_preprocess_cfg(model.clip)
    found: Callable[..., Tensor] = image_transform_v2(PreprocessCfg(**config), is_train=False)
    return found


def hub_config(model: ClipModel, name: str) -> dict[str, Any]:
    """Return the open_clip_config.json with which open_clip opens a folder or a repository.

    Raises:
        UsageError: open_clip cannot express the model.
    """
    seen = dict(open_clip.get_model_preprocess_cfg(model.clip))
    if not name.startswith((LOCAL, HUB)):
        return {"model_cfg": open_clip.get_model_config(name), "preprocess_cfg": seen}
    base, _ = based_on(found_at(name), name)
    if base.kind == "open_clip":
        config = open_clip.get_model_config(f"{LOCAL}{base.folder}")
        return {"model_cfg": config, "preprocess_cfg": seen}
    described = read_config(base.folder)
    if described.family != "clip" or not has_clips_vocabulary(tokenizer(name)):
        raise UsageError(
            f"model {name}: open_clip can only describe CLIP with its own vocabulary; "
            "write a folder for transformers: train export RUN --to transformers"
        )
    return {"model_cfg": open_clip_config(described), "preprocess_cfg": seen}


def imagenet_names() -> tuple[str, ...]:
    """Return the names of ImageNet's classes for prompts, in the order of their ids."""
    return tuple(open_clip.IMAGENET_CLASSNAMES)


def imagenet_templates() -> tuple[str, ...]:
    """Return the 80 prompts for ImageNet, with `{}` for the name of a class."""
    return tuple(template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES)
