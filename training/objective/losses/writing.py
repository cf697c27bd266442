"""READ-CLIP's loss of a frozen decoder (arXiv 2510.16540): it writes another caption of the image.

Shape suffixes: as in `features.py`; N texts to write, V tokens of the decoder.
"""

from torch import Tensor
from torch.nn import functional

from training.objective.features import Features
from training.objective.loss import CaptionLoss, NoOptions, PerCaption

_NO_OPTIONS = NoOptions()


def reconstruction_loss(features: Features, _options: NoOptions = _NO_OPTIONS) -> PerCaption:
    """Return sum_l -log p(x_nl | x_n1 ... x_n(l-1), caption) over a caption's texts x_n to write.

    READ-CLIP (arXiv 2510.16540, section 3), its reconstruction of tokens; the mean is over the
    tokens of all captions. Images are not used.
    """
    assert features.written is not None
    written = features.written
    logits_NVL = written.logits_NLV.to(features.image_BD.dtype).mT
    loss_NL: Tensor = functional.cross_entropy(logits_NVL, written.token_NL, reduction="none")
    zero_B = loss_NL.new_zeros(len(features.image_BD))
    return PerCaption(loss_B=zero_B.index_add(0, written.caption_N, loss_NL.sum(1)))


RECONSTRUCTION = CaptionLoss(
    name="reconstruction",
    label="another caption, written",
    summary="a frozen text model writes a positive of the caption (READ-CLIP, arXiv 2510.16540)",
    weight=0.1,
    needs_images=False,
    needs_positives=True,
    needs_decoder=True,
    function=reconstruction_loss,
)
