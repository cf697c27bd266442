"""Losses that compare the model with its teacher, a moving average of itself (DeGLA).

DeGLA: arXiv 2504.16801. The teacher's features have no gradient. Shape suffixes: as in
`features.py`.
"""

import math
from dataclasses import dataclass

import torch

from data.errors import UsageError
from training.objective.features import Features, by_place, has_negative
from training.objective.loss import CaptionLoss, NoOptions, PerCaption

_NO_OPTIONS = NoOptions()


def distillation_loss(features: Features, _options: NoOptions = _NO_OPTIONS) -> PerCaption:
    """Return |f_i - f'_i|^2 + |g_i - g'_i|^2 + sum_k |g~_ik - g'~_ik|^2, with ' for the teacher's.

    DeGLA (arXiv 2504.16801), the self-distillation of section 3. The published code sums over a
    batch of 256 with a weight of 0.005; here it is the mean over captions, with 256 times that
    weight.
    """
    assert features.teacher_BD is not None
    assert features.teacher_TD is not None
    image_B = (features.image_BD - features.teacher_BD).square().sum(-1)
    text_T1 = (features.text_TD - features.teacher_TD).square().sum(-1, keepdim=True)
    text_BC1 = by_place(text_T1, features.place_T, shape=features.valid_BC.shape)
    text_BC = text_BC1.squeeze(-1).masked_fill(~features.valid_BC, 0)
    return PerCaption(loss_B=image_B + text_BC.sum(-1))


@dataclass(frozen=True, kw_only=True, slots=True)
class TextScale:
    """The scale of text similarities, instead of the model's own."""

    scale: float = 10.0

    def check(self, where: str) -> None:
        """Raise UsageError for a number out of range."""
        if not 0 < self.scale < math.inf:
            raise UsageError(f"{where}.scale: expected a positive number, found {self.scale!r}")


def text_grounded_loss(features: Features, options: TextScale) -> PerCaption:
    """Return CE([c <g_i, g'_i>, c <g_i, g~_ik> for k], first), g' the teacher's captions, c = 10.

    DeGLA (arXiv 2504.16801), the text-grounded contrast of section 3. Its image-grounded contrast
    is the global loss with gamma and beta of 0.
    """
    assert features.teacher_TD is not None
    text_BCD = features.text_BCD
    taught_BCD = by_place(features.teacher_TD, features.place_T, shape=features.valid_BC.shape)
    compared_BCD = torch.cat([taught_BCD[:, :1], text_BCD[:, 1:]], dim=1)
    logits_BC = options.scale * (compared_BCD @ text_BCD[:, 0, :, None]).squeeze(-1)
    log_BC = logits_BC.masked_fill(~features.valid_BC, -torch.inf).log_softmax(-1)
    return PerCaption(loss_B=(-log_BC[:, 0]).masked_fill(~has_negative(features.valid_BC), 0))


DISTILLATION = CaptionLoss(
    name="distillation",
    label="distance from the teacher",
    summary="images and texts stay close to the teacher's (DeGLA, arXiv 2504.16801)",
    weight=1.28,
    needs_teacher=True,
    function=distillation_loss,
)
TEXT_GROUNDED = CaptionLoss(
    name="text_grounded",
    label="captions from their negatives",
    summary="a caption closer to the teacher's than to its negatives (DeGLA, arXiv 2504.16801)",
    options=TextScale,
    weight=0.1,
    needs_images=False,
    needs_negatives=True,
    needs_teacher=True,
    function=text_grounded_loss,
)
