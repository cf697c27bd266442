"""Losses that demand a margin between a true text and its negatives.

Margins are in units of logits, similarities times s. Shape suffixes: as in `features.py`; M = 1 + Q
texts that are true of an image, the caption first.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from data.errors import UsageError
from training.objective.features import Features, has_negative
from training.objective.loss import BatchLoss, CaptionLoss, CarryingLoss, NoOptions, PerCaption
from training.objective.losses.positives import image_scores, mean_of_each, true_texts

_NO_OPTIONS = NoOptions()


def intra_modal_loss(features: Features, _options: NoOptions = _NO_OPTIONS) -> Tensor:
    """Return the mean over captions of log sum_jk exp(s <g_i, g~_jk>), over all negatives.

    CE-CLIP (arXiv 2306.08832), the intra-modal contrast of section 3: captions move away from
    negatives. Images are not used.
    """
    caption_BD, negative_ND = features.text_BCD[:, 0], features.text_BCD[:, 1:].flatten(0, 1)
    there_N = features.valid_BC[:, 1:].flatten()
    logits_BN = features.scale * caption_BD @ negative_ND.T
    least = torch.finfo(logits_BN.dtype).min / 2  # -inf would give NaN for a batch without any
    loss_B = logits_BN.masked_fill(~there_N, least).logsumexp(-1)
    return (loss_B * there_N.any()).mean()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """The largest margin that a threshold may reach."""

    upper_bound: float = 10.0

    def check(self, where: str) -> None:
        """Raise UsageError for a number outside of its range."""
        if not 0 <= self.upper_bound < math.inf:
            raise UsageError(f"{where}.upper_bound: expected 0 or more, found {self.upper_bound!r}")


def ranking_loss(
    features: Features, options: Ranking, threshold_K: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the mean over negatives of max(0, Th_k + s <f_i, g~_ik> - s <f_i, g_i>), and new Th.

    CE-CLIP (arXiv 2306.08832), the cross-modal rank of section 3, with adaptive thresholds: the
    threshold of place k is the mean gap s <f_i, g_i> - s <f_i, g~_ik> of the previous step, clamped
    to 0 and `upper_bound`, and 0 at first. A place without negatives in a step keeps its threshold.
    """
    positive_BM, negative_BK = image_scores(features)
    there_BK = features.valid_BC[:, 1:]
    gap_BK = positive_BM[:, :1] - negative_BK
    loss_BK = (threshold_K - gap_BK).clamp_min(0).masked_fill(~there_BK, 0)
    count_K = there_BK.sum(0)
    mean_K = gap_BK.detach().masked_fill(~there_BK, 0).sum(0) / count_K.clamp_min(1)
    after_K = torch.where(count_K > 0, mean_K.clamp(0, options.upper_bound), threshold_K)
    return loss_BK.sum() / count_K.sum().clamp_min(1), after_K


def _no_margin(_options: Ranking, features: Features) -> Tensor:
    return features.scale.detach().new_zeros(features.valid_BC.shape[1] - 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Margin:
    """The margin demanded of a pair, depending on its gap.

    Attributes:
        margin: m_0, for a pair with at least that gap.
        doubt: beta; a pair with a smaller gap counts as wrongly labelled and is left out.
        stretch: gamma; how much the margin has grown, in units of m_0, where doubt begins.
    """

    margin: float = 0.5
    doubt: float = -2.0
    stretch: float = 4.0

    def check(self, where: str) -> None:
        """Raise UsageError for numbers out of range."""
        if not (0 < self.margin < math.inf and 0 <= self.stretch < math.inf):
            raise UsageError(
                f"{where}: expected a margin above 0 and a stretch of 0 or more, found "
                f"{self.margin!r} and {self.stretch!r}"
            )
        if not -math.inf < self.doubt < self.margin:
            raise UsageError(
                f"{where}.doubt: expected less than the margin of {self.margin!r}, found "
                f"{self.doubt!r}"
            )


def margin_loss(features: Features, options: Margin) -> PerCaption:
    """Return the mean over an image's pairs of max(0, m(d) - d).

    d = s <f_i, t_im> - s <f_i, g~_ik> is the gap between a true text and a negative, and m(d) = m_0
    (1 + gamma (m_0 - d) / (m_0 - beta)) for beta <= d <= m_0: the closer a negative, the larger the
    margin. A gap below beta makes the label doubtful: such a pair adds no loss. No gradient goes
    through m.

    SPARCL (arXiv 2503.01167), the adaptive margin of section 3, between the true texts of an image
    and its negatives. The paper also has synthetic images, with terms of their own.
    """
    positive_BM, negative_BK = image_scores(features)
    gap_BMK = positive_BM[:, :, None] - negative_BK[:, None, :]
    there_BMK = true_texts(features)[1][:, :, None] & features.valid_BC[:, None, 1:]
    known_BMK = gap_BMK.detach()
    share_BMK = (options.margin - known_BMK) / (options.margin - options.doubt)
    margin_BMK = options.margin * (1 + options.stretch * share_BMK.clamp_min(0))
    doubtful_BMK = known_BMK < options.doubt
    loss_BMK = (margin_BMK - gap_BMK).clamp_min(0).masked_fill(doubtful_BMK, 0)
    left_out_B = mean_of_each(doubtful_BMK.to(gap_BMK.dtype).flatten(1), there_BMK.flatten(1))
    return PerCaption(
        loss_B=mean_of_each(loss_BMK.flatten(1), there_BMK.flatten(1)),
        figures={"left_out": left_out_B * has_negative(features.valid_BC)},
    )


INTRA_MODAL = BatchLoss(
    name="intra_modal",
    label="captions from negatives",
    summary="pushes captions away from all negatives (CE-CLIP, arXiv 2306.08832)",
    weight=0.3,
    needs_images=False,
    needs_negatives=True,
    function=intra_modal_loss,
)
RANKING = CarryingLoss(
    name="ranking",
    label="ranking",
    summary="a caption above its negatives by a growing margin (CE-CLIP, arXiv 2306.08832)",
    options=Ranking,
    weight=0.2,
    needs_negatives=True,
    function=ranking_loss,
    first=_no_margin,
    carries="threshold",
)
MARGIN = CaptionLoss(
    name="margin",
    label="margin",
    summary="true texts above negatives, ignoring doubtful ones (SPARCL, arXiv 2503.01167)",
    options=Margin,
    weight=0.01,
    needs_negatives=True,
    function=margin_loss,
)
