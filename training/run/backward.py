"""One step's gradient, for the whole batch at once or in micro-batches that fit in memory.

Losses over the batch compare every image with every caption of a step, so a step in micro-batches
is not a sum of steps. First the features of all micro-batches are computed without a graph, and the
gradient of those losses with respect to them is saved; then each micro-batch goes through the
towers again, and the saved gradient is backpropagated (GradCache: Gao et al. 2021, arXiv
2101.06983). This costs one more forward pass and gives the gradient of the whole batch. Losses that
are means over captions are computed only in the second pass; an objective without other losses
skips the first one.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from training.batches.batch import Batch, laid_out
from training.objective.features import Features, features_of
from training.objective.objective import (
    Carried,
    Objective,
    Terms,
    batch_losses,
    caption_losses,
    compared,
    counts_of,
    whole_loss,
)

Draws = dict[Generator, Tensor]  # states of torch's generators


class _Kept(NamedTuple):
    """The gradient of the losses over the batch with respect to a micro-batch's features."""

    image_BD: Tensor
    text_BCD: Tensor
    scale: Tensor
    bias: Tensor | None
    positive_BQD: Tensor | None


def backward(  # noqa: PLR0913 - objective, data, and everything besides the model
    model: nn.Module,
    micro_batches: Sequence[Batch],
    objective: Objective,
    *,
    teacher: nn.Module | None = None,
    carried: Carried | None = None,
    precision: torch.dtype | None = None,
    scaled: Callable[[Tensor], Tensor] = lambda loss: loss,
) -> Terms:
    """Add the gradient of one step to the model's parameters; return the detached terms.

    Args:
        model: a ClipModel, or one in DistributedDataParallel.
        micro_batches: the step's captions on this rank, in one batch or several of equal size, on
            the model's device.
        objective: the objective to minimise.
        teacher: another ClipModel, for losses that compare the two.
        carried: state that losses carry from step to step, updated in place.
        precision: of the towers under autocast; None: that of their weights.
        scaled: applied to a loss before its gradient (GradScaler.scale, for float16).
    """
    plain: Any = model.module if isinstance(model, DistributedDataParallel) else model
    batches = [laid_out(batch, plain.form) for batch in micro_batches]
    if len(batches) == 1:
        features = encode(model, batches[0], objective, teacher=teacher, precision=precision)
        loss, terms = whole_loss(features, objective, carried=carried)
        torch.autograd.backward(scaled(loss))
        return terms
    draws: list[Draws] = [{}] * len(batches)
    kept: list[_Kept] | None = None
    among_all, batch_terms = plain.clip.logit_scale.new_zeros(()), Terms()
    if objective.over_batch():
        parts, draws = _first_pass(model, batches, objective, precision=precision)
        kept, among_all, batch_terms = _gradient_of(parts, objective, carried=carried)
    own, terms = _second_pass(
        model,
        batches,
        objective,
        teacher=teacher,
        kept=kept,
        draws=draws,
        precision=precision,
        scaled=scaled,
    )
    return {**terms, **batch_terms, "loss": among_all + own}


def _first_pass(
    model: nn.Module,
    batches: Sequence[Batch],
    objective: Objective,
    *,
    precision: torch.dtype | None,
) -> tuple[list[Features], list[Draws]]:
    """Return each part's features for batch losses, without a graph, and generator states."""
    parts, draws = [], []
    for batch in batches:
        draws.append(_draws(batch))
        with torch.no_grad():
            features = _encode(model, batch, tokens=False, precision=precision)
            parts.append(compared(features, objective))
    return parts, draws


def _gradient_of(
    parts: Sequence[Features], objective: Objective, *, carried: Carried | None
) -> tuple[list[_Kept], Tensor, Terms]:
    """Return the gradient of the losses over the batch for each part, their sum, and the terms."""
    leaves = [_leaves_of(part) for part in parts]
    scale = parts[0].scale.clone().requires_grad_()
    bias = None if parts[0].bias is None else parts[0].bias.clone().requires_grad_()
    positives = [each.positive_BQD for each in leaves if each.positive_BQD is not None]
    masks = [part.positive_BQ for part in parts if part.positive_BQ is not None]
    whole = features_of(
        image_BD=torch.cat([each.image_BD for each in leaves]),
        text_BCD=torch.cat([each.text_BCD for each in leaves]),
        valid_BC=torch.cat([part.valid_BC for part in parts]),
        scale=scale,
        bias=bias,
        positive_BQD=torch.cat(positives) if positives else None,
        positive_BQ=torch.cat(masks) if masks else None,
    )
    loss, terms = batch_losses(whole, objective, carried=carried)
    shared = [scale] if bias is None else [scale, bias]
    wanted = [leaf for each in leaves for leaf in each.all()]
    grads = torch.autograd.grad(loss, [*wanted, *shared], materialize_grads=True)
    found, of_shared = iter(grads), grads[len(wanted) :]
    kept = [
        _Kept(
            image_BD=next(found),
            text_BCD=next(found),
            positive_BQD=None if each.positive_BQD is None else next(found),
            scale=of_shared[0] / len(parts),
            bias=None if bias is None else of_shared[1] / len(parts),
        )
        for each in leaves
    ]
    return kept, loss.detach(), terms


