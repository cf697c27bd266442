"""The family in transformers of an open_clip model, and weights of a file that fit it."""

from collections.abc import Mapping
from typing import Any

import open_clip
from open_clip.model import (
    convert_to_custom_text_state_dict,
    resize_pos_embed,
    resize_text_pos_embed,
)
from open_clip.timm_model import TimmModel
from open_clip.transformer import TextTransformer, VisionTransformer
from torch import Tensor, nn

from training.model.foreign.files import THEIRS
from training.model.foreign.names import Form, to_ours


def form_of(clip: Any) -> Form | None:  # noqa: ANN401 - open_clip is untyped
    """Return the form on which the names of a model's weights depend; None if not in transformers.

    Options of open_clip that transformers lacks show in the names of weights or in
    `configs_of` (training.model.foreign.writing).
    """
    text = getattr(clip, "text", clip)
    if not isinstance(text, open_clip.CLIP | TextTransformer):
        return None
    layers = len(text.transformer.resblocks)
    root = "" if text is clip else "text."
    if isinstance(clip.visual, VisionTransformer):
        number = len(clip.visual.transformer.resblocks)
        return Form(family="clip", image_layers=number, text_layers=layers, text_root=root)
    if isinstance(clip.visual, TimmModel) and hasattr(clip.visual.trunk, "attn_pool"):
        number = len(clip.visual.trunk.blocks)
        return Form(family="siglip", image_layers=number, text_layers=layers, text_root=root)
    return None


def fitted(state: Mapping[str, Tensor], clip: nn.Module, *, where: str) -> dict[str, Tensor]:
    """Return weights under a model's own names, converted like open_clip's.

    Raises:
        UsageError: they belong to another model of transformers.
    """
    model: Any = clip
    form = form_of(clip)
    found = dict(state)
    if THEIRS in state and form is not None:
        found = to_ours(state, form, where=where)
    elif "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        found = convert_to_custom_text_state_dict(found)
    for name in ("logit_scale", "logit_bias"):
        mine = getattr(model, name, None)
        if name in found and mine is not None and found[name].numel() == 1:
            found[name] = found[name].reshape(mine.shape)
    resize_pos_embed(found, model)
    resize_text_pos_embed(found, model)
    return found
