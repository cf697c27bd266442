"""The names of the same weights in open_clip and transformers, as a table for both directions.

An entry relates names on one side to names on the other: their tensors, stacked vertically, are the
same matrix. open_clip stacks query, key and value; transformers keeps them separate.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor

from data.errors import UsageError

Change = Literal["none", "transposed", "leading", "number", "scalar"]
Names = tuple[str, ...]
_FEW: Final = 3
_PARTS: Final = ("weight", "bias")
_COUNTED: Final = ".position_ids"  # position ids, which older files also contain


@dataclass(frozen=True, slots=True)
class Entry:
    """Names of open_clip and of transformers for the same numbers.

    `change`: "transposed"; "leading", ours has a leading dimension of 1; "number", both are one;
    "scalar", ours is a number and theirs a vector of one.
    """

    ours: Names
    theirs: Names
    change: Change = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """The form on which names depend. `text_root`: "text." if the text tower is separate."""

    family: Literal["clip", "siglip"]
    image_layers: int
    text_layers: int
    text_root: str = ""


def entries(form: Form) -> Iterator[Entry]:
    """Yield the table of a model."""
    yield from _clip(form) if form.family == "clip" else _siglip(form)


def _clip(form: Form) -> Iterator[Entry]:
    yield Entry(("logit_scale",), ("logit_scale",), "number")
    yield Entry(("visual.class_embedding",), ("vision_model.embeddings.class_embedding",))
    yield Entry(("visual.conv1.weight",), ("vision_model.embeddings.patch_embedding.weight",))
    yield Entry(
        ("visual.positional_embedding",), ("vision_model.embeddings.position_embedding.weight",)
    )
    yield from _both("visual.ln_pre", "vision_model.pre_layrnorm")  # their spelling
    yield from _both("visual.ln_post", "vision_model.post_layernorm")
    yield Entry(("visual.proj",), ("visual_projection.weight",), "transposed")
    for number in range(form.image_layers):
        yield from _block("visual.transformer.resblocks", "vision_model", number)
    yield from _text(form)
    yield Entry((f"{form.text_root}text_projection",), ("text_projection.weight",), "transposed")


def _siglip(form: Form) -> Iterator[Entry]:
    yield Entry(("logit_scale",), ("logit_scale",), "scalar")
    yield Entry(("logit_bias",), ("logit_bias",), "scalar")
    trunk, image = "visual.trunk", "vision_model"
    yield from _both(f"{trunk}.patch_embed.proj", f"{image}.embeddings.patch_embedding")
    yield Entry(
        (f"{trunk}.pos_embed",), (f"{image}.embeddings.position_embedding.weight",), "leading"
    )
    yield from _both(f"{trunk}.norm", f"{image}.post_layernorm")
    for number in range(form.image_layers):
        yield from _timm_block(f"{trunk}.blocks.{number}", f"{image}.encoder.layers.{number}")
    pool, head = f"{trunk}.attn_pool", f"{image}.head"
    yield Entry((f"{pool}.latent",), (f"{head}.probe",))
    for part in _PARTS:
        yield Entry(
            (f"{pool}.q.{part}", f"{pool}.kv.{part}"), (f"{head}.attention.in_proj_{part}",)
        )
    for ours, theirs in (("proj", "attention.out_proj"), ("norm", "layernorm")):
        yield from _both(f"{pool}.{ours}", f"{head}.{theirs}")
    for name in ("fc1", "fc2"):
        yield from _both(f"{pool}.mlp.{name}", f"{head}.mlp.{name}")
    yield from _text(form)
    yield from _both("text.text_projection", "text_model.head")


def _text(form: Form) -> Iterator[Entry]:
    root, text = form.text_root, "text_model"
    yield Entry((f"{root}token_embedding.weight",), (f"{text}.embeddings.token_embedding.weight",))
    yield Entry((f"{root}positional_embedding",), (f"{text}.embeddings.position_embedding.weight",))
    yield from _both(f"{root}ln_final", f"{text}.final_layer_norm")
    for number in range(form.text_layers):
        yield from _block(f"{root}transformer.resblocks", text, number)


def _block(ours: str, theirs: str, number: int) -> Iterator[Entry]:
    here, there = f"{ours}.{number}", f"{theirs}.encoder.layers.{number}"
    for part in _PARTS:
        yield Entry((f"{here}.attn.in_proj_{part}",), _query_key_value(there, part))
    pairs = (
        ("attn.out_proj", "self_attn.out_proj"),
        ("ln_1", "layer_norm1"),
        ("ln_2", "layer_norm2"),
        ("mlp.c_fc", "mlp.fc1"),
        ("mlp.c_proj", "mlp.fc2"),
    )
    for mine, other in pairs:
        yield from _both(f"{here}.{mine}", f"{there}.{other}")


def _timm_block(here: str, there: str) -> Iterator[Entry]:
    for part in _PARTS:
        yield Entry((f"{here}.attn.qkv.{part}",), _query_key_value(there, part))
    pairs = (
        ("attn.proj", "self_attn.out_proj"),
        ("norm1", "layer_norm1"),
        ("norm2", "layer_norm2"),
        ("mlp.fc1", "mlp.fc1"),
        ("mlp.fc2", "mlp.fc2"),
    )
    for mine, other in pairs:
        yield from _both(f"{here}.{mine}", f"{there}.{other}")


def _query_key_value(block: str, part: str) -> Names:
    return tuple(f"{block}.self_attn.{name}_proj.{part}" for name in "qkv")


def _both(ours: str, theirs: str) -> Iterator[Entry]:
    for part in _PARTS:
        yield Entry((f"{ours}.{part}",), (f"{theirs}.{part}",))


def to_ours(state: Mapping[str, Tensor], form: Form, *, where: str) -> dict[str, Tensor]:
    """Return the weights under open_clip's names.

    Raises:
        UsageError: a name is missing, or has no counterpart.
    """
    table = list(entries(form))
    wanted = {name for entry in table for name in entry.theirs}
    misfit = _misfit({name for name in state if not name.endswith(_COUNTED)}, wanted)
    if misfit:
        raise UsageError(
            f"{where}: expected the weights that its config.json describes, found them {misfit}; "
            "use the weights and the config.json of one model"
        )
    found: dict[str, Tensor] = {}
    for entry in table:
        whole = torch.cat([_rows(state[name]) for name in entry.theirs])
        found |= _parted(_changed(whole, entry, back=False), entry.ours)
    return found


def to_theirs(state: Mapping[str, Tensor], form: Form) -> dict[str, Tensor]:
    """Return the weights under transformers' names.

    Raises:
        UsageError: transformers' model lacks some of them.
    """
    table = list(entries(form))
    misfit = _misfit(set(state), {name for entry in table for name in entry.ours})
    if misfit:
        raise UsageError(
            f"expected a model that transformers' {form.family.upper()} can represent, found "
            f"weights {misfit}; write a file of open_clip instead (--to open_clip)"
        )
    found: dict[str, Tensor] = {}
    for entry in table:
        whole = torch.cat([_rows(state[name]) for name in entry.ours])
        found |= _parted(_changed(whole, entry, back=True), entry.theirs)
    return found


def _rows(tensor: Tensor) -> Tensor:
    return tensor.reshape(1) if tensor.dim() == 0 else tensor


def _changed(tensor: Tensor, entry: Entry, *, back: bool) -> Tensor:
    if entry.change == "transposed":
        return tensor.T.contiguous()
    if entry.change == "leading":
        return tensor.squeeze(0) if back else tensor.unsqueeze(0)
    if entry.change in {"number", "scalar"}:
        return tensor.reshape(1) if back and entry.change == "scalar" else tensor.reshape(())
    return tensor


def _parted(whole: Tensor, names: Names) -> dict[str, Tensor]:
    """Split a matrix for the names: q and kv, or q, k and v."""
    if len(names) == 1:
        return {names[0]: whole}
    third = whole.shape[0] // 3
    sizes = [third, 2 * third] if len(names) == 2 else [third] * 3
    return {name: part.clone() for name, part in zip(names, torch.split(whole, sizes), strict=True)}


def _misfit(found: set[str], wanted: set[str]) -> str:
    """Describe how names differ from the expected ones; "" if they do not."""
    kinds = (("without", wanted - found), ("with", found - wanted))
    return "; ".join(f"{what} {_few(sorted(names))}" for what, names in kinds if names)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _FEW:,} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more