class _Leaves(NamedTuple):
    """A micro-batch's features, as leaves for a gradient."""

    image_BD: Tensor
    text_BCD: Tensor
    positive_BQD: Tensor | None

    def all(self) -> list[Tensor]:
        """Return the features that exist."""
        return [leaf for leaf in self if leaf is not None]


def _leaves_of(part: Features) -> _Leaves:
    positive_BQD = part.positive_BQD
    return _Leaves(
        image_BD=part.image_BD.requires_grad_(),
        text_BCD=part.text_BCD.requires_grad_(),
        positive_BQD=None if positive_BQD is None else positive_BQD.requires_grad_(),
    )


def _second_pass(  # noqa: PLR0913 - a step's arguments, in parts
    model: nn.Module,
    batches: Sequence[Batch],
    objective: Objective,
    *,
    teacher: nn.Module | None,
    kept: Sequence[_Kept] | None,
    draws: Sequence[Draws],
    precision: torch.dtype | None,
    scaled: Callable[[Tensor], Tensor],
) -> tuple[Tensor, Terms]:
    """Backpropagate each part's gradient through the towers; return the losses over captions."""
    counts = counts_of([_valid(batch) for batch in batches])
    sums: Terms = {}
    for number, batch in enumerate(batches):
        for generator, state in draws[number].items():
            generator.set_state(state)
        with _exchange_once(model, last=number == len(batches) - 1):
            features = encode(model, batch, objective, teacher=teacher, precision=precision)
            own, terms = caption_losses(features, objective, counts=counts)
            loss = own if kept is None else _inner(features, kept[number], objective) + own
            torch.autograd.backward(scaled(loss))
        for name, term in {**terms, "own": own.detach()}.items():
            sums[name] = sums[name] + term if name in sums else term
    return sums.pop("own"), {**sums, "scale": features.scale.detach()}


def _inner(features: Features, kept: _Kept, objective: Objective) -> Tensor:
    """Return a number whose gradient is the saved one."""
    seen = compared(features, objective)
    inner = (
        (seen.image_BD * kept.image_BD).sum()
        + (seen.text_BCD * kept.text_BCD).sum()
        + seen.scale * kept.scale
    )
    if seen.positive_BQD is not None and kept.positive_BQD is not None:
        inner = inner + (seen.positive_BQD * kept.positive_BQD).sum()
    if seen.bias is not None and kept.bias is not None:
        inner = inner + seen.bias * kept.bias
    return inner


def encode(
    model: nn.Module,
    batch: Batch,
    objective: Objective,
    *,
    teacher: nn.Module | None = None,
    precision: torch.dtype | None = None,
) -> Features:
    """Return a batch's features with everything that the losses need, including the teacher's."""
    features = _encode(model, batch, tokens=objective.needs_tokens, precision=precision)
    if teacher is None or not objective.needs_teacher:
        return features
    with torch.no_grad():
        taught = _encode(teacher, batch, tokens=False, precision=precision)
    return replace(features, teacher_BD=taught.image_BD, teacher_TD=taught.text_TD)


def _encode(
    model: nn.Module, batch: Batch, *, tokens: bool, precision: torch.dtype | None
) -> Features:
    device = batch.image_BCHW.device.type
    with torch.autocast(device, dtype=precision, enabled=precision is not None):
        features: Features = model(batch, tokens=tokens)
    return features


def _draws(batch: Batch) -> Draws:
    """Return the generators' states, so that dropout repeats in the second pass."""
    device = batch.image_BCHW.device
    generators = [torch.default_generator]
    if device.type == "cuda":
        generators.append(torch.cuda.default_generators[torch.cuda.current_device()])
    return {generator: generator.get_state() for generator in generators}


def _exchange_once(model: nn.Module, *, last: bool) -> AbstractContextManager[None]:
    """Let ranks exchange gradients only in the last part."""
    if isinstance(model, DistributedDataParallel) and not last:
        return model.no_sync()
    return nullcontext()


def _valid(batch: Batch) -> tuple[Tensor, Tensor | None]:
    assert batch.layout is not None
    return batch.layout.valid_BC, batch.layout.positive_BQ
