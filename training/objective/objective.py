"""What is minimised: a weighted sum of losses of the table LOSSES, over the captions of all ranks.

On W ranks the mean of the ranks' totals, and of each term, is that of the whole batch; so is the
gradient that DistributedDataParallel averages (gather.py). Losses over the batch are summed apart
from those over captions: in micro-batches the first are known before the second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from training.objective.features import Features, features_of, has_negative
from training.objective.gather import gather, num_ranks, total
from training.objective.loss import BatchLoss, CaptionLoss
from training.objective.losses import LOSSES

Terms = dict[str, Tensor]  # name -> 0-d, without gradient


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightedLoss:
    """A loss of the table, by name, with its weight and its options."""

    loss: str
    weight: float
    options: Any


@dataclass(frozen=True, slots=True)
class Objective:
    """The losses that are minimised together, each once."""

    losses: tuple[WeightedLoss, ...]

    @property
    def needs_negatives(self) -> bool:
        """Tell whether anything in it is about negatives."""
        return any(LOSSES[each.loss].needs_negatives for each in self.losses)

    @property
    def needs_tokens(self) -> bool:
        """Tell whether anything in it needs patches and tokens."""
        return any(LOSSES[each.loss].needs_tokens for each in self.losses)

    def over_batch(self) -> list[tuple[BatchLoss, WeightedLoss]]:
        """Return the losses that compare the captions of a step with one another."""
        rows = [(LOSSES[each.loss], each) for each in self.losses]
        return [(row, each) for row, each in rows if isinstance(row, BatchLoss)]

    def over_captions(self) -> list[tuple[CaptionLoss, WeightedLoss]]:
        """Return the losses that are means over captions."""
        rows = [(LOSSES[each.loss], each) for each in self.losses]
        return [(row, each) for row, each in rows if isinstance(row, CaptionLoss)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """The captions of all ranks: how many there are, and how many have a negative, at least 1."""

    captions: int
    with_negative: Tensor


def weighted(name: str, *, weight: float | None = None, **options: object) -> WeightedLoss:
    """Return a loss of the table; what is left out is as its row says."""
    row = LOSSES[name]
    return WeightedLoss(
        loss=name,
        weight=row.weight if weight is None else weight,
        options=row.options(**options),
    )


def whole_loss(features: Features, objective: Objective) -> tuple[Tensor, Terms]:
    """Return this rank's loss of a batch that went through the towers at once, and its terms."""
    counts = counts_of([features.valid_BC])
    own, terms = caption_losses(features, objective, counts=counts)
    among_all, batch_terms = batch_losses(compared(features, objective), objective)
    loss = among_all + own
    return loss, {
        **terms,
        **batch_terms,
        "scale": features.scale.detach(),
        "loss": loss.detach(),
    }


def compared(features: Features, objective: Objective) -> Features:
    """Return what losses over the batch see of a rank: no tokens, negatives if one needs them."""
    needs_negatives = any(row.needs_negatives for row, _ in objective.over_batch())
    num_used = features.valid_BC.shape[1] if needs_negatives else 1
    return features_of(
        image_BD=features.image_BD,
        text_BCD=features.text_BCD[:, :num_used],
        valid_BC=features.valid_BC[:, :num_used],
        scale=features.scale,
    )


def batch_losses(own: Features, objective: Objective) -> tuple[Tensor, Terms]:
    """Return the weighted losses over all ranks' captions, the same on every rank, and the terms.

    `own`: this rank's captions, as `compared` gives them.
    """
    loss = own.scale.new_zeros(())
    terms: Terms = {}
    losses = objective.over_batch()
    if not losses:
        return loss, terms
    with _full_precision(own.scale):
        among_all = features_of(
            image_BD=gather(own.image_BD),
            text_BCD=gather(own.text_BCD),
            valid_BC=_gathered_valid(own.valid_BC),
            scale=own.scale,
        )
        for row, each in losses:
            term = row.function(among_all, each.options)
            loss = loss + each.weight * term
            terms[row.name] = term.detach()
    return loss, terms


def counts_of(valids: Sequence[Tensor]) -> Counts:
    """Return the counts of all ranks; `valids` has valid_BC of each part of this one's captions."""
    with_negative = torch.stack([has_negative(valid_BC).sum() for valid_BC in valids]).sum()
    return Counts(
        captions=num_ranks() * sum(map(len, valids)),
        with_negative=total(with_negative).clamp_min(1),
    )


def caption_losses(
    features: Features, objective: Objective, *, counts: Counts
) -> tuple[Tensor, Terms]:
    """Return the weighted losses of this rank's captions, or of some of them, and the terms.

    `counts`: of all ranks' captions, which the sums over captions are divided by.
    """
    loss = features.scale * 0  # without any loss, gradients of zero are still let through
    terms: Terms = {}
    with _full_precision(features.scale):
        for row, each in objective.over_captions():
            found = row.function(features, each.options)
            share = num_ranks() / (counts.with_negative if row.needs_negatives else counts.captions)
            term = found.loss_B.sum() * share
            loss = loss + each.weight * term
            terms[row.name] = term.detach()
            for name, figure_B in found.figures.items():
                terms[f"{row.name}_{name}"] = figure_B.sum() * share
    return loss, terms


def _gathered_valid(valid_BC: Tensor) -> Tensor:
    """Return valid_GC of all ranks; captions are always there, and need no exchange."""
    if valid_BC.shape[1] > 1:
        return gather(valid_BC)
    return valid_BC.new_ones(num_ranks() * len(valid_BC), 1)


def _full_precision(like: Tensor) -> torch.autocast:
    return torch.autocast(like.device.type, enabled=False)
