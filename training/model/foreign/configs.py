"""config.json and preprocessor_config.json of transformers <-> open_clip's options.

Files of transformers omit the defaults of its classes; the defaults here are those of CLIPConfig
and SiglipConfig.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from data.errors import UsageError
from training.model.foreign.names import Form

CONFIG: Final = "config.json"
OPEN_CLIP: Final = "open_clip_config.json"
PROCESSORS: Final = ("preprocessor_config.json", "processor_config.json")
FAMILIES: Final = {"clip": "CLIPModel", "siglip": "SiglipModel"}
TANH: Final = {"gelu_pytorch_tanh", "gelu_new"}
_ACTIVATIONS: Final = {"quick_gelu", "gelu", *TANH}
_CLIP_TEXT: Final = {
    "vocab_size": 49408, "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 12,
    "num_attention_heads": 8, "max_position_embeddings": 77, "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5, "eos_token_id": 49407,
}  # fmt: skip
_CLIP_IMAGE: Final = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
    "num_attention_heads": 12, "num_channels": 3, "image_size": 224, "patch_size": 32,
    "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
}  # fmt: skip
_TANH_ACTIVATION: Final = {"hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-6}
_SIGLIP_TEXT: Final = {
    **_CLIP_TEXT, **_TANH_ACTIVATION, "vocab_size": 32000, "hidden_size": 768,
    "intermediate_size": 3072, "num_attention_heads": 12, "max_position_embeddings": 64,
}  # fmt: skip
_SIGLIP_IMAGE: Final = {**_CLIP_IMAGE, **_TANH_ACTIVATION, "patch_size": 16}
_LETTERS: Final = {
    (192, 12): "Ti", (384, 12): "S", (768, 12): "B", (1024, 24): "L", (1152, 27): "SO400M",
    (1280, 32): "H", (1408, 40): "g", (1536, 40): "gopt", (1664, 48): "bigG",
}  # fmt: skip
RESAMPLING: Final = {2: "bilinear", 3: "bicubic"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """A model's config.json: its towers, with transformers' names of options."""

    family: str
    text: Mapping[str, Any]
    image: Mapping[str, Any]
    projection: int

    @property
    def form(self) -> Form:
        """Return the form on which the names of its weights depend."""
        return Form(
            family="clip" if self.family == "clip" else "siglip",
            image_layers=self.image["num_hidden_layers"],
            text_layers=self.text["num_hidden_layers"],
            text_root="" if self.family == "clip" else "text.",
        )

    @property
    def quick_gelu(self) -> bool:
        """Whether it was trained with QuickGELU."""
        return bool(self.image["hidden_act"] == "quick_gelu")


def read_config(folder: Path) -> Described:
    """Return a folder's config.json.

    Raises:
        UsageError: it is damaged, or its model is neither CLIPModel nor SiglipModel.
    """
    path = folder / CONFIG
    content = read_json(path)
    family = str(content.get("model_type"))
    if family not in FAMILIES:
        kinds = content.get("architectures") or family
        raise UsageError(
            f"{path}: expected CLIPModel (model_type clip) or SiglipModel (siglip), found {kinds}; "
            "choose a model of one of these families, or one of open_clip"
        )
    is_clip = family == "clip"
    text = _section(content, "text_config", _CLIP_TEXT if is_clip else _SIGLIP_TEXT)
    image = _section(content, "vision_config", _CLIP_IMAGE if is_clip else _SIGLIP_IMAGE)
    projection = (
        content.get("projection_dim") or 512
        if is_clip
        else text.get("projection_size") or text["hidden_size"]
    )
    found = Described(family=family, text=text, image=image, projection=projection)
    _check(found, path)
    return found


def _section(content: Mapping[str, Any], name: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tower's options; older files repeat them completely under another name."""
    given = content.get(f"{name}_dict") or content.get(name) or {}
    return {**defaults, **given}


