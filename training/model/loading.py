"""Names, tags and files of weights -> a model."""

from pathlib import Path

import open_clip
from open_clip.transform import merge_preprocess_dict

from data.errors import UsageError
from data.texts import nearest
from training.model.activation import trained_with_quick_gelu
from training.model.clip import ClipModel
from training.model.library import know, tokenizer
from training.model.weights import explaining, harmless, refuse_not_finite, refuse_program


def load_model(name: str, *, pretrained: str | None = None, weights: bool = True) -> ClipModel:
    """Build an open_clip model in float32 on the CPU.

    Args:
        name: a name that open_clip lists, or `local-dir:FOLDER`, or `hf-hub:OWNER/NAME`.
        pretrained: one of open_clip's tags for `name`, or a file of weights; None: random weights
            from torch's generator, or those that come with a folder.
        weights: False leaves those of `pretrained` out; images are taken as it says all the same.

    Raises:
        UsageError: no such model, tag or file; a library that is missing; weights that do not fit,
            are no numbers, or are of another activation.
    """
    know(name)
    in_place = name.startswith(("local-dir:", "hf-hub:"))
    if in_place and pretrained:
        raise UsageError(f"{name} brings its weights: leave --pretrained {pretrained} out")
    if not in_place and weights:
        check_weights(name, pretrained)
    chosen = pretrained if weights else None
    what = f"model {name}" if in_place else f"model {name}, weights {pretrained}"
    with explaining(what), harmless():
        clip = open_clip.create_model(name, pretrained=chosen, require_pretrained=in_place)
    if chosen or in_place:
        refuse_not_finite(clip.state_dict(), where=what)
    if pretrained and not weights:
        tag = open_clip.get_pretrained_cfg(name.replace("/", "-"), pretrained)
        seen = merge_preprocess_dict(open_clip.get_model_preprocess_cfg(clip), tag)
        open_clip.model.set_model_preprocess_cfg(clip, seen)
    return ClipModel(clip, tokenizer(name))


def matched_name(name: str, pretrained: str | None) -> str:
    """Return the model that runs weights as they were trained: `name`, or its QuickGELU variant.

    OpenAI's weights, and some of open_clip's, were trained with QuickGELU; nobody types that.
    """
    variant = f"{name.replace('/', '-')}-quickgelu"
    if pretrained is None or variant not in open_clip.list_models():
        return name
    return variant if _was_quick(name.replace("/", "-"), pretrained) else name


def check_weights(name: str, pretrained: str | None) -> None:
    """Refuse weights trained with QuickGELU in a model without, and the other way round.

    open_clip warns of such a pair and goes on; features are then wrong in every layer.

    Raises:
        UsageError: so it is, or there are no such weights.
    """
    name = name.replace("/", "-")
    config = open_clip.get_model_config(name)
    if config is None or pretrained is None:
        return
    if not open_clip.get_pretrained_cfg(name, pretrained) and not Path(pretrained).is_file():
        tags = open_clip.list_pretrained_tags_by_model(name)
        raise UsageError(
            f"weights {pretrained}: not a known tag of {name}, nor a file; "
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
    """Tell whether weights were trained with QuickGELU; None where nothing says so."""
    tag = open_clip.get_pretrained_cfg(name, pretrained)
    return bool(tag.get("quick_gelu")) if tag else trained_with_quick_gelu(Path(pretrained))
