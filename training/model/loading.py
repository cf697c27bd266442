"""Names, tags, files of weights and folders -> a model."""

from pathlib import Path
from typing import Any

import open_clip
from open_clip.transform import merge_preprocess_dict
from torch import nn

from data.errors import UsageError
from data.texts import nearest
from training.model.activation import ARRAYS, trained_with_quick_gelu
from training.model.clip import ClipModel
from training.model.foreign.adapters import CONFIG as ADAPTER
from training.model.foreign.adapters import Adapter, merged, read_adapter
from training.model.foreign.files import weights_in_other_layouts
from training.model.foreign.folders import HUB, LOCAL, Found, found_at, with_weights
from training.model.foreign.forms import fitted
from training.model.foreign.opening import based_on, describe_loaded, open_foreign
from training.model.library import know, tokenizer
from training.model.weights import (
    explaining,
    harmless,
    load_into,
    refuse_not_finite,
    refuse_program,
)


def load_model(name: str, *, pretrained: str | None = None, weights: bool = True) -> ClipModel:
    """Build an open_clip model in float32 on the CPU; its `found` says what it was loaded from.

    Args:
        name: an open_clip name, or `local-dir:FOLDER`, or `hf-hub:OWNER/NAME`; these hold a model
            of open_clip, transformers' CLIPModel or SiglipModel, or LoRA of peft.
        pretrained: one of open_clip's tags for `name`, or a file of weights; None: random weights
            from torch's generator, or those in a folder. With a folder: LoRA's folder.
        weights: False skips the weights of `pretrained`, but uses its image settings.

    Raises:
        UsageError: no such model, tag or file; a missing library; weights that do not fit, are not
            finite, or need another activation.
        RetryableError: the Hub cannot be reached.
    """
    know(name)
    if name.startswith((HUB, LOCAL)):
        return _of_folder(name, pretrained, weights=weights)
    _refuse_unknown(name)
    if weights:
        check_weights(name, pretrained)
    state, how = _state_of(pretrained) if weights and pretrained else (None, "")
    chosen = pretrained if weights and state is None else None
    what = f"model {name}, weights {pretrained}"
    with explaining(what), harmless():
        clip = open_clip.create_model(name, pretrained=chosen)
    if state is not None:
        load_into(clip, fitted(state, clip, where=what), where=what)
    if weights and pretrained:
        refuse_not_finite(clip.state_dict(), where=what)
    if pretrained and not weights:
        tag = open_clip.get_pretrained_cfg(name.replace("/", "-"), pretrained)
        seen = merge_preprocess_dict(open_clip.get_model_preprocess_cfg(clip), tag)
        open_clip.model.set_model_preprocess_cfg(clip, seen)
    model = ClipModel(clip, tokenizer(name))
    made = f"{type(clip).__name__} of open_clip, weights {pretrained or 'random'}"
    model.found = describe_loaded(f"{made}{f' ({how})' if how else ''}", name, model)
    return model


def _refuse_unknown(name: str) -> None:
    if open_clip.get_model_config(name.replace("/", "-")) is None:
        raise UsageError(
            f"model {name}: unknown to open_clip ({nearest(name, open_clip.list_models())}); a "
            f"folder is {LOCAL}FOLDER, a repository of the Hub {HUB}OWNER/NAME"
        )


def _of_folder(name: str, pretrained: str | None, *, weights: bool) -> ClipModel:
    """Return the model of a folder or repository, with its own or the named LoRA."""
    if pretrained and not (Path(pretrained) / ADAPTER).is_file():
        raise UsageError(
            f"{name} has its own weights: leave out --pretrained {pretrained}, or give a folder "
            f"with {ADAPTER} of peft"
        )
    found = found_at(name)
    if pretrained and found.kind == "adapter":
        raise UsageError(
            f"{name}: expected one adapter, found another in --pretrained {pretrained}; leave "
            f"out --pretrained, or give the base: --model {LOCAL}BASE --pretrained {pretrained}"
        )
    base, adapter = based_on(found, name)
    if pretrained:
        adapter = read_adapter(Path(pretrained))
    if base.kind == "transformers":
        there = with_weights(base, name) if weights else base
        clip, shown, how = open_foreign(there, adapter, weights=weights)
    else:
        here = name if base.folder == found.folder and name.startswith(HUB) else None
        clip, shown, how = _of_open_clip(here or f"{LOCAL}{base.folder}", base, adapter)
    if weights:
        refuse_not_finite(clip.state_dict(), where=f"model {name}")
    model = ClipModel(clip, tokenizer(name))
    model.found = describe_loaded(how, shown, model)
    return model


def _of_open_clip(name: str, base: Found, adapter: Adapter | None) -> tuple[nn.Module, str, str]:
    what = f"model {name}"
    with explaining(what), harmless():
        clip = open_clip.create_model(name, require_pretrained=True)
    how = f"{type(clip).__name__} of open_clip from {base.place}"
    if adapter is not None:
        state, count = merged(clip.state_dict(), adapter)
        load_into(clip, state, where=what)
        how += f", with LoRA of {adapter.where} merged into {count:,} weights"
    return clip, base.folder.name, how


def _state_of(pretrained: str) -> tuple[dict[str, Any] | None, str]:
    """Return a file's weights if open_clip would not find them by itself, and their layout."""
    path = Path(pretrained)
    if not path.is_file() or path.suffix in ARRAYS:
        return None, ""
    return weights_in_other_layouts(path)


def matched_name(name: str, pretrained: str | None) -> str:
    """Return the model with the weights' activation: `name`, or its QuickGELU variant.

    OpenAI's weights, and some of open_clip's, were trained with QuickGELU.
    """
    variant = f"{name.replace('/', '-')}-quickgelu"
    if pretrained is None or variant not in open_clip.list_models():
        return name
    return variant if _was_quick(name.replace("/", "-"), pretrained) else name


def check_weights(name: str, pretrained: str | None) -> None:
    """Reject weights trained with QuickGELU in a model without it, and the reverse.

    open_clip only warns, although features are then wrong in every layer.

    Raises:
        UsageError: the activations differ, or there are no such weights.
    """
    know(name)
    name = name.replace("/", "-")
    config = open_clip.get_model_config(name)
    if config is None or pretrained is None:
        return
    if not open_clip.get_pretrained_cfg(name, pretrained) and not Path(pretrained).is_file():
        tags = [*open_clip.list_pretrained_tags_by_model(name), "none"]  # none: random weights
        raise UsageError(
            f"weights {pretrained}: neither a known tag of {name} nor a file; "
            f"{nearest(pretrained, tags)}"
        )
    refuse_program(Path(pretrained))
    configured = bool(config.get("quick_gelu"))
    trained = _was_quick(name, pretrained)
    if trained is None or trained == configured:
        return
    other = f"{name}-quickgelu" if trained else name.removesuffix("-quickgelu")
    has_other = other != name and open_clip.get_model_config(other) is not None
    is_run = "with" if configured else "without"
    remedy = f"use --model {other}" if has_other else f"choose weights trained {is_run}"
    raise UsageError(
        f"weights {pretrained} were trained {'with' if trained else 'without'} QuickGELU, model "
        f"{name} runs {is_run}: {remedy}"
    )


def _was_quick(name: str, pretrained: str) -> bool | None:
    """Tell whether weights were trained with QuickGELU; None if unknown."""
    tag = open_clip.get_pretrained_cfg(name, pretrained)
    return bool(tag.get("quick_gelu")) if tag else trained_with_quick_gelu(Path(pretrained))
