"""Presets by name, with the hyper-parameters of the paper for each backbone (arXiv 2410.05210)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from training.batches.draw import ANY

Counts = Mapping[str, int]

BY_TYPE: Final[Counts] = MappingProxyType({"swap": 1, "replace": 1, "shuffle": 1})


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """What a preset decides.

    Attributes:
        losses: by name (training.objective.losses), with the weights of the backbone.
        draw: the places for negatives by type; None: as the shards have them (see `draw_for`).
        lr: the peak learning rate.
        rank: LoRA's; 0 trains all weights.
    """

    losses: tuple[str, ...]
    draw: Counts | None
    lr: float = 5e-6
    rank: int = 0


_FSC_CLIP: Final = ("clip", "global", "local")

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        "fsc-clip": Preset(losses=_FSC_CLIP, draw=None),
        "fsc-clip-lora": Preset(losses=_FSC_CLIP, draw=None, lr=5e-5, rank=4),
        "negclip": Preset(losses=("negclip",), draw=MappingProxyType({ANY: 1})),
        "clip": Preset(losses=("clip",), draw=MappingProxyType({})),
    }
)
EPOCHS: Final = 5
PRETRAINED: Final = "openai"
IN_PLACE: Final = ("local-dir:", "hf-hub:")
"""How names of models begin that bring their weights."""


def placed(model: str) -> str:
    """Return a model's name, that of a folder which is there as `local-dir:FOLDER`."""
    is_folder = os.sep in model and not model.startswith(IN_PLACE) and Path(model).is_dir()
    return f"{IN_PLACE[0]}{model}" if is_folder else model


@dataclass(frozen=True, kw_only=True, slots=True)
class Backbone:
    """What depends on the model: captions a step of all ranks, and weights of losses by name."""

    batch_size: int = 256
    weights: Mapping[str, float] = field(default_factory=dict)


_LOCAL_HALF: Final[Mapping[str, float]] = MappingProxyType({"local": 0.5})

BACKBONES: Final[Mapping[str, Backbone]] = MappingProxyType(
    {
        "ViT-B-32": Backbone(),
        "ViT-B-16": Backbone(batch_size=128, weights=_LOCAL_HALF),
        "ViT-L-14": Backbone(weights=_LOCAL_HALF),
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
