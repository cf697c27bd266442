"""Measures of a model on a split: loss, retrieval and composition.

Every rank measures its share. Images are not cropped at random, and negatives are drawn as in the
first epoch, so that a model always gets the same figures.
"""

from contextlib import closing
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from training.batches.dataset import HardNegativeDataset
from training.batches.loader import steps
from training.batches.sampler import Sampler
from training.batches.workers import Workers
from training.model.clip import ClipModel
from training.objective.features import Features, has_negative
from training.objective.gather import gather, num_ranks
from training.objective.objective import Carried, Objective, whole_loss
from training.run.backward import Decode, encode
from training.run.ranks import rank
from training.run.stopping import Stopping


@dataclass(frozen=True, kw_only=True, slots=True)
class Measures:
    """The measures on a split.

    Attributes:
        loss: the objective's mean over the batches.
        retrieval: share of captions for which no image of their batch scores higher than theirs.
        composition: share of captions that score higher than all of their negatives, among those
            with negatives; None if there are none.
        composition_chance: composition of a random model.
        captions: the number measured.
    """

    loss: float
    retrieval: float
    composition: float | None
    composition_chance: float | None
    captions: int


def measure(  # noqa: PLR0913 - model, data and options
    model: ClipModel,
    samples: HardNegativeDataset,
    objective: Objective,
    *,
    batch_size: int,
    device: torch.device,
    teacher: ClipModel | None = None,
    decoder: Decode | None = None,
    carried: Carried | None = None,
    precision: torch.dtype | None = None,
    workers: int = 0,
    stopping: Stopping | None = None,
) -> Measures | None:
    """Return the measures of a split, over full batches of all ranks; None if a signal came.

    A split of fewer captions than `batch_size` is one batch. `teacher`, `decoder` and `carried`: of
    the run, for losses that need them; none is changed.
    """
    stopping = stopping or Stopping()
    most = len(samples) // num_ranks() * num_ranks()
    sampler = Sampler(
        size=len(samples),
        batch_size=min(batch_size, most),
        epochs=1,
        rank=rank(),
        num_ranks=num_ranks(),
        start=samples.start(),
    )
    loaded = steps(
        samples, sampler, workers=Workers(number=workers), device=device, form=model.form
    )
    was_training = model.training
    model.eval()
    with torch.no_grad(), closing(loaded) as all_steps:
        sums = torch.zeros(6, dtype=torch.float64, device=device)
        while True:
            step = stopping.unless_stopped(lambda: next(all_steps, None))
            signal = stopping.agreed()
            if signal or step is None:
                break
            (batch,) = step.micro_batches
            features = encode(
                model, batch, objective, teacher=teacher, decoder=decoder, precision=precision
            )
            sums += _counts(features, objective, carried=dict(carried or {}))
    model.train(was_training)
    if signal:
        return None
    if num_ranks() > 1:
        distributed.all_reduce(sums)
    loss, retrieved, told_apart, by_chance, num_captions, num_with_negative = sums.tolist()
    return Measures(
        loss=loss / num_captions,
        retrieval=retrieved / num_captions,
        composition=told_apart / num_with_negative if num_with_negative else None,
        composition_chance=by_chance / num_with_negative if num_with_negative else None,
        captions=int(num_captions),
    )


def _counts(features: Features, objective: Objective, *, carried: Carried) -> Tensor:
    """Return the sums of a rank's batch."""
    device = features.image_BD.device
    _, terms = whole_loss(features, objective, carried=carried)
    image_GD, text_BCD = gather(features.image_BD), features.text_BCD
    num_captions = len(text_BCD)
    own_B = torch.arange(num_captions, device=device) + rank() * num_captions
    score_BG = text_BCD[:, 0] @ image_GD.T
    own_score_B1 = score_BG.gather(1, own_B[:, None])
    score_BC = torch.einsum("bd,bcd->bc", features.image_BD, text_BCD)
    negative_BK = score_BC[:, 1:].masked_fill(~features.valid_BC[:, 1:], -torch.inf)
    has_B = has_negative(features.valid_BC)
    above_B = (score_BC[:, :1] > negative_BK).all(1) & has_B
    return torch.stack([
        terms["loss"].double() * num_captions,
        (score_BG <= own_score_B1).all(1).sum(),
        above_B.sum(),
        (has_B / features.valid_BC.sum(1)).sum(),
        torch.tensor(num_captions, device=device),
        has_B.sum(),
    ]).double()  # fmt: skip
