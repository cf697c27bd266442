"""An open_clip model -> a folder that transformers opens, with a processor.

    CLIPModel.from_pretrained(FOLDER), CLIPProcessor.from_pretrained(FOLDER)

or SiglipModel and SiglipProcessor. The files are plain JSON and safetensors: transformers itself is
only needed for its own tokenizers.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from data.commit import attempt_path, sync_folder
from data.disk import writing
from data.errors import UsageError
from training.model.clip import ClipModel
from training.model.foreign.configs import CONFIG, FAMILIES, PROCESSORS, RESAMPLING
from training.model.foreign.files import write_safetensors
from training.model.foreign.forms import form_of
from training.model.foreign.names import to_theirs
from training.model.foreign.tokenizing import MARKS, VOCABULARY, has_clips_vocabulary, vocabulary_of

WEIGHTS: Final = "model.safetensors"
_PROCESSOR: Final = PROCESSORS[0]


def write_transformers(
    model: ClipModel,
    state_dict: Mapping[str, Tensor],
    folder: Path,
    *,
    tokenize: Any,  # noqa: ANN401 - open_clip's tokenizers share no type
) -> str:
    """Write a folder; return the name of the class that opens it.

    `state_dict`: the weights, under the model's names, LoRA merged.

    Raises:
        UsageError: the folder is not empty, or transformers has no such model.
    """
    if folder.exists() and (not folder.is_dir() or next(folder.iterdir(), None)):
        raise UsageError(f"{folder}: expected a new or empty folder")
    config, form = config_of(model), form_of(model.clip)
    assert form is not None
    files = {CONFIG: config, _PROCESSOR: processor_of(model, form.family)}
    state = {name: tensor.contiguous() for name, tensor in to_theirs(state_dict, form).items()}
    draft = attempt_path(folder.parent, folder.name, "export")
    draft.mkdir(parents=True)
    try:
        with writing(folder):
            write_safetensors(state, draft / WEIGHTS)
            for name, content in (files | _tokenizer_files(tokenize, model, draft)).items():
                (draft / name).write_text(_text_of(content), encoding="utf-8")
            sync_folder(draft)
            if folder.exists():
                folder.rmdir()
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    sync_folder(folder.parent)
    return FAMILIES[form.family]


def _text_of(content: object) -> str:
    return content if isinstance(content, str) else json.dumps(content, indent=2) + "\n"


def config_of(model: ClipModel) -> dict[str, Any]:
    """Return the config.json of a model.

    Raises:
        UsageError: transformers' CLIPModel and SiglipModel compute something else.
    """
    clip, form = model.clip, form_of(model.clip)
    text = getattr(clip, "text", clip)
    pool = text.text_pool_type if text is clip else text.pool_type
    causal = text.attn_mask is not None
    wanted = ("argmax", True) if form and form.family == "clip" else ("last", False)
    if form is None or (pool, causal) != wanted or (form.family == "clip" and _other_pool(clip)):
        raise UsageError(
            "expected a model that is CLIPModel or SiglipModel in transformers, found "
            f"{type(clip.visual).__name__} and {type(text).__name__} with pooling {pool!r}; write "
            "a file of open_clip instead (--to open_clip)"
        )
    text_config = _text_config(text, model)
    if form.family == "clip":
        width = clip.visual.proj.shape[1]
        return {
            "architectures": ["CLIPModel"],
            "model_type": "clip",
            "projection_dim": width,
            "logit_scale_init_value": 2.6592,
            "torch_dtype": "float32",
            "text_config": {**text_config, "projection_dim": width},
            "vision_config": {**_image_config(clip.visual), "projection_dim": width},
        }
    return {
        "architectures": ["SiglipModel"],
        "model_type": "siglip",
        "torch_dtype": "float32",
        "text_config": {**text_config, "projection_size": text.text_projection.out_features},
        "vision_config": _trunk_config(clip.visual.trunk),
    }


def _other_pool(clip: Any) -> bool:  # noqa: ANN401 - open_clip is untyped
    visual = clip.visual
    return visual.attn_pool is not None or visual.pool_type != "tok" or visual.proj is None


def _text_config(text: Any, model: ClipModel) -> dict[str, Any]:  # noqa: ANN401
    block, family = (
        text.transformer.resblocks[0],
        "clip" if model.text_kind == "causal" else "siglip",
    )
    size = int(text.vocab_size)
    marks = {"bos_token_id": size - 2, "eos_token_id": size - 1, "pad_token_id": size - 1}
    if family == "siglip":
        marks = dict.fromkeys(marks, model.form.pad_id)
    return {
        "model_type": f"{family}_text_model",
        "vocab_size": size,
        "max_position_embeddings": int(text.context_length),
        **_block_config(block, len(text.transformer.resblocks), eps=text.ln_final.eps),
        **marks,
    }


def _image_config(visual: Any) -> dict[str, Any]:  # noqa: ANN401
    blocks = visual.transformer.resblocks
    return {
        "model_type": "clip_vision_model",
        "image_size": _square(visual.image_size),
        "patch_size": _square(visual.patch_size),
        "num_channels": 3,
        **_block_config(blocks[0], len(blocks), eps=visual.ln_post.eps),
    }


def _block_config(block: Any, layers: int, *, eps: float) -> dict[str, Any]:  # noqa: ANN401
    return {
        "hidden_size": block.attn.embed_dim,
        "intermediate_size": block.mlp.c_fc.out_features,
        "num_hidden_layers": layers,
        "num_attention_heads": block.attn.num_heads,
        "hidden_act": _activation(block.mlp.gelu),
        "layer_norm_eps": eps,
    }


def _trunk_config(trunk: Any) -> dict[str, Any]:  # noqa: ANN401
    block = trunk.blocks[0]
    return {
        "model_type": "siglip_vision_model",
        "image_size": _square(trunk.patch_embed.img_size),
        "patch_size": _square(trunk.patch_embed.patch_size),
        "num_channels": 3,
        "hidden_size": trunk.embed_dim,
        "intermediate_size": block.mlp.fc1.out_features,
        "num_hidden_layers": len(trunk.blocks),
        "num_attention_heads": block.attn.num_heads,
        "hidden_act": _activation(block.mlp.act),
        "layer_norm_eps": trunk.norm.eps,
    }


def _square(size: int | tuple[int, int]) -> int:
    height, width = (size, size) if isinstance(size, int) else size
    if height != width:
        raise UsageError(f"expected square images and patches, found {height} x {width}")
    return int(height)


def _activation(module: Any) -> str:  # noqa: ANN401
    kind = type(module).__name__
    if kind == "QuickGELU":
        return "quick_gelu"
    is_tanh = kind == "GELUTanh" or getattr(module, "approximate", "none") == "tanh"
    return "gelu_pytorch_tanh" if is_tanh else "gelu"


def processor_of(model: ClipModel, family: str) -> dict[str, Any]:
    """Return the preprocessor_config.json.

    Raises:
        UsageError: transformers' processors lack the model's preprocessing.
    """
    seen = model.preprocess
    by_name = {name: number for number, name in RESAMPLING.items()}
    if seen.resize_mode not in {"shortest", "squash"} or seen.interpolation not in by_name:
        raise UsageError(
            "expected images resized by bilinear or bicubic, shortest or squash, found "
            f"{seen.resize_mode}, {seen.interpolation}; "
            "write a file of open_clip instead (--to open_clip)"
        )
    side = {"height": seen.height, "width": seen.width}
    cropped = seen.resize_mode == "shortest"
    name = "CLIP" if family == "clip" else "Siglip"
    crop = {"do_center_crop": cropped, "crop_size": side} if family == "clip" else {}
    return {
        "image_processor_type": f"{name}ImageProcessor",
        "processor_class": f"{name}Processor",
        "do_resize": True,
        "size": {"shortest_edge": seen.height} if cropped and crop else side,
        "resample": by_name[seen.interpolation],
        **crop,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(seen.mean),
        "image_std": list(seen.std),
        "do_convert_rgb": True,
    }


def _tokenizer_files(tokenize: Any, model: ClipModel, draft: Path) -> dict[str, object]:  # noqa: ANN401
    """Return the files of CLIP's tokenizer; other tokenizers write their own files."""
    if not has_clips_vocabulary(tokenize):
        tokenize.save_pretrained(draft)
        return {}
    pairs = sorted(tokenize.bpe_ranks, key=tokenize.bpe_ranks.__getitem__)
    start, end = MARKS.values()
    marks = {"bos_token": start, "eos_token": end, "unk_token": end, "pad_token": end}
    length = model.form.context_length
    return {
        VOCABULARY: vocabulary_of(tokenize),
        "merges.txt": "#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in pairs),
        "special_tokens_map.json": marks,
        "tokenizer_config.json": {
            "tokenizer_class": "CLIPTokenizer",
            "do_lower_case": True,
            "model_max_length": length,
            "add_prefix_space": False,
            **marks,
        },
    }
