"""Losses over several true texts about an image: paraphrases, or parts of a caption.

A missing positive is ignored: it has neither a row nor a column, and nothing replaces it. Shape
suffixes: as in `features.py`; M = 1 + Q texts that are true of an image, the caption first.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from data.errors import UsageError
from training.objective.features import Features
from training.objective.loss import BatchLoss, CaptionLoss, NoOptions, PerCaption
from training.objective.losses.hard_negatives import view_norms

_NO_OPTIONS = NoOptions()


def paraphrase_loss(features: Features, _options: NoOptions = _NO_OPTIONS) -> Tensor:
    """Return the mean over positives p_iq of CE(s <p_iq, g_j> over j, i), g the captions.

    READ-CLIP's sentence-level alignment (arXiv 2510.16540, section 3), with one positive per
    caption; here with any number. Images are not used.
    """
    positive_BQD, there_BQ = features.positives
    logits_BQB = features.scale * positive_BQD @ features.text_BCD[:, 0].T
    loss_BQ = -logits_BQB.log_softmax(-1).diagonal(dim1=0, dim2=2).T
    return _mean(loss_BQ, there_BQ)


def several_captions_loss(features: Features, _options: NoOptions = _NO_OPTIONS) -> Tensor:
    """Return the mean over true texts t_im of 1/2 [CE(s <f_i, t_jm> over j) + CE(s <t_im, f_j>)].

    CLIC (arXiv 2505.24424), equation 4: CLIP's loss for each place m of captions and positives
    separately, so that two texts of one image are never contrasted.
    """
    text_BMD, there_BM = true_texts(features)
    logits_MBB = features.scale * torch.einsum("bd,cmd->mbc", features.image_BD, text_BMD)
    own_BB = torch.eye(len(text_BMD), dtype=torch.bool, device=text_BMD.device)
    gone_MBB = ~there_BM.T[:, None, :] & ~own_BB  # a row without a finite number would give NaN
    log_MBB = logits_MBB.masked_fill(gone_MBB, -torch.inf).log_softmax(2)
    to_text_MB = log_MBB.diagonal(dim1=1, dim2=2)
    to_image_MB = logits_MBB.log_softmax(1).diagonal(dim1=1, dim2=2)
    return _mean(-(to_text_MB + to_image_MB).T / 2, there_BM)


def phrases_loss(features: Features, _options: NoOptions = _NO_OPTIONS) -> Tensor:
    """Return -1/N sum_n sum_i log sigma(y_in (s <f_i, p_n> + b)), y = 1 where p_n is of image i.

    C2LIP (arXiv 2603.25722), the contrastive loss of noun phrases: N positives of all captions
    against every image, each pair independently.
    """
    similarity_BBQ = torch.einsum("id,jqd->ijq", features.image_BD, features.positives[0])
    return _pair_by_pair(similarity_BBQ, features)


def attended_phrases_loss(features: Features, _options: NoOptions = _NO_OPTIONS) -> Tensor:
    """Return the loss of phrases with <v^_in, p_n> instead of <f_i, p_n>.

    v^_in = normalize(sum_p a_inp v_ip) is a phrase's view of an image: a_in is the softmax over
    patches p of <p_n, v_ip>, v_ip of length 1. C2LIP (arXiv 2603.25722), its cross-modal attention,
    which has no weights. Gradients go through a as well.
    """
    assert features.patch_BPD is not None
    positive_BQD = features.positives[0]
    patch_BPD = functional.normalize(features.patch_BPD, dim=-1)
    product_BNP = positive_BQD.flatten(0, 1) @ patch_BPD.mT
    weight_BNP = product_BNP.softmax(-1)
    along_BN = (weight_BNP * product_BNP).sum(-1)
    similarity_BN = along_BN / view_norms(patch_BPD, weight_BNP)
    return _pair_by_pair(similarity_BN.view(-1, *positive_BQD.shape[:2]), features)


def _pair_by_pair(similarity_BBQ: Tensor, features: Features) -> Tensor:
    """Return -1/N sum_n sum_i log sigma(y_in (s similarity_in + b)) over the N positives."""
    assert features.bias is not None
    there_BQ = features.positives[1]
    logits_BBQ = features.scale * similarity_BBQ + features.bias
    own_BB = torch.eye(len(logits_BBQ), dtype=torch.bool, device=logits_BBQ.device)
    signed_BBQ = torch.where(own_BB[:, :, None], logits_BBQ, -logits_BBQ)
    return _mean(-functional.logsigmoid(signed_BBQ).sum(0), there_BQ)


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstPositives:
    """The number of a caption's positives that count: the first of those drawn."""

    first: int = 1

    def check(self, where: str) -> None:
        """Raise UsageError for a number out of range."""
        if self.first < 1:
            raise UsageError(f"{where}.first: expected 1 or more, found {self.first!r}")


