"""Losses that compare every image of a step with every caption of it."""

import torch
from torch import Tensor
from torch.nn import functional

from training.objective.features import Features
from training.objective.loss import BatchLoss, NoOptions

_NO_OPTIONS = NoOptions()


def clip_loss(features: Features, _options: NoOptions = _NO_OPTIONS) -> Tensor:
    """Return 1/2 [CE(s F G^T, diag) + CE(s G F^T, diag)], F images and G captions."""
    logits_BB = features.scale * features.image_BD @ features.text_BCD[:, 0].T
    own_B = torch.arange(len(logits_BB), device=logits_BB.device)
    return (
        functional.cross_entropy(logits_BB, own_B) + functional.cross_entropy(logits_BB.T, own_B)
    ) / 2


def negclip_loss(features: Features, _options: NoOptions = _NO_OPTIONS) -> Tensor:
    """Return 1/2 [CE(s F [G; G~]^T, diag) + CE(s G F^T, diag)] (Yuksekgonul et al. 2023).

    Every negative is compared with every image; missing ones have no column.
    """
    image_BD, text_BCD, scale = features.image_BD, features.text_BCD, features.scale
    negative_ND, valid_N = text_BCD[:, 1:].flatten(0, 1), features.valid_BC[:, 1:].flatten()
    logits_BB = scale * image_BD @ text_BCD[:, 0].T
    logits_BN = (scale * image_BD @ negative_ND.T).masked_fill(~valid_N, -torch.inf)
    own_B = torch.arange(len(logits_BB), device=logits_BB.device)
    return (
        functional.cross_entropy(torch.cat([logits_BB, logits_BN], dim=1), own_B)
        + functional.cross_entropy(logits_BB.T, own_B)
    ) / 2


def sigmoid_loss(features: Features, _options: NoOptions = _NO_OPTIONS) -> Tensor:
    """Return -1/B sum_ij log sigma(y_ij (s <f_i, g_j> + b)), y_ii = 1 and -1 elsewhere.

    SigLIP (Zhai et al. 2023, arXiv 2303.15343), section 3.2; b is the model's own bias.
    """
    assert features.bias is not None
    logits_BB = features.scale * features.image_BD @ features.text_BCD[:, 0].T + features.bias
    own_BB = torch.eye(len(logits_BB), dtype=torch.bool, device=logits_BB.device)
    signed_BB = torch.where(own_BB, logits_BB, -logits_BB)
    return -functional.logsigmoid(signed_BB).sum() / len(logits_BB)


CLIP = BatchLoss(
    name="clip",
    label="contrastive",
    summary="every image against every caption (CLIP, arXiv 2103.00020)",
    function=clip_loss,
)
NEGCLIP = BatchLoss(
    name="negclip",
    label="contrastive, with negatives",
    summary="the same, with every negative against every image (NegCLIP, arXiv 2210.01936)",
    needs_negatives=True,
    function=negclip_loss,
)
SIGMOID = BatchLoss(
    name="sigmoid",
    label="contrastive, pair by pair",
    summary="every image against every caption, each pair independently (SigLIP, arXiv 2303.15343)",
    needs_bias=True,
    function=sigmoid_loss,
)
