"""What open_clip knows beside models: tokenizers, transforms, configurations, names of classes."""

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
"""Files of models so small that a laptop trains them: for demonstrations and studies."""


def know(name: str) -> None:
    """Tell open_clip of a model of our own: `configs/NAME.json`."""
    path = _OWN / f"{name}.json"
    if path.name in OWN_MODELS and name not in open_clip.list_models():
        open_clip.add_model_config(path)


def tokenizer(name: str) -> Tokenize:
    """Return the tokenizer of a model that `load` would build by the same name."""
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
    """Return what open_clip_config.json holds, so that open_clip opens a folder or a repository.

    Raises:
        UsageError: open_clip has no way to say it.
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
            f"model {name}: expected CLIP with its own vocabulary, which open_clip can describe, "
            "found another; write a folder of transformers: train export RUN --to transformers"
        )
    return {"model_cfg": open_clip_config(described), "preprocess_cfg": seen}


def imagenet_names() -> tuple[str, ...]:
    """Return what prompts call the classes of ImageNet, in the order of their ids."""
    return tuple(open_clip.IMAGENET_CLASSNAMES)


def imagenet_templates() -> tuple[str, ...]:
    """Return the 80 prompts for ImageNet, with `{}` where the name of a class goes."""
    return tuple(template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES)
