"""The features of a CLIP model's two towers: global features, patches and tokens.

The towers' own modules are called; only their composition is repeated here. Shape suffixes: B
images, P patches, D embedding, W width of the text tower, R rows, S slots, T texts, X = R S states,
M distinct tokens of an image's texts, H attention heads.
"""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.batches.layout import Layout, tree_mask

TextKind = Literal["causal", "padded", "huggingface"]


def encode_images(visual: Any, image_BCHW: Tensor) -> Tensor:  # noqa: ANN401 - open_clip is untyped
    """Return normalised features as BD."""
    return functional.normalize(_precise(visual(image_BCHW)), dim=-1)


def encode_patches(visual: Any, image_BCHW: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    """Return normalised features as BD, and patch features proj(ln_post(x_p)) as BPD."""
    out = visual.forward_intermediates(
        image_BCHW, indices=1, normalize_intermediates=True, output_fmt="NLC"
    )
    patch_BPD = out["image_intermediates"][-1] @ visual.proj
    return functional.normalize(_precise(out["image_features"]), dim=-1), _precise(patch_BPD)


def encode_texts(
    clip: Any,  # noqa: ANN401
    layout: Layout,
    *,
    kind: TextKind,
    tokens: bool,
) -> tuple[Tensor, Tensor | None]:
    """Return normalised features of texts as TD, and of each image's tokens as BMD if wanted."""
    tower = getattr(clip, "text", clip)
    if kind == "causal":
        state_XW = _causal_states(tower, layout)
        text_TD = _project(tower, state_XW[layout.last_T])
    elif kind == "padded":
        text_TD, state_XW = _padded_states(clip, layout)
    else:
        text_TD, state_XW = _huggingface_states(tower, layout)
    token_BMD = _precise(_project(tower, state_XW[layout.node_BM])) if tokens else None
    return functional.normalize(_precise(text_TD), dim=-1), token_BMD


def _causal_states(tower: Any, layout: Layout) -> Tensor:  # noqa: ANN401
    """Return ln_final of every slot as XW, each attending to its own text's prefix."""
    dtype = tower.transformer.get_cast_dtype()
    state_RSW = tower.token_embedding(layout.token_RS).to(dtype)
    state_RSW = state_RSW + tower.positional_embedding[layout.position_RS].to(dtype)
    seen_RSS = tree_mask(layout.end_RS)
    mask_RSS = torch.zeros_like(seen_RSS, dtype=dtype).masked_fill(~seen_RSS, -torch.inf)
    num_heads = tower.transformer.resblocks[0].attn.num_heads
    state_RSW = tower.transformer(state_RSW, attn_mask=mask_RSS.repeat_interleave(num_heads, 0))
    states: Tensor = tower.ln_final(state_RSW).flatten(0, 1)
    return states


def _padded_states(clip: Any, layout: Layout) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    out = clip.forward_intermediates(
        text=layout.token_RS,
        text_indices=1,
        normalize=False,
        normalize_intermediates=True,
        text_output_fmt="NLC",
    )
    return out["text_features"], out["text_intermediates"][-1].flatten(0, 1)


def _huggingface_states(tower: Any, layout: Layout) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    mask_TL = (layout.token_RS != tower.config.pad_token_id).long()
    out = tower.transformer(input_ids=layout.token_RS, attention_mask=mask_TL)
    text_TD = tower.proj(tower.pooler(out, mask_TL))
    return text_TD, out.last_hidden_state.flatten(0, 1)


def _project(tower: Any, state: Tensor) -> Tensor:  # noqa: ANN401
    """Apply a text tower's projection, which open_clip stores in one of four forms."""
    projection = tower.proj if hasattr(tower, "proj") else tower.text_projection
    if projection is None:
        return state
    projected: Tensor
    projected = projection(state) if isinstance(projection, nn.Module) else state @ projection
    return projected


def _precise(features: Tensor) -> Tensor:
    return features.float() if features.dtype in {torch.float16, torch.bfloat16} else features
