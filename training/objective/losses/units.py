"""The loss of CS-CLIP (arXiv 2602.23906): parts of a caption, each with its own foil.

The foil of the unit in place q is the negative in place q, as the draw {pairs: N} gives them: an
entity or relation of the caption, and the same with one change. Shape suffixes: as in
`features.py`.
"""

import torch
from torch import Tensor

from training.objective.features import Features
from training.objective.loss import BatchLoss, NoOptions

_NO_OPTIONS = NoOptions()


def units_loss(features: Features, _options: NoOptions = _NO_OPTIONS) -> Tensor:
    """Return the mean over units u_iq, with foil v_iq, of 1/2 [CE_text + CE_image].

    CE_text = CE([s <f_i, u_jq> for j, s <f_i, v_iq>], i), the units of place q of all captions and
    the one foil; CE_image = CE(s <u_iq, f_j> over j, i). A unit without a foil is ignored. CS-CLIP
    (arXiv 2602.23906), the loss of components.
    """
    unit_BQD, there_BQ = features.positives
    foil_BQD, foil_BQ = features.text_BCD[:, 1:], features.valid_BC[:, 1:]
    num_pairs = min(unit_BQD.shape[1], foil_BQD.shape[1])
    unit_BQD, foil_BQD = unit_BQD[:, :num_pairs], foil_BQD[:, :num_pairs]
    there_BQ = there_BQ[:, :num_pairs] & foil_BQ[:, :num_pairs]
    logits_QBB = features.scale * torch.einsum("id,jqd->qij", features.image_BD, unit_BQD)
    foil_QB = features.scale * torch.einsum("id,iqd->qi", features.image_BD, foil_BQD)
    own_BB = torch.eye(len(unit_BQD), dtype=torch.bool, device=unit_BQD.device)
    gone_QBB = ~there_BQ.T[:, None, :] & ~own_BB
    seen_QBN = torch.cat([logits_QBB.masked_fill(gone_QBB, -torch.inf), foil_QB[..., None]], dim=2)
    to_text_QB = seen_QBN.log_softmax(2).diagonal(dim1=1, dim2=2)
    to_image_QB = logits_QBB.log_softmax(1).diagonal(dim1=1, dim2=2)
    loss_BQ = -(to_text_QB + to_image_QB).T / 2
    return loss_BQ.masked_fill(~there_BQ, 0).sum() / there_BQ.sum().clamp_min(1)


UNITS = BatchLoss(
    name="units",
    label="units and their foils",
    summary="every image against parts of captions, each with a foil (CS-CLIP, arXiv 2602.23906)",
    weight=0.5,
    needs_negatives=True,
    needs_positives=True,
    needs_pairs=True,
    function=units_loss,
)
