"""The loss of FSC-CLIP as a torch module, for your own training loop."""

import math
from typing import get_args

from torch import Tensor, nn

from training.objective.features import features_of
from training.objective.losses.hard_negatives import Attention
from training.objective.objective import Objective, weighted, whole_loss


class FscClipLoss(nn.Module):
    """CLIP's loss, and hard negatives against whole images and against patches (arXiv 2410.05210).

    The numbers are those of `train --preset fsc-clip`. Features are float32 or float64. With
    torch.distributed, images and captions are gathered from all processes, and the gradients
    average (in DistributedDataParallel) to that of the whole batch.

    Example:
        criterion = FscClipLoss(local_weight=0)
        loss = criterion(image_BD, text_BCD, valid_BC, model.logit_scale.exp())
    """

    def __init__(
        self,
        *,
        global_weight: float = 0.5,
        local_weight: float = 0.2,
        gamma: float = 2.0,
        beta: float = 0.02,
        attention: Attention = "minmax",
    ) -> None:
        """Choose weights and calibration.

        Args:
            global_weight: weight of whole texts against whole images; 0 leaves it out.
            local_weight: weight of tokens against patches; 0 leaves it out, and needs neither.
            gamma: exponent of the focal factor (1 - p)^gamma.
            beta: label smoothing over a caption and its valid negatives, 0 to 1.
            attention: how a token weighs patches: minmax, softmax or sparse.

        Raises:
            ValueError: a number is out of range, or there is no such attention.
        """
        super().__init__()
        numbers = (global_weight, local_weight, gamma)
        if not all(0 <= number < math.inf for number in numbers) or not 0 <= beta <= 1:
            raise ValueError(
                "expected weights and gamma of 0 or more and a beta of 0 to 1, found "
                f"{global_weight=}, {local_weight=}, {gamma=}, {beta=}"
            )
        if attention not in get_args(Attention):
            expected = ", ".join(get_args(Attention))
            raise ValueError(f"expected an attention of {expected}, found {attention!r}")
        losses = [weighted("clip")]
        if global_weight:
            losses.append(weighted("global", weight=global_weight, gamma=gamma, beta=beta))
        if local_weight:
            options = {"gamma": gamma, "beta": beta, "attention": attention}
            losses.append(weighted("local", weight=local_weight, **options))
        self.objective = Objective(tuple(losses))

    def forward(  # noqa: PLR0913, PLR0917 - features, whole and in parts
        self,
        image_BD: Tensor,
        text_BCD: Tensor,
        valid_BC: Tensor,
        scale: Tensor,
        patch_BPD: Tensor | None = None,
        token_BMD: Tensor | None = None,
        path_BCL: Tensor | None = None,
    ) -> Tensor:
        """Return the loss of this process's B captions, 0-d.

        Args:
            image_BD: image features, normalised to length 1.
            text_BCD: text features, normalised: C = 1 + K, the caption first, then K negatives.
            valid_BC: booleans, False where a negative is missing; captions are never missing.
            scale: the factor of similarities, exp(logit_scale), 0-d.
            patch_BPD: features of P patches, projected, not normalised.
            token_BMD: features of the M tokens of an image's C texts, projected, not normalised.
                Texts may share tokens.
            path_BCL: the tokens of each text: b * M + m, and B * M where the text has ended. If
                texts share no tokens (token_BCLD), give token_BCLD.flatten(1, 2) and
                `training.token_paths(mask_BCL)`.

        Raises:
            ValueError: shapes do not match, or patches or tokens are missing.
        """
        if text_BCD.ndim != 3 or valid_BC.shape != text_BCD.shape[:2]:
            raise ValueError(
                "expected text_BCD and valid_BC with the same captions and candidates, found "
                f"{tuple(text_BCD.shape)} and {tuple(valid_BC.shape)}"
            )
        if image_BD.shape != text_BCD[:, 0].shape:
            raise ValueError(
                f"expected image_BD of shape {tuple(text_BCD[:, 0].shape)}, an image for each "
                f"caption, found {tuple(image_BD.shape)}"
            )
        if self.objective.needs_tokens and None in (patch_BPD, token_BMD, path_BCL):
            raise ValueError(
                "expected patch_BPD, token_BMD and path_BCL for the local loss; give them, or "
                "local_weight=0"
            )
        features = features_of(
            image_BD=image_BD,
            text_BCD=text_BCD.masked_fill(~valid_BC[..., None], 0),  # NaN times 0 would be NaN
            valid_BC=valid_BC,
            scale=scale,
            patch_BPD=patch_BPD,
            token_BMD=token_BMD,
            path_BCL=path_BCL,
        )
        return whole_loss(features, self.objective)[0]
