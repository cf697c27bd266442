"""A teacher: another model of the same kind whose weights follow those of the one that is trained.

theta' <- decay theta' + (1 - decay) theta after each step. It costs a forward pass of both towers
without a graph, and its weights once more in memory and in checkpoints. With LoRA the updates'
two factors follow, each by itself.
"""

from copy import deepcopy

import torch

from training.model.clip import ClipModel


def teacher_of(model: ClipModel) -> ClipModel:
    """Return a copy of a model, as a teacher is at first: it has no gradient, and drops nothing."""
    teacher = deepcopy(model).eval()
    teacher.requires_grad_(requires_grad=False)
    teacher.thrifty = False  # nothing is kept that could be made again
    return teacher


@torch.no_grad()
def follow(teacher: ClipModel, model: ClipModel, *, decay: float) -> None:
    """Bring the teacher's weights nearer to the model's."""
    torch._foreach_lerp_(list(teacher.parameters()), list(model.parameters()), 1 - decay)
