"""The objective: a weighted sum of losses of the table LOSSES, over the captions of all ranks.

On W ranks, the mean of the ranks' totals equals the value for the whole batch, and so does each
term and the gradient that DistributedDataParallel averages (gather.py). Losses over the batch are
summed separately from those over captions, because micro-batches compute them first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from training.objective.features import Features, features_of, has_negative
from training.objective.gather import gather, num_ranks, total
from training.objective.loss import BatchLoss, CaptionLoss, CarryingLoss, Loss
from training.objective.losses import LOSSES

Terms = dict[str, Tensor]  # name -> 0-d, without gradient
Carried = dict[str, Tensor]  # the numbers that each CarryingLoss left in the last step, by name


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightedLoss:
    """A loss of the table, by name, with its weight and options.

    It counts at the steps t with t mod `every` = `at`.
    """

    loss: str
    weight: float
    options: Any
    every: int = 1
    at: int = 0


@dataclass(frozen=True, slots=True)
class Objective:
    """The losses that are minimised together, each once.

    `is_part`: whether they are the losses of one step, while others count at other steps.
    """

    losses: tuple[WeightedLoss, ...]
    is_part: bool = False

    @property
    def needs_negatives(self) -> bool:
        """Tell whether any loss uses negatives."""
        return any(row.needs_negatives for row in self._rows())

    @property
    def needs_positives(self) -> bool:
        """Tell whether any loss uses positives."""
        return any(row.needs_positives for row in self._rows())

    @property
    def needs_pairs(self) -> bool:
        """Tell whether any loss uses positives with the negatives in the same places."""
        return any(row.needs_pairs for row in self._rows())

    @property
    def needs_tokens(self) -> bool:
        """Tell whether any loss needs patches and tokens."""
        return any(row.needs_tokens for row in self._rows())

    @property
    def needs_patches(self) -> bool:
        """Tell whether any loss needs patches."""
        return any(row.needs_patches or row.needs_tokens for row in self._rows())

    @property
    def compares_patches(self) -> bool:
        """Tell whether a loss over the batch needs the patches of all ranks' images."""
        return any(row.needs_patches for row, _ in self.over_batch())

    @property
    def needs_bias(self) -> bool:
        """Tell whether any loss trains the model's logit bias."""
        return any(row.needs_bias for row in self._rows())

    @property
    def needs_teacher(self) -> bool:
        """Tell whether any loss compares the model with a teacher."""
        return any(row.needs_teacher for row in self._rows())

    @property
    def needs_decoder(self) -> bool:
        """Tell whether any loss needs a frozen decoder."""
        return any(row.needs_decoder for row in self._rows())

    @property
    def leaves_out(self) -> bool:
        """Tell whether a step may leave a tower or the bias without a gradient.

        Zeros are then added to the loss, because processes that exchange gradients wait for every
        parameter.
        """
        takes_turns = self.is_part or any(each.every > 1 for each in self.losses)
        return takes_turns or not any(row.needs_images for row in self._rows())

    def at(self, step: int) -> "Objective":
        """Return the losses that count at a step."""
        counting = tuple(each for each in self.losses if step % each.every == each.at)
        return self if len(counting) == len(self.losses) else Objective(counting, is_part=True)

    def _rows(self) -> list[Loss]:
        return [LOSSES[each.loss] for each in self.losses]

    def over_batch(self) -> list[tuple[BatchLoss | CarryingLoss, WeightedLoss]]:
        """Return the losses that compare the captions of a step with each other."""
        rows = [(LOSSES[each.loss], each) for each in self.losses]
        return [(row, each) for row, each in rows if isinstance(row, BatchLoss | CarryingLoss)]

    def over_captions(self) -> list[tuple[CaptionLoss, WeightedLoss]]:
        """Return the losses that are means over captions."""
        rows = [(LOSSES[each.loss], each) for each in self.losses]
        return [(row, each) for row, each in rows if isinstance(row, CaptionLoss)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """The captions of all ranks.

    Attributes:
        captions: how many there are.
        with_negative: how many have a negative, at least 1.
        with_positive: how many have a positive, at least 1; 1 if none were drawn.
        tokens: how many tokens a decoder is to write, at least 1; 1 without a decoder.
    """

    captions: int
    with_negative: Tensor
    with_positive: Tensor | int = 1
    tokens: Tensor | int = 1

    def of(self, row: Loss) -> Tensor | int:
        """Return the number of captions that a loss averages over; of tokens for a decoder's."""
        if row.needs_decoder:
            return self.tokens
        if row.needs_positives:
            return self.with_positive
        return self.with_negative if row.needs_negatives else self.captions


def weighted(name: str, *, weight: float | None = None, **options: object) -> WeightedLoss:
    """Return a loss of the table, with its row's defaults."""
    row = LOSSES[name]
    return WeightedLoss(
        loss=name,
        weight=row.weight if weight is None else weight,
        options=row.options(**options),
    )


def whole_loss(
    features: Features, objective: Objective, *, carried: Carried | None = None
) -> tuple[Tensor, Terms]:
    """Return this rank's loss and terms of a batch that went through the towers in one pass.

    `carried`: the numbers that losses carry from step to step, updated in place; None: those of a
    first step.
    """
    written = features.written
    token_NL = None if written is None else written.token_NL
    part = Part(features.valid_BC, features.positive_BQ, token_NL)
    counts = counts_of([part])
    own, terms = caption_losses(features, objective, counts=counts)
    among_all, batch_terms = batch_losses(compared(features, objective), objective, carried=carried)
    loss = among_all + own
    return loss, {
        **terms,
        **batch_terms,
        "scale": features.scale.detach(),
        "loss": loss.detach(),
    }


def compared(features: Features, objective: Objective) -> Features:
    """Return the part of a rank's features that losses over the batch use.

    Without tokens and teacher; with negatives, positives and patches if a loss needs them.
    """
    rows = [row for row, _ in objective.over_batch()]
    num_used = features.valid_BC.shape[1] if any(row.needs_negatives for row in rows) else 1
    needs_positives = any(row.needs_positives for row in rows)
    return features_of(
        image_BD=features.image_BD,
        text_BCD=features.text_BCD[:, :num_used],
        valid_BC=features.valid_BC[:, :num_used],
        scale=features.scale,
        bias=features.bias if any(row.needs_bias for row in rows) else None,
        positive_BQD=features.positive_BQD if needs_positives else None,
        positive_BQ=features.positive_BQ if needs_positives else None,
        patch_BPD=features.patch_BPD if objective.compares_patches else None,
    )


def batch_losses(
    own: Features, objective: Objective, *, carried: Carried | None = None
) -> tuple[Tensor, Terms]:
    """Return the weighted losses over all ranks' captions, the same on every rank, and the terms.

    `own`: this rank's captions, as `compared` gives them. `carried`: as for `whole_loss`.
    """
    carried = {} if carried is None else carried
    loss = own.scale.new_zeros(())
    terms: Terms = {}
    losses = objective.over_batch()
    if not losses:
        return loss, terms
    with _full_precision(own.scale):
        among_all = _among_all(own)
        for row, each in losses:
            if isinstance(row, CarryingLoss):
                before = carried.get(row.name)
                before = row.first(each.options, among_all) if before is None else before
                term, after = row.function(among_all, each.options, before)
                carried[row.name] = after.detach()
                terms[f"{row.name}_{row.carries}"] = after.detach().mean()
            else:
                term = row.function(among_all, each.options)
            loss = loss + each.weight * term
            terms[row.name] = term.detach()
    return loss, terms


def _among_all(own: Features) -> Features:
    """Return the features of all ranks' captions."""
    has_positives = own.positive_BQD is not None and own.positive_BQ is not None
    return features_of(
        image_BD=gather(own.image_BD),
        text_BCD=gather(own.text_BCD),
        valid_BC=_gathered_valid(own.valid_BC),
        scale=own.scale,
        bias=own.bias,
        positive_BQD=gather(own.positives[0]) if has_positives else None,
        positive_BQ=gather(own.positives[1]) if has_positives else None,
        patch_BPD=None if own.patch_BPD is None else gather(own.patch_BPD),
    )


class Part(NamedTuple):
    """Which of some captions have negatives and positives, and their tokens for a decoder."""

    valid_BC: Tensor
    positive_BQ: Tensor | None = None
    token_NL: Tensor | None = None


def counts_of(parts: Sequence[Part]) -> Counts:
    """Return the counts of all ranks; `parts`: of this rank's captions."""
    sums = {
        "with_negative": [has_negative(part.valid_BC).sum() for part in parts],
        "with_positive": [p.positive_BQ.any(1).sum() for p in parts if p.positive_BQ is not None],
        "tokens": [(part.token_NL >= 0).sum() for part in parts if part.token_NL is not None],
    }
    found = {name: torch.stack(each).sum() for name, each in sums.items() if each}
    of_all = total(torch.stack(list(found.values()))).clamp_min(1)
    captions = num_ranks() * sum(len(part.valid_BC) for part in parts)
    return Counts(captions=captions, **dict(zip(found, of_all, strict=True)))


def caption_losses(
    features: Features, objective: Objective, *, counts: Counts
) -> tuple[Tensor, Terms]:
    """Return the weighted losses of some or all of this rank's captions, and the terms.

    `counts`: of all ranks' captions; the divisors of the sums over captions.
    """
    loss = _zero(features, objective)
    terms: Terms = {}
    with _full_precision(features.scale):
        for row, each in objective.over_captions():
            found = row.function(features, each.options)
            share = num_ranks() / counts.of(row)
            term = found.loss_B.sum() * share
            loss = loss + each.weight * term
            terms[row.name] = term.detach()
            for name, figure_B in found.figures.items():
                terms[f"{row.name}_{name}"] = figure_B.sum() * share
    return loss, terms


def _zero(features: Features, objective: Objective) -> Tensor:
    """Return 0, with a gradient of zero for everything that the losses may leave without one."""
    zero = features.scale * 0
    if features.prompt_BW is not None:  # without texts to write, or at other steps
        zero = zero + 0 * features.prompt_BW.sum()
    if objective.leaves_out or features.patch_BPD is not None:  # these leave a ResNet's pool out
        zero = zero + 0 * features.image_BD.sum()
    if objective.leaves_out:
        zero = zero + 0 * features.text_TD.sum()
        if features.bias is not None:
            zero = zero + 0 * features.bias
    return zero


def _gathered_valid(valid_BC: Tensor) -> Tensor:
    """Return valid_GC of all ranks; captions always exist and need no exchange."""
    if valid_BC.shape[1] > 1:
        return gather(valid_BC)
    return valid_BC.new_ones(num_ranks() * len(valid_BC), 1)


def _full_precision(like: Tensor) -> torch.autocast:
    return torch.autocast(like.device.type, enabled=False)