def text_distance_loss(features: Features, options: FirstPositives) -> PerCaption:
    """Return |g_i - p_iq|^2, the mean over a caption's first positives.

    CLIC (arXiv 2505.24424), equation 6. There the positive is always the caption reordered; the
    draw {reordered: true} puts such a positive first if a row has one, and otherwise another is
    used.
    """
    positive_BQD, there_BQ = features.positives
    positive_BQD, there_BQ = positive_BQD[:, : options.first], there_BQ[:, : options.first]
    square_BQ = (positive_BQD - features.text_BCD[:, :1]).square().sum(-1)
    return PerCaption(loss_B=mean_of_each(square_BQ, there_BQ))


def separate_negatives_loss(features: Features, _options: NoOptions = _NO_OPTIONS) -> PerCaption:
    """Return the mean over true texts t_im of CE([s <f_i, t_im>, s <f_i, g~_ik> for k], first).

    CLIC (arXiv 2505.24424), equation 5, with one negative; here with any number. Without positives
    it is the global loss with gamma and beta of 0.
    """
    positive_BM, negative_BK = image_scores(features)
    missing_BK = ~features.valid_BC[:, 1:]
    least = torch.finfo(negative_BK.dtype).min / 2  # -inf would give NaN for a row without any
    negative_B = negative_BK.masked_fill(missing_BK, least).logsumexp(-1)
    loss_BM = functional.softplus(negative_B[:, None] - positive_BM)
    there_BM = true_texts(features)[1] & ~missing_BK.all(-1, keepdim=True)
    return PerCaption(loss_B=mean_of_each(loss_BM, there_BM))


def true_texts(features: Features) -> tuple[Tensor, Tensor]:
    """Return captions and positives as BMD, and which exist as BM."""
    positive_BQD, there_BQ = features.positives
    return (
        torch.cat([features.text_BCD[:, :1], positive_BQD], dim=1),
        torch.cat([features.valid_BC[:, :1], there_BQ], dim=1),
    )


def image_scores(features: Features) -> tuple[Tensor, Tensor]:
    """Return s <f_i, t> of an image's true texts as BM, and of its negatives as BK."""
    image_BD1 = features.image_BD[:, :, None]
    positive_BM = (true_texts(features)[0] @ image_BD1).squeeze(-1)
    negative_BK = (features.text_BCD[:, 1:] @ image_BD1).squeeze(-1)
    return features.scale * positive_BM, features.scale * negative_BK


def mean_of_each(value_BN: Tensor, there_BN: Tensor) -> Tensor:
    """Return each caption's mean over existing values, 0 without any."""
    return value_BN.masked_fill(~there_BN, 0).sum(-1) / there_BN.sum(-1).clamp_min(1)


def _mean(value_BN: Tensor, there_BN: Tensor) -> Tensor:
    """Return the mean over existing values, 0 without any."""
    return value_BN.masked_fill(~there_BN, 0).sum() / there_BN.sum().clamp_min(1)


PARAPHRASE = BatchLoss(
    name="paraphrase",
    label="paraphrases",
    summary="a positive against every caption (READ-CLIP, arXiv 2510.16540)",
    weight=0.5,
    needs_images=False,
    needs_positives=True,
    function=paraphrase_loss,
)
SEVERAL_CAPTIONS = BatchLoss(
    name="several_captions",
    label="contrastive, several captions",
    summary="every image against every caption and every positive (CLIC, arXiv 2505.24424)",
    needs_positives=True,
    function=several_captions_loss,
)
PHRASES = BatchLoss(
    name="phrases",
    label="phrases, pair by pair",
    summary="every image against every positive, each pair independently (C2LIP, arXiv 2603.25722)",
    needs_positives=True,
    needs_bias=True,
    function=phrases_loss,
)
ATTENDED_PHRASES = BatchLoss(
    name="attended_phrases",
    label="phrases and patches, pair by pair",
    summary="the same, with the patches a positive attends to (C2LIP, arXiv 2603.25722)",
    weight=0.01,
    needs_positives=True,
    needs_patches=True,
    needs_bias=True,
    function=attended_phrases_loss,
)
TEXT_DISTANCE = CaptionLoss(
    name="text_distance",
    label="distance of positives",
    summary="pulls a caption towards its positives (CLIC, arXiv 2505.24424)",
    options=FirstPositives,
    needs_images=False,
    needs_positives=True,
    function=text_distance_loss,
)
SEPARATE_NEGATIVES = CaptionLoss(
    name="separate_negatives",
    label="negatives of each positive",
    summary="negatives against the caption and its positives in turn (CLIC, arXiv 2505.24424)",
    weight=0.5,
    needs_negatives=True,
    function=separate_negatives_loss,
)
