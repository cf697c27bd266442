"""AdamW with decay for matrices only, its learning rate, and one update of the weights."""

import math
from collections.abc import Iterator

from torch import Tensor, nn
from torch.amp import GradScaler
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import AdamW, Optimizer

from training.config import OptimizerOptions


def adamw(model: nn.Module, options: OptimizerOptions) -> AdamW:
    """Return AdamW over the trained weights.

    Tensors with two or more dimensions decay; gains, biases and logit_scale do not.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    decaying = [p for p in trained if p.ndim >= 2]
    others = [p for p in trained if p.ndim < 2]
    groups = [
        {"params": decaying, "weight_decay": options.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return AdamW(
        [group for group in groups if group["params"]],
        lr=options.lr,
        betas=options.betas,
        eps=options.eps,
        fused=True,
    )


def update(
    optimizer: Optimizer, scaler: GradScaler, *, rate: float, clip_norm: float | None
) -> Tensor:
    """Take one step with the current gradients; return their norm before clipping.

    With float16 a step whose gradients overflow is skipped, and its norm is not finite.
    """
    for group in optimizer.param_groups:
        group["lr"] = rate
    scaler.unscale_(optimizer)
    trained = list(_trained(optimizer))
    norm = get_total_norm([p.grad for p in trained if p.grad is not None])
    if clip_norm is not None:
        clip_grads_with_norm_(trained, clip_norm, norm)
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad(set_to_none=True)
    return norm


def _trained(optimizer: Optimizer) -> Iterator[Tensor]:
    for group in optimizer.param_groups:
        yield from group["params"]


def learning_rate(step: int, *, num_steps: int, warmup_steps: int, peak: float) -> float:
    """Return the rate of step 0, 1, ... of a run of `num_steps`; it needs no state.

    The warm-up takes at most half of the run.
    """
    warmup = min(warmup_steps, num_steps // 2)
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / max(1, num_steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * share))
