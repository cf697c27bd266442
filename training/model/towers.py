"""The features of a CLIP model's two towers: global features, patches and tokens.

The towers' own modules are called; only the way in which they are combined is repeated here. Shape
suffixes: B images, P patches, D embedding, W width of the text tower, R rows, S slots, T texts, X =
R S states, M distinct tokens of an image's texts, C a ResNet's channels.
"""

from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.batches.layout import Layout, tree_mask

TextKind = Literal["causal", "padded", "huggingface"]


def encode_images(visual: Any, image_BCHW: Tensor) -> Tensor:  # noqa: ANN401 - open_clip is untyped
    """Return normalised features as BD."""
    return functional.normalize(_precise(visual(image_BCHW)), dim=-1)


def encode_patches(visual: Any, image_BCHW: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    """Return normalised features as BD, and those of patches, in the joint space, as BPD.

    A Vision Transformer's are proj(ln_post(x_p)). In a tower that pools by attention (SigLIP's), a
    patch's features are those of an image with this patch only. In a ResNet they are the output of
    the attention pool if all its heads attended to that position: c_proj(v_proj(x_p + position_p)),
    as in MaskCLIP (Zhou et al. 2022, arXiv 2112.01071, eq. 3).
    """
    if is_resnet(visual):
        return _resnet_patches(visual, image_BCHW)
    if pools_by_attention(visual):
        state_BPW = visual.trunk.forward_features(image_BCHW)
        image_BD = visual.head(visual.trunk.forward_head(state_BPW))
        patch_XD = visual.head(visual.trunk.forward_head(state_BPW.flatten(0, 1)[:, None]))
        patch_BPD = patch_XD.unflatten(0, state_BPW.shape[:2])
        return functional.normalize(_precise(image_BD), dim=-1), _precise(patch_BPD)
    out = visual.forward_intermediates(
        image_BCHW, indices=1, normalize_intermediates=True, output_fmt="NLC"
    )
    patch_BPD = out["image_intermediates"][-1] @ visual.proj
    return functional.normalize(_precise(out["image_features"]), dim=-1), _precise(patch_BPD)


def _resnet_patches(visual: Any, image_BCHW: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    out, pool = visual.forward_intermediates(image_BCHW, indices=1), visual.attnpool
    place_BPC = out["image_intermediates"][-1].flatten(2).mT
    place_BPC = place_BPC + pool.positional_embedding[1:].to(place_BPC.dtype)
    patch_BPD = pool.c_proj(pool.v_proj(place_BPC))
    return functional.normalize(_precise(out["image_features"]), dim=-1), _precise(patch_BPD)


def is_resnet(visual: Any) -> bool:  # noqa: ANN401
    """Tell whether an image tower is one of CLIP's ResNets, the only ones with such a pool."""
    return hasattr(visual, "attnpool")


def pools_by_attention(visual: Any) -> bool:  # noqa: ANN401
    """Tell whether an image tower is one of timm's that pools its patches by attention alone."""
    trunk: Any = getattr(visual, "trunk", None)
    pool = getattr(trunk, "attn_pool", None)
    return pool is not None and pool.pos_embed is None and trunk.num_prefix_tokens == 0


class TextFeatures(NamedTuple):
    """Normalised features of each text, features of each image's tokens, states of its caption.

    `token_BMD`: None if not requested. `state_BW`: of a caption's last token, before the
    projection; None if the tower is not causal.
    """

    text_TD: Tensor
    token_BMD: Tensor | None
    state_BW: Tensor | None


def encode_texts(
    clip: Any,  # noqa: ANN401
    layout: Layout,
    *,
    kind: TextKind,
    tokens: bool,
) -> TextFeatures:
    """Return a text tower's features of a batch's texts and, if requested, of their tokens."""
    tower = getattr(clip, "text", clip)
    state_BW = None
    if kind == "causal":
        state_XW = _causal_states(tower, layout)
        state_TW = state_XW[layout.last_T]
        text_TD, state_BW = _project(tower, state_TW), state_TW[: len(layout.valid_BC)]
    elif kind == "padded":
        text_TD, state_XW = _padded_states(clip, layout)
    else:
        text_TD, state_XW = _huggingface_states(tower, layout)
    token_BMD = _precise(_project(tower, state_XW[layout.node_BM])) if tokens else None
    return TextFeatures(functional.normalize(_precise(text_TD), dim=-1), token_BMD, state_BW)


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
