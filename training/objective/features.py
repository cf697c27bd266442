"""The input of every loss: one typed view of a batch's features.

Shape suffixes: B captions, K negatives per caption, C = 1 + K candidates of an image, caption
first, T texts, Q positives a caption, D embedding, P patches, M distinct tokens of an image's
candidates, L token positions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A frozen decoder's output for captions: N texts to write, over V tokens.

    Attributes:
        logits_NLV: of each token.
        token_NL: the right tokens; -100 after the end of a text.
        caption_N: the caption that the decoder was given.
    """

    logits_NLV: Tensor
    token_NL: Tensor
    caption_N: Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """Features of B captions, their images and their negatives, in float32 or float64.

    They belong to one rank's captions, to a micro-batch of them, or to the captions of all ranks.

    Attributes:
        image_BD: normalised.
        text_TD: normalised; the texts that exist.
        place_T: b * C + k of each text; k = 0 is the caption.
        valid_BC: which captions and negatives exist.
        scale: exp(logit_scale), 0-d.
        bias: the model's logit bias, 0-d; None without one (SigLIP has one).
        positive_BQD: normalised; other true texts about the image, zeros where one is missing; None
            if none were drawn.
        positive_BQ: which positives exist.
        teacher_BD: the teacher's features of the images; None if no loss needs them.
        teacher_TD: the teacher's features of the texts.
        patch_BPD: not normalised, without the class token; None if no loss needs them.
        token_BMD: not normalised; None if no loss needs them.
        path_TL: b * M + m of each text's tokens; B * M where the text has ended.
        prompt_BW: the decoder's input for each caption; None without a decoder.
        written: the decoder's output; None if no loss needs it.
    """

    image_BD: Tensor
    text_TD: Tensor
    place_T: Tensor
    valid_BC: Tensor
    scale: Tensor
    bias: Tensor | None = None
    positive_BQD: Tensor | None = None
    positive_BQ: Tensor | None = None
    teacher_BD: Tensor | None = None
    teacher_TD: Tensor | None = None
    patch_BPD: Tensor | None = None
    token_BMD: Tensor | None = None
    path_TL: Tensor | None = None
    prompt_BW: Tensor | None = None
    written: Written | None = None

    @property
    def text_BCD(self) -> Tensor:
        """Return the texts by candidate, zeros where a negative is missing."""
        return by_place(self.text_TD, self.place_T, shape=self.valid_BC.shape)

    @property
    def positives(self) -> tuple[Tensor, Tensor]:
        """Return the positives as BQD and which exist as BQ; Q is 0 if none were drawn."""
        if self.positive_BQD is None or self.positive_BQ is None:
            return self.image_BD[:, None][:, :0], self.valid_BC[:, :0]
        return self.positive_BQD, self.positive_BQ

    @property
    def path_BCL(self) -> Tensor | None:
        """Return the paths by candidate; a missing negative has an empty one."""
        if self.path_TL is None or self.token_BMD is None:
            return None
        ended = self.token_BMD.shape[0] * self.token_BMD.shape[1]
        empty = self.path_TL.new_full((self.valid_BC.numel(), self.path_TL.shape[1]), ended)
        return empty.index_copy(0, self.place_T, self.path_TL).view(*self.valid_BC.shape, -1)

    def tensors(self) -> dict[str, Tensor | None]:
        """Return the arguments of `FscClipLoss` by name."""
        return {
            "image_BD": self.image_BD,
            "text_BCD": self.text_BCD,
            "valid_BC": self.valid_BC,
            "scale": self.scale,
            "patch_BPD": self.patch_BPD,
            "token_BMD": self.token_BMD,
            "path_BCL": self.path_BCL,
        }


def features_of(  # noqa: PLR0913 - the tensors that losses may need
    *,
    image_BD: Tensor,
    text_BCD: Tensor,
    valid_BC: Tensor,
    scale: Tensor,
    bias: Tensor | None = None,
    positive_BQD: Tensor | None = None,
    positive_BQ: Tensor | None = None,
    patch_BPD: Tensor | None = None,
    token_BMD: Tensor | None = None,
    path_BCL: Tensor | None = None,
) -> Features:
    """Return the view of plain tensors; values of missing negatives are ignored."""
    if path_BCL is not None:  # missing texts take their caption's path: they need some token
        path_BCL = torch.where(valid_BC[..., None], path_BCL, path_BCL[:, :1])
    return Features(
        image_BD=image_BD,
        text_TD=text_BCD.flatten(0, 1),
        place_T=torch.arange(valid_BC.numel(), device=valid_BC.device),
        valid_BC=valid_BC,
        scale=scale,
        bias=bias,
        positive_BQD=positive_BQD,
        positive_BQ=positive_BQ,
        patch_BPD=patch_BPD,
        token_BMD=token_BMD,
        path_TL=None if path_BCL is None else path_BCL.flatten(0, 1),
    )


def token_paths(mask_BCL: Tensor) -> Tensor:
    """Return path_BCL if texts share no tokens: token_BMD is token_BCLD.flatten(1, 2).

    `mask_BCL`: True where a candidate has a token.
    """
    place_BCL = torch.arange(mask_BCL.numel(), device=mask_BCL.device).view(mask_BCL.shape)
    return place_BCL.masked_fill(~mask_BCL, mask_BCL.numel())


def by_place(text_TD: Tensor, place_T: Tensor, *, shape: torch.Size) -> Tensor:
    """Arrange texts by captions and places, with zeros for missing ones.

    `place_T`: b * N + n of each text; `shape`: B x N.
    """
    empty = text_TD.new_zeros(shape.numel(), text_TD.shape[1])
    return empty.index_copy(0, place_T, text_TD).view(*shape, -1)


def has_negative(valid_BC: Tensor) -> Tensor:
    """Return, as B booleans, which captions have a valid negative."""
    return valid_BC[:, 1:].any(-1)
