"""One step's gradient, whole or from parts that fit in memory.

The contrastive loss compares every image with every caption of a step, so a step cut in parts is
not a sum of parts. Features of all parts are first computed without a graph; the contrastive
loss's gradient with respect to them is kept; each part then goes through the towers again, and
the kept gradient is sent through it (Gao et al. 2021, arXiv 2101.06983). The price is one more
forward pass, the result the gradient of the whole batch.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from training.batches.batch import Batch, laid_out
from training.batches.layout import Layout
from training.model.towers import Features
from training.objective.objective import (
    Contrast,
    Objective,
    Terms,
    contrast_of,
    contrastive_loss,
    hard_negative_loss,
    num_rows,
    whole_loss,
)

Draws = dict[Generator, Tensor]  # the state of each of torch's generators


def learn(
    model: nn.Module,
    batches: Sequence[Batch],
    objective: Objective,
    *,
    precision: torch.dtype | None = None,
    scaled: Callable[[Tensor], Tensor] = lambda loss: loss,
) -> Terms:
    """Add the gradient of one step to the model's parameters; return the detached terms.

    Args:
        model: a ClipModel, or one in DistributedDataParallel.
        batches: the step's captions on this rank, in one batch or in several of equal size, on the
            model's device.
        objective: what is minimised.
        precision: of the towers under autocast; None: that of their weights.
        scaled: what is done to a loss before its gradient (GradScaler.scale, for float16).
    """
    local = bool(objective.local_weight)
    num_candidates = batches[0].num_negatives + 1
    plain: Any = model.module if isinstance(model, DistributedDataParallel) else model
    batches = [laid_out(batch, plain.form) for batch in batches]
    if len(batches) == 1:
        features = _encode(model, batches[0], local=local, precision=precision)
        loss, terms = whole_loss(
            features, _layout(batches[0]), objective, num_candidates=num_candidates
        )
        torch.autograd.backward(scaled(loss))
        return terms
    parts, draws = [], []
    for batch in batches:
        draws.append(_draws(batch))
        with torch.no_grad():
            features = _encode(model, batch, local=False, precision=precision)
        parts.append(
            contrast_of(features, _layout(batch), objective, num_candidates=num_candidates)
        )
    gradient, contrastive = _gradient_of(parts, objective)
    terms = _learn_parts(
        model, batches, gradient, objective, draws=draws, precision=precision, scaled=scaled
    )
    terms |= {
        objective.contrastive: contrastive,
        "scale": parts[0].scale,
        "loss": contrastive + terms["hard"],
    }
    del terms["hard"]
    return terms


def _gradient_of(parts: Sequence[Contrast], objective: Objective) -> tuple[list[Contrast], Tensor]:
    """Return the contrastive loss's gradient with respect to each part, and the loss."""
    leaves = [
        replace(
            part,
            image_BD=part.image_BD.requires_grad_(),
            text_BCD=part.text_BCD.requires_grad_(),
        )
        for part in parts
    ]
    whole = Contrast(
        image_BD=torch.cat([leaf.image_BD for leaf in leaves]),
        text_BCD=torch.cat([leaf.text_BCD for leaf in leaves]),
        valid_BC=torch.cat([leaf.valid_BC for leaf in leaves]),
        scale=parts[0].scale.clone().requires_grad_(),
    )
    loss = contrastive_loss(whole, objective)
    inputs = [*(leaf.image_BD for leaf in leaves), *(leaf.text_BCD for leaf in leaves)]
    *grads, scale = torch.autograd.grad(loss, [*inputs, whole.scale])
    images, texts = grads[: len(parts)], grads[len(parts) :]
    gradient = [
        replace(part, image_BD=image_BD, text_BCD=text_BCD, scale=scale / len(parts))
        for part, image_BD, text_BCD in zip(parts, images, texts, strict=True)
    ]
    return gradient, loss.detach()


def _learn_parts(  # noqa: PLR0913 - a step's arguments, cut in parts
    model: nn.Module,
    batches: Sequence[Batch],
    gradient: Sequence[Contrast],
    objective: Objective,
    *,
    draws: Sequence[Draws],
    precision: torch.dtype | None,
    scaled: Callable[[Tensor], Tensor],
) -> Terms:
    """Send each part through the towers with its gradient; return the hard negatives' terms."""
    num_captions, num_candidates = len(batches[0].ids), batches[0].num_negatives + 1
    layouts = [_layout(batch) for batch in batches]
    rows = num_rows(layouts, num_captions, num_candidates=num_candidates)
    sums: Terms = {}
    for number, (batch, layout, part) in enumerate(zip(batches, layouts, gradient, strict=True)):
        for generator, state in draws[number].items():
            generator.set_state(state)
        with _exchange_once(model, last=number == len(batches) - 1):
            features = _encode(
                model, batch, local=bool(objective.local_weight), precision=precision
            )
            contrast = contrast_of(features, layout, objective, num_candidates=num_candidates)
            hard, terms = hard_negative_loss(
                features, layout, objective, rows=rows, num_candidates=num_candidates
            )
            torch.autograd.backward(scaled(_inner(contrast, part) + hard))
        for name, term in {**terms, "hard": hard.detach()}.items():
            sums[name] = sums[name] + term if name in sums else term
    return sums


def _inner(contrast: Contrast, gradient: Contrast) -> Tensor:
    """Return a number whose gradient is the kept one."""
    return (
        (contrast.image_BD * gradient.image_BD).sum()
        + (contrast.text_BCD * gradient.text_BCD).sum()
        + contrast.scale * gradient.scale
    )


def _encode(
    model: nn.Module, batch: Batch, *, local: bool, precision: torch.dtype | None
) -> Features:
    device = batch.image_BCHW.device.type
    with torch.autocast(device, dtype=precision, enabled=precision is not None):
        features: Features = model(batch, local=local)
    return features


def _draws(batch: Batch) -> Draws:
    """Return where the generators stand: a tower with dropout is to drop the same once more."""
    device = batch.image_BCHW.device
    generators = [torch.default_generator]
    if device.type == "cuda":
        generators.append(torch.cuda.default_generators[torch.cuda.current_device()])
    return {generator: generator.get_state() for generator in generators}


def _exchange_once(model: nn.Module, *, last: bool) -> AbstractContextManager[None]:
    """Let ranks exchange gradients in the last part only."""
    if isinstance(model, DistributedDataParallel) and not last:
        return model.no_sync()
    return nullcontext()


def _layout(batch: Batch) -> Layout:
    assert batch.layout is not None
    return batch.layout
