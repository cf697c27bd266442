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
from training.objective.features import Features, Written, features_of
from training.objective.objective import (
    Carried,
    Objective,
    Part,
    Terms,
    batch_losses,
    caption_losses,
    compared,
    counts_of,
    whole_loss,
)

Draws = dict[Generator, Tensor]  # the state of each of torch's generators
Decode = Callable[[Tensor, Tensor], Tensor]  # prompt_NW, token_NL -> logits_NLV


class _Kept(NamedTuple):
    """The gradient of the losses over the batch with respect to a micro-batch's features."""

    image_BD: Tensor
    text_BCD: Tensor
    scale: Tensor
    bias: Tensor | None
    positive_BQD: Tensor | None
    patch_BPD: Tensor | None


def backward(  # noqa: PLR0913 - objective, data, and everything besides the model
    model: nn.Module,
    micro_batches: Sequence[Batch],
    objective: Objective,
    *,
    teacher: nn.Module | None = None,
    decoder: Decode | None = None,
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
        decoder: a frozen text model, for losses that let it write.
        carried: what losses carry from step to step, renewed in place.
        precision: of the towers under autocast; None: that of their weights.
        scaled: applied to a loss before its gradient (GradScaler.scale, for float16).
    """
    plain: Any = model.module if isinstance(model, DistributedDataParallel) else model
    batches = [laid_out(batch, plain.form) for batch in micro_batches]
    if len(batches) == 1:
        features = encode(
            model, batches[0], objective, teacher=teacher, decoder=decoder, precision=precision
        )
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
        decoder=decoder,
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
            patches = objective.compares_patches
            features = _encode(model, batch, patches=patches, precision=precision)
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
    patches = [each.patch_BPD for each in leaves if each.patch_BPD is not None]
    masks = [part.positive_BQ for part in parts if part.positive_BQ is not None]
    whole = features_of(
        image_BD=torch.cat([each.image_BD for each in leaves]),
        text_BCD=torch.cat([each.text_BCD for each in leaves]),
        valid_BC=torch.cat([part.valid_BC for part in parts]),
        scale=scale,
        bias=bias,
        positive_BQD=torch.cat(positives) if positives else None,
        positive_BQ=torch.cat(masks) if masks else None,
        patch_BPD=torch.cat(patches) if patches else None,
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
            patch_BPD=None if each.patch_BPD is None else next(found),
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
    patch_BPD: Tensor | None

    def all(self) -> list[Tensor]:
        """Return the features that exist."""
        return [leaf for leaf in self if leaf is not None]


def _leaves_of(part: Features) -> _Leaves:
    positive_BQD, patch_BPD = part.positive_BQD, part.patch_BPD
    return _Leaves(
        image_BD=part.image_BD.requires_grad_(),
        text_BCD=part.text_BCD.requires_grad_(),
        positive_BQD=None if positive_BQD is None else positive_BQD.requires_grad_(),
        patch_BPD=None if patch_BPD is None else patch_BPD.requires_grad_(),
    )


def _second_pass(  # noqa: PLR0913 - a step's arguments, in parts
    model: nn.Module,
    batches: Sequence[Batch],
    objective: Objective,
    *,
    teacher: nn.Module | None,
    decoder: Decode | None,
    kept: Sequence[_Kept] | None,
    draws: Sequence[Draws],
    precision: torch.dtype | None,
    scaled: Callable[[Tensor], Tensor],
) -> tuple[Tensor, Terms]:
    """Send each part through the towers with its gradient; return the losses over captions."""
    counts = counts_of([_there(batch) for batch in batches])
    sums: Terms = {}
    for number, batch in enumerate(batches):
        for generator, state in draws[number].items():
            generator.set_state(state)
        with _exchange_once(model, last=number == len(batches) - 1):
            features = encode(
                model, batch, objective, teacher=teacher, decoder=decoder, precision=precision
            )
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
    if seen.patch_BPD is not None and kept.patch_BPD is not None:
        inner = inner + (seen.patch_BPD * kept.patch_BPD).sum()
    if seen.bias is not None and kept.bias is not None:
        inner = inner + seen.bias * kept.bias
    return inner


def encode(  # noqa: PLR0913 - what sees the batch
    model: nn.Module,
    batch: Batch,
    objective: Objective,
    *,
    teacher: nn.Module | None = None,
    decoder: Decode | None = None,
    precision: torch.dtype | None = None,
) -> Features:
    """Return a batch's features with all that the losses need, teacher's and decoder's among it."""
    tokens, patches = objective.needs_tokens, objective.needs_patches
    features = _encode(model, batch, tokens=tokens, patches=patches, precision=precision)
    if decoder is not None and objective.needs_decoder:
        features = replace(features, written=_written(decoder, features, batch, precision))
    if teacher is None or not objective.needs_teacher:
        return features
    with torch.no_grad():
        taught = _encode(teacher, batch, precision=precision)
    return replace(features, teacher_BD=taught.image_BD, teacher_TD=taught.text_TD)


def _encode(
    model: nn.Module,
    batch: Batch,
    *,
    tokens: bool = False,
    patches: bool = False,
    precision: torch.dtype | None,
) -> Features:
    device = batch.image_BCHW.device.type
    with torch.autocast(device, dtype=precision, enabled=precision is not None):
        features: Features = model(batch, tokens=tokens, patches=patches)
    return features


def _written(
    decoder: Decode, features: Features, batch: Batch, precision: torch.dtype | None
) -> Written:
    """Return what the decoder makes of captions that have a text to write."""
    assert batch.targets is not None
    assert features.prompt_BW is not None
    token_NL, caption_N = batch.targets.token_NL, batch.targets.caption_N
    logits_NLV = features.prompt_BW.new_zeros(*token_NL.shape, 1)
    if len(token_NL):
        device = token_NL.device.type
        is_safe = precision not in {None, torch.float16}  # T5 overflows in float16
        with torch.autocast(device, dtype=precision, enabled=is_safe):
            prompt_NW = features.prompt_BW[caption_N]
            half = prompt_NW.dtype == torch.float16
            logits_NLV = decoder(prompt_NW.float() if half else prompt_NW, token_NL)
    return Written(logits_NLV=logits_NLV, token_NL=token_NL, caption_N=caption_N)


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


def _there(batch: Batch) -> Part:
    assert batch.layout is not None
    token_NL = None if batch.targets is None else batch.targets.token_NL
    return Part(batch.layout.valid_BC, batch.layout.positive_BQ, token_NL)
