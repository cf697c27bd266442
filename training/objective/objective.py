"""The loss of a preset: total = contrastive + lambda_g global + lambda_l local.

On W ranks the mean of the ranks' totals, and of each term, is that of the whole batch; so is the
gradient that DistributedDataParallel averages (gather.py). Shape suffixes: B captions, K
negatives a caption, C = 1 + K candidates, T texts, D embedding, G captions of all ranks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor

from training.batches.layout import Layout
from training.model.towers import Features
from training.objective.gather import gather, num_ranks, total
from training.objective.losses import (
    Attention,
    calibrated_losses,
    candidates,
    clip_loss,
    global_logits,
    has_negative,
    local_logits,
    negclip_loss,
)

Terms = dict[str, Tensor]  # name -> 0-d, without gradient


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """What is minimised.

    Attributes:
        contrastive: captions only, or every negative as a negative of every image.
        global_weight: lambda_g of the global hard-negative loss; 0 leaves it out.
        local_weight: lambda_l of the local one; 0 leaves it out, and needs no patches.
        gamma: exponent of the focal factor (1 - p)^gamma.
        beta: label smoothing over a caption and its valid negatives.
        attention: how a token weighs patches.
    """

    contrastive: Literal["clip", "negclip"] = "clip"
    global_weight: float = 0.0
    local_weight: float = 0.0
    gamma: float = 2.0
    beta: float = 0.02
    attention: Attention = "minmax"

    @property
    def needs_negatives(self) -> bool:
        """Tell whether anything in it is about negatives."""
        return bool(self.contrastive == "negclip" or self.global_weight or self.local_weight)


OBJECTIVES: Mapping[str, Objective] = MappingProxyType(
    {
        "fsc-clip": Objective(global_weight=0.5, local_weight=0.2),
        "negclip": Objective(contrastive="negclip"),
        "clip": Objective(),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contrast:
    """What the contrastive loss needs of a rank: image_BD, text_BCD with C = 1 for `clip`."""

    image_BD: Tensor
    text_BCD: Tensor
    valid_BC: Tensor
    scale: Tensor


def whole_loss(
    features: Features, layout: Layout, objective: Objective, *, num_candidates: int
) -> tuple[Tensor, Terms]:
    """Return this rank's loss of a batch that went through the towers at once, and its terms."""
    contrast = contrast_of(features, layout, objective, num_candidates=num_candidates)
    rows = num_rows([layout], len(features.image_BD), num_candidates=num_candidates)
    hard, terms = hard_negative_loss(
        features, layout, objective, rows=rows, num_candidates=num_candidates
    )
    plain = contrastive_loss(contrast, objective)
    terms[objective.contrastive] = plain.detach()
    terms["scale"] = features.scale.detach()
    terms["loss"] = (plain + hard).detach()
    return plain + hard, terms


def contrast_of(
    features: Features, layout: Layout, objective: Objective, *, num_candidates: int
) -> Contrast:
    """Return what the contrastive loss needs, missing negatives as zeros marked invalid."""
    num_captions = len(features.image_BD)
    valid_BC = candidates(layout.place_T, num_captions, num_candidates=num_candidates)
    empty = features.text_TD.new_zeros(num_captions * num_candidates, features.text_TD.shape[1])
    text_BCD = empty.index_copy(0, layout.place_T, features.text_TD).view(*valid_BC.shape, -1)
    used = 1 if objective.contrastive == "clip" else num_candidates
    return Contrast(
        image_BD=features.image_BD,
        text_BCD=text_BCD[:, :used],
        valid_BC=valid_BC[:, :used],
        scale=features.scale,
    )


def contrastive_loss(contrast: Contrast, objective: Objective) -> Tensor:
    """Return the contrastive loss over all ranks' captions, the same on every rank."""
    with _full_precision(contrast.scale):
        image_GD, text_GCD = gather(contrast.image_BD), gather(contrast.text_BCD)
        if objective.contrastive == "clip":
            return clip_loss(image_GD, text_GCD[:, 0], contrast.scale)
        valid_GC = gather(contrast.valid_BC)
        return negclip_loss(
            image_GD,
            text_GCD[:, 0],
            text_GCD[:, 1:].flatten(0, 1),
            valid_GC[:, 1:].flatten(),
            contrast.scale,
        )


def num_rows(layouts: list[Layout], num_captions: int, *, num_candidates: int) -> Tensor:
    """Return how many captions of all ranks have a valid negative, at least 1."""
    counts = [
        has_negative(candidates(layout.place_T, num_captions, num_candidates=num_candidates)).sum()
        for layout in layouts
    ]
    return total(torch.stack(counts).sum()).clamp_min(1)


def hard_negative_loss(
    features: Features,
    layout: Layout,
    objective: Objective,
    *,
    rows: Tensor,
    num_candidates: int,
) -> tuple[Tensor, Terms]:
    """Return lambda_g L_global + lambda_l L_local of this rank's captions, and the terms.

    Args:
        features: of one rank's batch, or of a part of it.
        layout: of the same.
        objective: which heads, and how they are calibrated.
        rows: what the sums over rows are divided by (num_rows).
        num_candidates: C.
    """
    loss = features.scale * 0  # a head that is left out still lets gradients of zero through
    terms: Terms = {}
    share = num_ranks() / rows
    place_T, num_captions = layout.place_T, len(features.image_BD)
    valid_BC = candidates(place_T, num_captions, num_candidates=num_candidates)
    with _full_precision(features.scale):
        for head, weight, logits_BC in _heads(features, layout, objective, num_candidates):
            losses_B = calibrated_losses(
                logits_BC, valid_BC, gamma=objective.gamma, beta=objective.beta
            )
            term = losses_B.sum() * share
            loss = loss + weight * term
            terms[head] = term.detach()
            caption_B = logits_BC.detach().softmax(-1)[:, 0]
            terms[f"{head}_p0"] = (caption_B * has_negative(valid_BC)).sum() * share
    return loss, terms


def _heads(
    features: Features, layout: Layout, objective: Objective, num_candidates: int
) -> list[tuple[str, float, Tensor]]:
    """Return name, weight and logits_BC of each head in use."""
    heads = []
    if objective.global_weight:
        logits_BC = global_logits(
            features.image_BD,
            features.text_TD,
            layout.place_T,
            features.scale,
            num_candidates=num_candidates,
        )
        heads.append(("global", objective.global_weight, logits_BC))
    if objective.local_weight:
        assert features.patch_BPD is not None
        assert features.token_BMD is not None
        logits_BC = local_logits(
            features.patch_BPD,
            features.token_BMD,
            layout.path_TL,
            layout.place_T,
            features.scale,
            num_candidates=num_candidates,
            attention=objective.attention,
        )
        heads.append(("local", objective.local_weight, logits_BC))
    return heads


def _full_precision(like: Tensor) -> torch.autocast:
    return torch.autocast(like.device.type, enabled=False)
