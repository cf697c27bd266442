"""What every loss sees: one typed view of a batch's features.

Shape suffixes: B captions, K negatives a caption, C = 1 + K candidates of an image, caption first,
T texts, Q positives a caption, D embedding, P patches, M distinct tokens of an image's candidates,
L token positions.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What a frozen decoder makes of captions: N texts that it is to write, of V tokens.

    Attributes:
        logits_NLV: of each token.
        token_NL: which it is; -100 where the text has ended.
        caption_N: the caption that the decoder was given.
    """

    logits_NLV: Tensor
    token_NL: Tensor
    caption_N: Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """Features of B captions, their images and their negatives, in float32 or float64.

    They are of one rank's captions, of a micro-batch of them, or of the captions of all ranks.

    Attributes:
        image_BD: normalised.
        text_TD: normalised; those texts that are there.
        place_T: b * C + k of each text; k = 0 is the caption.
        valid_BC: which captions and negatives are there.
        scale: exp(logit_scale), 0-d.
        bias: what the model adds to a scaled similarity, 0-d; None where it has none (SigLIP has).
        positive_BQD: normalised texts that are as true of the image as the caption, zeros where one
            is missing; None where none were drawn.
        positive_BQ: which of them are there.
        teacher_BD: what the teacher makes of the images; None where no loss asked for one.
        teacher_TD: and of the texts.
        patch_BPD: not normalised, class token left out; None where they were not asked for.
        token_BMD: not normalised; None where they were not asked for.
        path_TL: b * M + m of each text's tokens; B * M where the text has ended.
        prompt_BW: what a decoder is given of each caption; None without one.
        written: what it makes of it; None where no loss asked for it.
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
        """Return the positives as BQD and which are there as BQ; Q is 0 where none were drawn."""
        if self.positive_BQD is None or self.positive_BQ is None:
            return self.image_BD[:, None][:, :0], self.valid_BC[:, :0]
        return self.positive_BQD, self.positive_BQ

    @property
    def path_BCL(self) -> Tensor | None:
        """Return the paths by candidate, ended from the start where a negative is missing."""
        if self.path_TL is None or self.token_BMD is None:
            return None
        ended = self.token_BMD.shape[0] * self.token_BMD.shape[1]
        empty = self.path_TL.new_full((self.valid_BC.numel(), self.path_TL.shape[1]), ended)
        return empty.index_copy(0, self.place_T, self.path_TL).view(*self.valid_BC.shape, -1)

    def tensors(self) -> dict[str, Tensor | None]:
        """Return what `FscClipLoss` takes, by the names of its arguments."""
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
    """Return the view of plain tensors; what stands where a negative is missing plays no part."""
    if path_BCL is not None:  # a text without tokens has no score, and no gradient: any other does
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
    """Return path_BCL of tokens that texts do not share: token_BMD is token_BCLD.flatten(1, 2).

    `mask_BCL`: True where a candidate has a token.
    """
    place_BCL = torch.arange(mask_BCL.numel(), device=mask_BCL.device).view(mask_BCL.shape)
    return place_BCL.masked_fill(~mask_BCL, mask_BCL.numel())


def by_place(text_TD: Tensor, place_T: Tensor, *, shape: torch.Size) -> Tensor:
    """Set texts out by captions and places, zeros where there is none.

    `place_T`: b * N + n of each text; `shape`: B x N.
    """
    empty = text_TD.new_zeros(shape.numel(), text_TD.shape[1])
    return empty.index_copy(0, place_T, text_TD).view(*shape, -1)


def has_negative(valid_BC: Tensor) -> Tensor:
    """Return, as B booleans, which captions have a valid negative."""
    return valid_BC[:, 1:].any(-1)
