"""Presets by name, with the hyper-parameters of their papers; FSC-CLIP's for each backbone.

training.objective.losses names the papers of the losses; docs/training.md has the sources of the
numbers.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from data.errors import UsageError
from training.batches.draw import ANY, PAIRS, POSITIVES, REORDERED, SIBLINGS

Counts = Mapping[str, int]
Tower = Literal["image", "text"]

BY_TYPE: Final[Counts] = MappingProxyType({"swap": 1, "replace": 1, "shuffle": 1})


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """The values of a preset.

    Attributes:
        losses: as a user would write them (training.objective.losses); names without a weight have
            the backbone's weight.
        draw: places for negatives by type; None: depends on the shards (see `draw_for`).
        lr: the peak learning rate.
        rank: LoRA's; 0 trains all weights.
        epochs: passes over the captions.
        batch_size: captions per step; None: the backbone's.
        frozen: a tower that is not trained.
        composites: their share of a batch, or at which steps they are alone (`Composites`).
    """

    losses: tuple[str | Mapping[str, Any], ...]
    draw: Counts | None
    lr: float = 5e-6
    rank: int = 0
    epochs: int = 5
    batch_size: int | None = None
    frozen: Tower | None = None
    composites: float | Mapping[str, Any] | None = None


_FSC_CLIP: Final = ("clip", "global", "local")
_IMAGE_GROUNDED: Final = MappingProxyType({"loss": "global", "weight": 0.1, "gamma": 0, "beta": 0})
_CLIC: Final = tuple(
    MappingProxyType({"loss": loss, "weight": weight, "every": 2, "at": at})
    for loss, weight, at in (
        ("clip", 1.0, 1),
        ("several_captions", 0.5, 0),
        ("separate_negatives", 0.5, 0),
        ("text_distance", 1.0, 0),
    )
)


def _any(negatives: int, *, positives: int = 0, siblings: bool = False) -> Counts:
    """Return places for negatives of any type, and for positives."""
    counts = {ANY: negatives, POSITIVES: positives, SIBLINGS: siblings}
    return MappingProxyType({name: count for name, count in counts.items() if count})


PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        "fsc-clip": Preset(losses=_FSC_CLIP, draw=None),
        "fsc-clip-lora": Preset(losses=_FSC_CLIP, draw=None, lr=5e-5, rank=4),
        "negclip": Preset(losses=("negclip",), draw=MappingProxyType({ANY: 1})),
        "clip": Preset(losses=("clip",), draw=MappingProxyType({})),
        "ce-clip": Preset(
            losses=("negclip", "intra_modal", "ranking"),
            draw=_any(4),
            epochs=10,
            batch_size=378,
        ),
        "degla": Preset(
            losses=("negclip", _IMAGE_GROUNDED, "text_grounded", "distillation"),
            draw=_any(4),
            lr=1e-6,
            batch_size=256,
        ),
        "read-clip": Preset(
            losses=("negclip", "paraphrase"),
            draw=_any(3, positives=1, siblings=True),
            lr=1e-5,
            batch_size=256,
        ),
        "clic": Preset(
            losses=_CLIC,
            draw=MappingProxyType({ANY: 1, POSITIVES: 3, REORDERED: True}),
            lr=1e-6,
            epochs=1,
            batch_size=800,
            frozen="image",
            composites=MappingProxyType({"every": 2}),
        ),
        "cs-clip": Preset(
            losses=("negclip", "units"), draw=MappingProxyType({PAIRS: 2}), batch_size=128
        ),
        "sparcl": Preset(losses=("clip", "margin"), draw=_any(3, positives=1)),
        "c2lip": Preset(
            losses=("sigmoid", "phrases", "attended_phrases"),
            draw=_any(0, positives=4),
            lr=1e-5,
            batch_size=768,
        ),
        "siglip": Preset(losses=("sigmoid",), draw=MappingProxyType({})),
    }
)
PRETRAINED: Final = "openai"
IN_PLACE: Final = ("local-dir:", "hf-hub:")
"""Prefixes of model names that include weights."""


def placed(model: str) -> str:
    """Return a model's name; an existing folder becomes `local-dir:FOLDER`."""
    is_folder = os.sep in model and not model.startswith(IN_PLACE) and Path(model).is_dir()
    return f"{IN_PLACE[0]}{model}" if is_folder else model


def weights_named(text: str, *, where: str, none: str = "none") -> str | None:
    """Return the weights that an option names; None, for random weights, if it says none.

    `where`: the option; `none`: what its user writes for random weights.

    Raises:
        UsageError: the text is empty.
    """
    if not text.strip():
        raise UsageError(
            f"{where}: expected a tag of open_clip such as {PRETRAINED}, a file of weights, or "
            f"{none} for random weights; found an empty text"
        )
    return None if text == "none" else text


@dataclass(frozen=True, kw_only=True, slots=True)
class Backbone:
    """Defaults that depend on the model: captions per step, over all ranks, and losses' weights."""

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
"""By prefix of the model's name; other models are treated like ViT-B-32."""


def backbone_of(model: str) -> Backbone:
    """Return the paper's values for a model."""
    name = model.replace("/", "-")
    return next((b for start, b in BACKBONES.items() if name.startswith(start)), Backbone())


def draw_for(preset: str, *, made_with: object, available: tuple[str, ...]) -> Counts:
    """Return the default places for negatives.

    Shards of `negatives build --preset fsc-clip` get one of each type, all others any three.
    `made_with`: the preset that the shards were built with; `available`: their types.
    """
    wanted = PRESETS[preset].draw
    if wanted is not None:
        return wanted
    typed = made_with == "fsc-clip" and set(BY_TYPE) <= set(available)
    return BY_TYPE if typed else {ANY: 3}
