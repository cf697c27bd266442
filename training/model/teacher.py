"""A teacher: a copy of the model whose weights are a moving average of the trained ones.

theta' <- decay theta' + (1 - decay) theta after each step. It costs a forward pass of both towers
without a graph, and a second copy of the weights in memory and in checkpoints. With LoRA the two
factors of the updates are averaged separately.
"""

from copy import deepcopy

import torch

from training.model.clip import ClipModel


def teacher_of(model: ClipModel) -> ClipModel:
    """Return a copy of a model as its initial teacher, without gradients and dropout."""
    teacher = deepcopy(model).eval()
    teacher.requires_grad_(requires_grad=False)
    teacher.recomputes = False  # there is no backward pass
    return teacher


@torch.no_grad()
def follow(teacher: ClipModel, model: ClipModel, *, decay: float) -> None:
    """Move the teacher's weights towards the model's; BatchNorm's statistics are the model's."""
    torch._foreach_lerp_(list(teacher.parameters()), list(model.parameters()), 1 - decay)
    for own, newer in zip(teacher.buffers(), model.buffers(), strict=True):
        own.copy_(newer)
