"""A step's loss in the published form: everything padded, type by type, every view computed.

Shape suffixes: B images, K negatives a caption, C = 1 + K, T texts, P patches, D embedding, L = 77
positions.
"""

import torch
from torch import Tensor
from torch.nn import functional

from training.batches.batch import Batch
from training.model.clip import ClipModel
from training.model.towers import encode_patches
from training.objective.losses.hard_negatives import Calibration
from training.objective.objective import Objective, weighted

OBJECTIVE = Objective((weighted("clip"), weighted("global"), weighted("local")))
_WEIGHTS = {each.loss: each.weight for each in OBJECTIVE.losses}
_CALIBRATION = Calibration()


def published_loss(model: ClipModel, batch: Batch) -> Tensor:
    """Return the same loss, from texts padded to 77 and a loop over types."""
    clip = model.clip
    image_BD, patch_BPD = encode_patches(clip.visual, batch.image_BCHW)
    ids_TL = torch.cat([batch.caption_BL, batch.negative_NL])
    out = clip.forward_intermediates(text=ids_TL, text_indices=1, normalize_intermediates=True)
    text_TD = out["text_features"].float()
    token_TLD = (out["text_intermediates"][-1] @ clip.text_projection).float()
    scale = clip.logit_scale.exp()
    with torch.autocast(batch.image_BCHW.device.type, enabled=False):
        rows = [torch.arange(len(image_BD), device=image_BD.device)]
        rows += [
            len(image_BD) + k + batch.num_negatives * rows[0] for k in range(batch.num_negatives)
        ]
        whole = [scale * (image_BD * text_TD[row]).sum(-1) for row in rows]
        parts = [published_scores(patch_BPD, token_TLD[row], ids_TL[row], scale) for row in rows]
        return (
            published_clip(scale * image_BD @ text_TD[: len(image_BD)].T)
            + _WEIGHTS["global"] * published_focal(torch.stack(whole, -1))
            + _WEIGHTS["local"] * published_focal(torch.stack(parts, -1))
        )


def published_scores(patch_BPD: Tensor, token_BLD: Tensor, ids_BL: Tensor, scale: Tensor) -> Tensor:
    """Return S(i, c) of one text per image, with each token's view computed as B L D."""
    score_BLP = (token_BLD @ patch_BPD.mT).detach()
    least, most = score_BLP.amin(-1, keepdim=True), score_BLP.amax(-1, keepdim=True)
    weight_BLP = (score_BLP - least) / (most - least)
    weight_BLP = weight_BLP / weight_BLP.sum(-1, keepdim=True)
    view_BLD = functional.normalize(weight_BLP @ patch_BPD, dim=-1)
    score_BL = scale * (view_BLD * functional.normalize(token_BLD, dim=-1)).sum(-1)
    place_L = torch.arange(ids_BL.shape[1], device=ids_BL.device)
    real_BL = (place_L > 0) & (place_L <= ids_BL.argmax(-1, keepdim=True))
    return score_BL.masked_fill(~real_BL, -torch.inf).logsumexp(-1)


def published_clip(logits_BB: Tensor) -> Tensor:
    """Return the mean of both cross-entropies, of images and of captions."""
    own_B = torch.arange(len(logits_BB), device=logits_BB.device)
    images = functional.cross_entropy(logits_BB, own_B)
    return (images + functional.cross_entropy(logits_BB.T, own_B)) / 2


def published_focal(logits_BC: Tensor) -> Tensor:
    """Return the calibrated loss for rows without missing negatives."""
    target_BC = torch.full_like(logits_BC, _CALIBRATION.beta / logits_BC.shape[1])
    target_BC[:, 0] += 1 - _CALIBRATION.beta
    log_BC = logits_BC.log_softmax(-1)
    focus_BC = (1 - log_BC.exp()) ** _CALIBRATION.gamma
    return (-target_BC * focus_BC * log_BC).sum(-1).mean()
