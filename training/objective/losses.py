"""The losses of FSC-CLIP (arXiv 2410.05210, section 3) as functions of features.

All work in the precision of their arguments, which the model makes float32 or float64 whatever
the towers ran in, and none waits for a device. Shape suffixes: B captions, K negatives a caption,
C = 1 + K candidates of an image, caption first, T texts (captions, then valid negatives), G texts
of all ranks, D embedding, P patches, M distinct tokens of an image's candidates, L token positions.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Attention = Literal["minmax", "softmax", "sparse"]


def clip_loss(image_BD: Tensor, caption_BD: Tensor, scale: Tensor) -> Tensor:
    """Return 1/2 [CE(s F G^T, diag) + CE(s G F^T, diag)], F and G normalised."""
    logits_BB = scale * image_BD @ caption_BD.T
    own_B = torch.arange(len(logits_BB), device=logits_BB.device)
    return (
        functional.cross_entropy(logits_BB, own_B) + functional.cross_entropy(logits_BB.T, own_B)
    ) / 2


def negclip_loss(
    image_BD: Tensor, caption_BD: Tensor, negative_GD: Tensor, valid_G: Tensor, scale: Tensor
) -> Tensor:
    """Return 1/2 [CE(s F [G; G~]^T, diag) + CE(s G F^T, diag)] (Yuksekgonul et al. 2023).

    Every negative stands against every image; one with `valid_G` False is no column at all.
    """
    logits_BB = scale * image_BD @ caption_BD.T
    logits_BG = (scale * image_BD @ negative_GD.T).masked_fill(~valid_G, -torch.inf)
    own_B = torch.arange(len(logits_BB), device=logits_BB.device)
    return (
        functional.cross_entropy(torch.cat([logits_BB, logits_BG], dim=1), own_B)
        + functional.cross_entropy(logits_BB.T, own_B)
    ) / 2


def global_logits(
    image_BD: Tensor, text_TD: Tensor, place_T: Tensor, scale: Tensor, *, num_candidates: int
) -> Tensor:
    """Return z_BC: z_i0 = s <f_i, g_i>, z_ik = s <f_i, g~_ik>; -inf where a negative is missing."""
    own_TD = image_BD[place_T // num_candidates]
    return by_candidate(
        scale * (own_TD * text_TD).sum(-1), place_T, len(image_BD), num_candidates=num_candidates
    )


def local_logits(  # noqa: PLR0913 - two sets of features, three indices and the scale
    patch_BPD: Tensor,
    token_BMD: Tensor,
    path_TL: Tensor,
    place_T: Tensor,
    scale: Tensor,
    *,
    num_candidates: int,
    attention: Attention = "minmax",
) -> Tensor:
    """Return S_BC = logsumexp over a candidate's tokens w of s <v^_w, t_w / |t_w|>.

    v^_w = normalize(sum_p a_wp v_p) is a token's view of the image. Candidates of one image share
    their common tokens (training.batches.layout), whose similarities are computed once.

    Returns:
        -inf where a negative is missing.
    """
    score_BM = scale * local_similarities(patch_BPD, token_BMD, attention=attention)
    ended = score_BM.new_full((1,), -torch.inf)
    score_TL = torch.cat([score_BM.flatten(), ended])[path_TL]
    return by_candidate(
        score_TL.logsumexp(-1), place_T, len(patch_BPD), num_candidates=num_candidates
    )


def local_similarities(
    patch_BPD: Tensor, token_BMD: Tensor, *, attention: Attention = "minmax"
) -> Tensor:
    """Return cos(v^_w, t_w) as BM, with gradient through v and t and none through a.

    With G = V V^T (P x P) and s_wp = <t_w, v_p>,
        cos(v^_w, t_w) = sum_p a_wp s_wp / (|t_w| sqrt(a_w^T G a_w)),
    so that v^, which is tokens x D, is never formed.
    """
    product_BMP = token_BMD @ patch_BPD.mT
    weight_BMP = attention_weights(product_BMP.detach(), attention=attention)
    gram_BPP = patch_BPD @ patch_BPD.mT
    along_BM = (weight_BMP * product_BMP).sum(-1)
    square_BM = ((weight_BMP @ gram_BPP) * weight_BMP).sum(-1)
    least = torch.finfo(square_BM.dtype).tiny
    view_BM: Tensor = square_BM.clamp_min(least).sqrt()
    norm_BM: Tensor = torch.linalg.vector_norm(token_BMD, dim=-1).clamp_min(least)
    similarity_BM: Tensor = along_BM / (view_BM * norm_BM)
    return similarity_BM


def attention_weights(product_BMP: Tensor, *, attention: Attention) -> Tensor:
    """Return a_BMP, each token's weights over the patches, with sum 1.

    minmax: (s - min_p) / (max_p - min_p), divided by its sum; equal scores give 1/P each.
    sparse: the same, entries below 1/P set to 0 before the division.
    softmax: softmax over p.
    """
    if attention == "softmax":
        return product_BMP.softmax(-1)
    least_BM1, most_BM1 = product_BMP.aminmax(dim=-1, keepdim=True)
    span_BM1 = most_BM1 - least_BM1
    weight_BMP = ((product_BMP - least_BM1) / span_BM1).masked_fill(span_BM1 == 0, 1)
    if attention == "sparse":
        weight_BMP = weight_BMP.masked_fill(weight_BMP < 1 / weight_BMP.shape[-1], 0)
    return weight_BMP / weight_BMP.sum(-1, keepdim=True)


def calibrated_losses(
    logits_BC: Tensor, valid_BC: Tensor, *, gamma: float = 2.0, beta: float = 0.02
) -> Tensor:
    """Return the selectively calibrated loss of each row; 0 where a row has no negative.

    With n_i valid negatives and p the softmax over the caption and them,
        y_i0 = 1 - beta + beta / (n_i + 1),  y_ik = beta / (n_i + 1),
        L_i = sum_k y_ik (1 - p_ik)^gamma (-log p_ik).
    gamma = 0 leaves label smoothing alone, beta = 0 the focal loss alone, both plain cross-entropy.
    """
    log_BC = logits_BC.masked_fill(~valid_BC, -torch.inf).log_softmax(-1)
    log_BC = log_BC.masked_fill(~valid_BC, -1)  # any finite value: 0 times infinity is NaN
    share_B1 = beta / valid_BC.sum(-1, keepdim=True).to(log_BC.dtype)
    target_BC = share_B1.expand_as(log_BC)
    target_BC = torch.cat([target_BC[:, :1] + (1 - beta), target_BC[:, 1:]], dim=-1)
    loss_BC = -target_BC * log_BC
    if gamma:
        # At p = 1 the derivative of x^gamma is infinite for gamma < 1, hence the least x.
        least = torch.finfo(log_BC.dtype).tiny
        loss_BC = loss_BC * (-torch.expm1(log_BC)).clamp_min(least) ** gamma
    counted_BC = valid_BC & has_negative(valid_BC)[:, None]
    return loss_BC.masked_fill(~counted_BC, 0).sum(-1)


def has_negative(valid_BC: Tensor) -> Tensor:
    """Return, as B booleans, which rows have a valid negative."""
    return valid_BC[:, 1:].any(-1)


def by_candidate(
    value_T: Tensor, place_T: Tensor, num_captions: int, *, num_candidates: int
) -> Tensor:
    """Set texts' values out as BC, -inf where there is no text."""
    empty = value_T.new_full((num_captions * num_candidates,), -torch.inf)
    return empty.index_copy(0, place_T, value_T).view(num_captions, num_candidates)


def candidates(place_T: Tensor, num_captions: int, *, num_candidates: int) -> Tensor:
    """Return valid_BC: which captions and negatives are there."""
    empty = torch.zeros(num_captions * num_candidates, dtype=torch.bool, device=place_T.device)
    return empty.index_fill(0, place_T, value=True).view(num_captions, num_candidates)
