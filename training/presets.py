"""Presets by name, with the hyper-parameters of the paper for each backbone (arXiv 2410.05210)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from training.batches.draw import ANY

Counts = Mapping[str, int]

BY_TYPE: Final[Counts] = MappingProxyType({"swap": 1, "replace": 1, "shuffle": 1})


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """What a preset decides.

    Attributes:
        contrastive: captions only, or every negative as a negative of every image.
        heads: whether the backbone's hard-negative losses are used.
        draw: the places for negatives by type; None: as the shards have them (see `draw_for`).
        lr: the peak learning rate.
        rank: LoRA's; 0 trains all weights.
    """

    contrastive: Literal["clip", "negclip"]
    heads: bool
    draw: Counts | None
    lr: float = 5e-6
    rank: int = 0


PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        "fsc-clip": Preset(contrastive="clip", heads=True, draw=None),
        "fsc-clip-lora": Preset(contrastive="clip", heads=True, draw=None, lr=5e-5, rank=4),
        "negclip": Preset(contrastive="negclip", heads=False, draw=MappingProxyType({ANY: 1})),
        "clip": Preset(contrastive="clip", heads=False, draw=MappingProxyType({})),
    }
)
EPOCHS: Final = 5
PRETRAINED: Final = "openai"
IN_PLACE: Final = ("local-dir:", "hf-hub:")
"""How names of models begin that bring their weights."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Backbone:
    """What depends on the model: captions a step of all ranks, and the weights of both heads."""

    batch_size: int = 256
    global_weight: float = 0.5
    local_weight: float = 0.2


BACKBONES: Final[Mapping[str, Backbone]] = MappingProxyType(
    {
        "ViT-B-32": Backbone(),
        "ViT-B-16": Backbone(batch_size=128, local_weight=0.5),
        "ViT-L-14": Backbone(local_weight=0.5),
    }
)
"""By the beginning of the model's name; any other is treated as ViT-B-32."""


def backbone_of(model: str) -> Backbone:
    """Return what the paper used for a model."""
    name = model.replace("/", "-")
    return next((b for start, b in BACKBONES.items() if name.startswith(start)), Backbone())


def draw_for(preset: str, *, made_with: object, available: tuple[str, ...]) -> Counts:
    """Return the places for negatives where the user says nothing.

    Shards of `negatives build --preset fsc-clip` give one of each type, all others any three.
    `made_with`: the preset that the shards were built with; `available`: their types.
    """
    wanted = PRESETS[preset].draw
    if wanted is not None:
        return wanted
    typed = made_with == "fsc-clip" and set(BY_TYPE) <= set(available)
    return BY_TYPE if typed else {ANY: 3}
