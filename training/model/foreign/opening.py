"""A folder of transformers, or an adapter on one -> open_clip's model with the same numbers."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

import open_clip
import timm
from open_clip.timm_model import TimmModel
from open_clip.transform import PreprocessCfg
from torch import Tensor, nn

from data.errors import UsageError
from training.model.clip import ClipModel
from training.model.foreign.adapters import Adapter, merged, read_adapter
from training.model.foreign.configs import (
    FAMILIES,
    Described,
    open_clip_config,
    read_config,
    shown_name,
    timm_options,
)
from training.model.foreign.files import weights_in
from training.model.foreign.folders import HUB, LOCAL, Found, found_at, with_weights
from training.model.foreign.images import preprocess_config
from training.model.foreign.names import to_ours
from training.model.weights import explaining, load_into

_TIMM: Final = "vit_base_patch16_siglip_224"  # a template whose sizes are replaced
_SMALLEST: Final = "test_vit"


def based_on(found: Found, source: str) -> tuple[Found, Adapter | None]:
    """Return an adapter's base model with the adapter, or any other model alone.

    `source`: the name given to `found_at`.

    Raises:
        UsageError: the adapter names no base, or the base is missing.
    """
    if found.kind != "adapter":
        return found, None
    adapter = read_adapter(with_weights(found, source).folder)
    name = base_name(adapter)
    base = found_at(name)
    if base.kind == "adapter":
        raise UsageError(
            f"{found.place}: expected an adapter for a model, found one for an adapter"
        )
    return replace(with_weights(base, name), place=adapter.base), adapter


def base_name(adapter: Adapter) -> str:
    """Return the name for loading an adapter's base.

    Raises:
        UsageError: the name in adapter_config.json leads nowhere.
    """
    beside = adapter.where / adapter.base
    for folder in (Path(adapter.base), beside):
        if adapter.base and folder.is_dir():
            return f"{LOCAL}{folder}"
    if adapter.base.count("/") == 1 and not adapter.base.startswith((".", "/")):
        return f"{HUB}{adapter.base}"
    raise UsageError(
        f"{adapter.where}: expected the base model of the adapter at "
        f"{adapter.base or 'base_model_name_or_path'!r}, found no folder there; copy it, and use "
        f"--model local-dir:BASE --pretrained {adapter.where}"
    )


def open_foreign(
    found: Found, adapter: Adapter | None, *, weights: bool
) -> tuple[nn.Module, str, str]:
    """Return open_clip's model for a folder of transformers, its usual name and a description.

    `weights`: False skips them.

    Raises:
        UsageError: the folder is damaged, or open_clip's model computes something else.
    """
    described = read_config(found.folder)
    with explaining(f"model in {found.place}"):
        clip = _built(described)
    how = f"{FAMILIES[described.family]} of transformers from {found.place}"
    if weights:
        state: dict[str, Tensor] = weights_in(found.folder)
        if adapter is not None:
            state, count = merged(state, adapter)
            how += f", with LoRA of {adapter.where} merged into {count:,} weights"
        ours = to_ours(state, described.form, where=found.place)
        load_into(clip, {n: t.float() for n, t in ours.items()}, where=f"model in {found.place}")
    seen = preprocess_config(found.folder, described)
    open_clip.model.set_model_preprocess_cfg(clip, asdict(PreprocessCfg(**seen)))
    return clip, shown_name(described), how


def _built(described: Described) -> nn.Module:
    config = open_clip_config(described)
    if described.family == "clip":
        clip: nn.Module = open_clip.CLIP(**config)
        return clip
    size = described.image["image_size"]
    tower = {"timm_model_name": _SMALLEST, "timm_pool": "map", "timm_proj": "none"}
    siglip: nn.Module
    siglip = open_clip.CustomTextCLIP(**config, vision_cfg={**tower, "image_size": size})
    assert isinstance(siglip.visual, TimmModel)
    siglip.visual.trunk = timm.create_model(
        _TIMM, num_classes=0, global_pool="map", **timm_options(described)
    )
    return siglip


def describe_loaded(how: str, name: str, model: ClipModel) -> str:
    """Return the line that describes what was loaded."""
    number = sum(parameter.numel() for parameter in model.clip.parameters())
    count = f"{number / 1e6:,.0f} M" if number >= 1e6 else f"{number:,}"
    seen, length = model.preprocess, model.form.context_length
    return (
        f"loaded {how}: {name}, {count} parameters, "
        f"{'QuickGELU' if model.quick_gelu else 'GELU'}, images of {seen.height} x {seen.width}"
        f"{f', {length} tokens' if length else ''}"
    )
