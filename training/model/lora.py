"""LoRA (Hu et al. 2021, arXiv 2106.09685): W + (alpha / r) B A, only A and B are trained.

Every linear map of both towers' blocks gets a rank-r update: MLPs and attention's query, key, value
and output, the first three each with their own pair. The patch convolution (where rank 4 in the
published code is full rank) and the projections into the joint space get none. B starts at zero, so
that step 0 is exactly the pretrained model.

Shape suffixes: G maps stacked in one weight (query, key, value), O outputs and I inputs of a map,
r rank.
"""

from collections.abc import Iterator

import torch
from torch import Generator, Tensor, nn
from torch.nn.utils import parametrize

PROJECTIONS = ("text_projection", "text.proj", "head")  # into the joint space


class LowRank(nn.Module):
    """W -> W + (alpha / r) B A, for each map stacked in W."""

    def __init__(
        self, weight: Tensor, *, num_maps: int, rank: int, alpha: float, generator: Generator
    ) -> None:
        super().__init__()
        num_outputs, num_inputs = weight.shape[0] // num_maps, weight.shape[1]
        bound = num_inputs**-0.5
        down_GrI = torch.empty(num_maps, rank, num_inputs).uniform_(
            -bound, bound, generator=generator
        )
        self.down_GrI = nn.Parameter(down_GrI.to(weight))
        self.up_GOr = nn.Parameter(weight.new_zeros(num_maps, num_outputs, rank))
        self.strength = alpha / rank

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight with its update."""
        return weight + self.strength * (self.up_GOr @ self.down_GrI).flatten(0, 1)


def add_lora(
    clip: nn.Module, *, rank: int = 4, alpha: float = 1.0, generator: Generator
) -> list[str]:
    """Add updates to an open_clip model's blocks and freeze the rest; return the weights' names."""
    clip.requires_grad_(requires_grad=False)
    targets = list(_targets(clip))
    for path, name, num_maps in targets:
        module = clip.get_submodule(path)
        update = LowRank(
            getattr(module, name), num_maps=num_maps, rank=rank, alpha=alpha, generator=generator
        )
        parametrize.register_parametrization(module, name, update)
    return [f"{path}.{name}" for path, name, _ in targets]


def plain_state_dict(clip: nn.Module) -> dict[str, Tensor]:
    """Return the state dict of the model without LoRA, updates merged into the weights."""
    state: dict[str, Tensor] = dict(clip.state_dict())
    for path, module in clip.named_modules():
        if not parametrize.is_parametrized(module):
            continue
        prefix = f"{path}.parametrizations."
        for key in [key for key in state if key.startswith(prefix)]:
            name = key.removeprefix(prefix).partition(".")[0]
            state[f"{path}.{name}"] = getattr(module, name).detach()
            del state[key]
    return state


def _targets(clip: nn.Module) -> Iterator[tuple[str, str, int]]:
    """Yield module, weight and number of maps stacked in it."""
    for path, module in clip.named_modules():
        last = path.rpartition(".")[2]
        if getattr(module, "in_proj_weight", None) is not None:
            yield path, "in_proj_weight", 3
        elif isinstance(module, nn.Linear) and not _is_projection(path):
            yield path, "weight", 3 if last == "qkv" else 1


def _is_projection(path: str) -> bool:
    return any(f".{name}." in f".{path}." for name in PROJECTIONS)
