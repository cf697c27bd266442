"""FSC-CLIP's hard-negative losses (arXiv 2410.05210, section 3): an image and its own texts.

They use the precision of the features, which the model makes float32 or float64 for any precision
of the towers, and never wait for a device. Shape suffixes: as in `features.py`.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from data.errors import UsageError
from training.objective.features import Features, has_negative
from training.objective.loss import CaptionLoss, PerCaption

Attention = Literal["minmax", "softmax", "sparse"]


def local_similarities(
    patch_BPD: Tensor, token_BMD: Tensor, *, attention: Attention = "minmax"
) -> Tensor:
    """Return cos(v^_w, t_w) as BM, with a gradient through v and t but not through a.

    With G = V V^T (P x P) and s_wp = <t_w, v_p>,
        cos(v^_w, t_w) = sum_p a_wp s_wp / (|t_w| sqrt(a_w^T G a_w)),
    so that v^, which is tokens x D, is never formed.
    """
    product_BMP = token_BMD @ patch_BPD.mT
    weight_BMP = attention_weights(product_BMP.detach(), attention=attention)
    along_BM = (weight_BMP * product_BMP).sum(-1)
    least = torch.finfo(along_BM.dtype).tiny
    norm_BM: Tensor = torch.linalg.vector_norm(token_BMD, dim=-1).clamp_min(least)
    similarity_BM: Tensor = along_BM / (view_norms(patch_BPD, weight_BMP) * norm_BM)
    return similarity_BM


def view_norms(patch_BPD: Tensor, weight_BMP: Tensor) -> Tensor:
    """Return |sum_p a_mp v_p| = sqrt(a_m^T G a_m) as BM, G = V V^T; v^ is never formed."""
    gram_BPP = patch_BPD @ patch_BPD.mT
    square_BM = ((weight_BMP @ gram_BPP) * weight_BMP).sum(-1)
    norm_BM: Tensor = square_BM.clamp_min(torch.finfo(square_BM.dtype).tiny).sqrt()
    return norm_BM


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """The weight of each candidate.

    Attributes:
        gamma: exponent of the focal factor (1 - p)^gamma.
        beta: label smoothing over a caption and its valid negatives.
    """

    gamma: float = 2.0
    beta: float = 0.02

    def check(self, where: str) -> None:
        """Raise UsageError for a number out of range."""
        if not 0 <= self.gamma < float("inf"):
            raise UsageError(f"{where}.gamma: expected 0 or more, found {self.gamma!r}")
        if not 0 <= self.beta <= 1:
            raise UsageError(f"{where}.beta: expected 0 to 1, found {self.beta!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalOptions(Calibration):
    """The same options, and how a token weighs patches."""

    attention: Attention = "minmax"


def global_loss(features: Features, options: Calibration) -> PerCaption:
    """Return the loss of whole texts against the whole image."""
    return _calibrated(global_logits(features), features.valid_BC, options)


def local_loss(features: Features, options: LocalOptions) -> PerCaption:
    """Return the loss of a text's tokens against the image's patches."""
    logits_BC = local_logits(features, attention=options.attention)
    return _calibrated(logits_BC, features.valid_BC, options)


GLOBAL = CaptionLoss(
    name="global",
    label="global hard negatives",
    summary="an image against its own texts (FSC-CLIP, arXiv 2410.05210)",
    options=Calibration,
    weight=0.5,
    needs_negatives=True,
    function=global_loss,
)
LOCAL = CaptionLoss(
    name="local",
    label="local hard negatives",
    summary="an image's patches against its own texts' tokens (FSC-CLIP, arXiv 2410.05210)",
    options=LocalOptions,
    weight=0.2,
    needs_negatives=True,
    needs_tokens=True,
    function=local_loss,
)


def global_logits(features: Features) -> Tensor:
    """Return z_BC: z_i0 = s <f_i, g_i>, z_ik = s <f_i, g~_ik>; -inf where a negative is missing."""
    own_TD = features.image_BD[features.place_T // features.valid_BC.shape[1]]
    return _by_candidate(features.scale * (own_TD * features.text_TD).sum(-1), features)


def local_logits(features: Features, *, attention: Attention = "minmax") -> Tensor:
    """Return S_BC = logsumexp over a candidate's tokens w of s <v^_w, t_w / |t_w|>.

    v^_w = normalize(sum_p a_wp v_p) is a token's view of the image. Candidates of one image share
    their common tokens, whose similarities are computed once.

    Returns:
        -inf where a negative is missing.
    """
    assert features.patch_BPD is not None
    assert features.token_BMD is not None
    score_BM = features.scale * local_similarities(
        features.patch_BPD, features.token_BMD, attention=attention
    )
    ended = score_BM.new_full((1,), -torch.inf)
    score_TL = torch.cat([score_BM.flatten(), ended])[features.path_TL]
    return _by_candidate(score_TL.logsumexp(-1), features)


def calibrated_losses(
    logits_BC: Tensor, valid_BC: Tensor, *, gamma: float = 2.0, beta: float = 0.02
) -> Tensor:
    """Return the selectively calibrated loss of each row; 0 where a row has no negative.

    With n_i valid negatives and p the softmax over the caption and them,
        y_i0 = 1 - beta + beta / (n_i + 1),  y_ik = beta / (n_i + 1),
        L_i = sum_k y_ik (1 - p_ik)^gamma (-log p_ik).
    gamma = 0 gives label smoothing only, beta = 0 the focal loss only, both 0 plain cross-entropy.
    """
    log_BC = logits_BC.masked_fill(~valid_BC, -torch.inf).log_softmax(-1)
    log_BC = log_BC.masked_fill(~valid_BC, -1)  # any finite value: 0 times infinity is NaN
    share_B1 = beta / valid_BC.sum(-1, keepdim=True).to(log_BC.dtype)
    target_BC = share_B1.expand_as(log_BC)
    target_BC = torch.cat([target_BC[:, :1] + (1 - beta), target_BC[:, 1:]], dim=-1)
    loss_BC = -target_BC * log_BC
    if gamma:
        # At p = 1 the derivative of x^gamma is infinite for gamma < 1, so x is kept above 0.
        least = torch.finfo(log_BC.dtype).tiny
        loss_BC = loss_BC * (-torch.expm1(log_BC)).clamp_min(least) ** gamma
    counted_BC = valid_BC & has_negative(valid_BC)[:, None]
    return loss_BC.masked_fill(~counted_BC, 0).sum(-1)


def _calibrated(logits_BC: Tensor, valid_BC: Tensor, options: Calibration) -> PerCaption:
    loss_B = calibrated_losses(logits_BC, valid_BC, gamma=options.gamma, beta=options.beta)
    caption_B = logits_BC.detach().softmax(-1)[:, 0]
    return PerCaption(loss_B=loss_B, figures={"p0": caption_B * has_negative(valid_BC)})


def _by_candidate(value_T: Tensor, features: Features) -> Tensor:
    """Arrange texts' values as BC, -inf where there is no text."""
    empty = value_T.new_full((features.valid_BC.numel(),), -torch.inf)
    return empty.index_copy(0, features.place_T, value_T).view(features.valid_BC.shape)
