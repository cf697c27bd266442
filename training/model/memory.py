"""Recompute cheap outputs in the backward pass instead of saving them.

The output of a GELU or a LayerNorm is saved by the linear map that reads it, although its input is
saved too. Of the 17 widths that a transformer block saves per token, 6 are such outputs. Here they
are recomputed from those inputs in the backward pass: bit for bit the same numbers, for about a
hundredth of a step's time.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import ReferenceType, ref

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe for a saved tensor: a module, its input, and the saved view of its output."""

    module: nn.Module
    source: Tensor
    size: torch.Size
    stride: tuple[int, ...]
    offset: int

    def make(self) -> Tensor:
        """Return the tensor."""
        with torch.no_grad():
            made: Tensor = self.module(self.source)
        return made.as_strided(self.size, self.stride, self.offset)


@contextmanager
def recomputing(model: nn.Module) -> Iterator[None]:
    """Within this context, do not save the outputs of the model's GELUs and LayerNorms.

    Only for an uncompiled forward pass; the backward pass may run outside of it.
    """
    known: dict[int, tuple[ReferenceType[Tensor], nn.Module, Tensor]] = {}

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        known[id(output)] = (ref(output), module, inputs[0].detach())

    def pack(saved: Tensor) -> Any:  # noqa: ANN401 - whatever unpack takes
        base = saved._base  # noqa: SLF001 - torch's documented name of a view's owner
        whole = saved if base is None else base
        found = known.get(id(whole))
        if found is None or found[0]() is not whole:
            return saved
        return Recipe(found[1], found[2], saved.size(), saved.stride(), int(saved.storage_offset()))

    def unpack(packed: Any) -> Tensor:  # noqa: ANN401 - whatever pack gave
        made: Tensor = packed.make() if isinstance(packed, Recipe) else packed
        return made

    with ExitStack() as stack:
        for module in model.modules():
            if isinstance(module, nn.LayerNorm | nn.GELU) or type(module).__name__ == "QuickGELU":
                handle = module.register_forward_hook(note)
                stack.callback(handle.remove)
        stack.enter_context(torch.autograd.graph.saved_tensors_hooks(pack, unpack))
        yield
