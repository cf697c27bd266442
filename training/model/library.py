"""What open_clip knows beside models: tokenizers, transforms, configurations, names of classes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import open_clip
from open_clip.transform import PreprocessCfg, image_transform_v2
from torch import Tensor

from training.model.clip import ClipModel
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
    plain = name if name.startswith(("local-dir:", "hf-hub:")) else name.replace("/", "-")
    with explaining(f"tokenizer of {name}"):
        tokenize: Tokenize = open_clip.get_tokenizer(plain)
    return tokenize


def evaluation_transform(model: ClipModel) -> Callable[..., Tensor]:
    """Return open_clip's own transform for evaluation: a PIL image -> CHW, normalised."""
    config = open_clip.get_model_preprocess_cfg(model.clip)
    found: Callable[..., Tensor] = image_transform_v2(PreprocessCfg(**config), is_train=False)
    return found


def hub_config(model: ClipModel, name: str) -> dict[str, Any]:
    """Return what open_clip_config.json holds, so that open_clip opens a folder or a repository."""
    seen = dict(open_clip.get_model_preprocess_cfg(model.clip))
    return {"model_cfg": open_clip.get_model_config(name), "preprocess_cfg": seen}


def imagenet_names() -> tuple[str, ...]:
    """Return what prompts call the classes of ImageNet, in the order of their ids."""
    return tuple(open_clip.IMAGENET_CLASSNAMES)


def imagenet_templates() -> tuple[str, ...]:
    """Return the 80 prompts for ImageNet, with `{}` where the name of a class goes."""
    return tuple(template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES)