def _check(found: Described, path: Path) -> None:
    """Check that open_clip's modules compute the same as transformers'."""
    text, image = found.text, found.image
    acts = (text["hidden_act"], image["hidden_act"])
    is_siglip, eps = found.family == "siglip", image["layer_norm_eps"]
    same = acts[0] == acts[1] or is_siglip
    last = text["vocab_size"] - 1
    ends = (text.get("eos_token_id"), (2, last, None))  # 2: the largest id, in older files
    width = image["hidden_size"]
    checks = (
        ("hidden_act", " and ".join(acts), same and set(acts) <= _ACTIVATIONS,
         f"one of {', '.join(sorted(_ACTIVATIONS))}, in both towers"),
        ("text_config.hidden_act", acts[0], not is_siglip or acts[0] != "quick_gelu",
         "gelu or gelu_pytorch_tanh in SigLIP"),
        ("vision_config.layer_norm_eps", eps, not is_siglip or eps == 1e-6, "1e-06 in SigLIP"),
        ("text_config.eos_token_id", ends[0], is_siglip or ends[0] in ends[1],
         f"{last}, the last of the vocabulary"),
        ("vision_config.num_channels", image["num_channels"], image["num_channels"] == 3, "3"),
        ("vision_config.vision_use_head", image.get("vision_use_head"),
         image.get("vision_use_head", True), "true"),
        ("text_config.projection_size", found.projection,
         not is_siglip or found.projection == width, f"{width}, as the image tower's"),
    )  # fmt: skip
    for name, value, fits, expected in checks:
        if not fits:
            raise UsageError(
                f"{path}: {name}: expected {expected}, found {value}; choose another model"
            )


def open_clip_config(found: Described) -> dict[str, Any]:
    """Return the options from which open_clip builds the same model.

    SigLIP's image tower is timm's, for which open_clip only has names of a few sizes.
    """
    text, image = found.text, found.image
    is_clip = found.family == "clip"
    text_cfg = {
        "context_length": text["max_position_embeddings"],
        "vocab_size": text["vocab_size"],
        "width": text["hidden_size"],
        "heads": text["num_attention_heads"],
        "layers": text["num_hidden_layers"],
        **_block_options(text),
    }
    if not is_clip:
        text_cfg |= {"no_causal_mask": True, "proj_bias": True, "pool_type": "last"}
        return {"embed_dim": found.projection, "init_logit_bias": -10, "text_cfg": text_cfg}
    vision_cfg = {
        "image_size": image["image_size"],
        "patch_size": image["patch_size"],
        "width": image["hidden_size"],
        "head_width": image["hidden_size"] // image["num_attention_heads"],
        "layers": image["num_hidden_layers"],
        **_block_options(image),
    }
    return {
        "embed_dim": found.projection,
        "quick_gelu": found.quick_gelu,
        "vision_cfg": vision_cfg,
        "text_cfg": text_cfg,
    }


def _block_options(tower: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {"mlp_ratio": tower["intermediate_size"] / tower["hidden_size"]}
    if tower["layer_norm_eps"] != 1e-5:
        options["norm_kwargs"] = {"eps": tower["layer_norm_eps"]}
    if tower["hidden_act"] in TANH:
        options["act_kwargs"] = {"approximate": "tanh"}
    return options


def timm_options(found: Described) -> dict[str, Any]:
    """Return the options of timm's Vision Transformer for SigLIP's image tower."""
    image = found.image
    return {
        "img_size": image["image_size"],
        "patch_size": image["patch_size"],
        "embed_dim": image["hidden_size"],
        "depth": image["num_hidden_layers"],
        "num_heads": image["num_attention_heads"],
        "mlp_ratio": image["intermediate_size"] / image["hidden_size"],
        "act_layer": {"gelu": "gelu", "quick_gelu": "quick_gelu"}.get(
            image["hidden_act"], "gelu_tanh"
        ),
    }


def shown_name(found: Described) -> str:
    """Return the usual name of a size, such as ViT-B-32, or the size itself."""
    width, layers = found.image["hidden_size"], found.image["num_hidden_layers"]
    letter = _LETTERS.get((width, layers), f"{layers}x{width}")
    return f"ViT-{letter}-{found.image['patch_size']}"


def read_json(path: Path) -> dict[str, Any]:
    """Return the mapping in a file.

    Raises:
        UsageError: it cannot be read, or has no mapping.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read as JSON") from error
    if not isinstance(content, dict):
        raise UsageError(f"{path}: expected a mapping, found {type(content).__name__}")
    return content
