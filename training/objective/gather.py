"""Features and counts of all data-parallel ranks, with the gradient of a single rank.

Every rank gathers all features and computes the whole contrastive loss, the same number on each.
The gradient of a rank's own slice is then complete without another exchange. Data-parallel training
averages the parameters' gradients over W ranks, so the slice is multiplied by W: the average then
equals the sum over slices. Terms that a rank computes from its own rows only are sums divided by
the number of rows on all ranks, times W for the same reason. Without a process group W is 1.
"""

from typing import Any

import torch
from torch import Tensor, distributed


def num_ranks() -> int:
    """Return W."""
    return distributed.get_world_size() if _is_on() else 1


def gather(local: Tensor) -> Tensor:
    """Return the ranks' tensors concatenated; all must have the same shape."""
    if num_ranks() == 1:
        return local
    gathered: Tensor = _Gather.apply(local)
    return gathered


def total(local: Tensor) -> Tensor:
    """Return the sum over ranks, without gradient."""
    summed = local.detach().clone()
    if num_ranks() > 1:
        distributed.all_reduce(summed)
    return summed


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, local: Tensor) -> Tensor:  # noqa: ANN401 - torch's context is untyped
        ctx.num_local = len(local)
        parts = [torch.empty_like(local) for _ in range(num_ranks())]
        distributed.all_gather(parts, local.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:  # noqa: ANN401
        start = distributed.get_rank() * ctx.num_local
        return grads[0].narrow(0, start, ctx.num_local) * num_ranks()


def _is_on() -> bool:
    return distributed.is_available() and distributed.is_initialized()
