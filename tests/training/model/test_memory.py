"""What is made again is what was not kept, to the bit."""

from collections import Counter
from typing import Any

import open_clip
import pytest
import torch
from torch import Tensor, nn

from tests.training.tiny import OBJECTIVES, TEXT, VISION, batch_of, clip_model, tokenize
from training.model.clip import ClipModel
from training.model.memory import Recipe, recomputing
from training.run.backward import backward

CHEAP = (nn.LayerNorm, nn.GELU, open_clip.transformer.QuickGELU)


def quick_gelu() -> ClipModel:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        clip = open_clip.CLIP(24, VISION, TEXT | {"vocab_size": 100}, quick_gelu=True)
    return ClipModel(clip.double(), tokenize)


def step(model: ClipModel, *, recomputes: bool, precision: torch.dtype | None) -> list[Tensor]:
    model.recomputes = recomputes
    model.zero_grad()
    dtype = next(model.parameters()).dtype
    backward(
        model, [batch_of(model, [3, 1], dtype=dtype)], OBJECTIVES["fsc-clip"], precision=precision
    )
    return [p.grad.clone() for p in model.parameters() if p.grad is not None]


@pytest.mark.parametrize(
    ("model", "precision"),
    [
        (clip_model(), None),
        (clip_model(custom=True), None),
        (quick_gelu(), None),
        (clip_model(dtype=torch.float32), torch.bfloat16),
    ],
    ids=["clip", "custom", "quickgelu", "bfloat16"],
)
def test_gradients_are_the_same_to_the_bit(model: ClipModel, precision: torch.dtype | None) -> None:
    kept = step(model, recomputes=False, precision=precision)
    made = step(model, recomputes=True, precision=precision)
    assert all(map(torch.equal, made, kept))


def test_every_cheap_output_that_is_read_is_made_once_more() -> None:
    model = clip_model()
    calls: Counter[str] = Counter()
    for name, module in model.clip.named_modules():
        if isinstance(module, CHEAP):
            module.register_forward_hook(lambda *_, name=name: calls.update([name]))
    step(model, recomputes=True, precision=None)
    blocks = {name: count for name, count in calls.items() if "resblocks" in name}
    assert len(blocks) == 2 * 2 * 3
    gelus = {name: count for name, count in blocks.items() if name.endswith("gelu")}
    assert set(gelus.values()) == {2}
    assert {count for name, count in blocks.items() if name.endswith("ln_2")} == {2}


def test_hooks_leave_with_the_context() -> None:
    model = clip_model()
    with recomputing(model.clip):
        pass
    assert not any(module._forward_hooks for module in model.modules())


def test_a_view_is_made_as_it_was_saved() -> None:
    layer, source = nn.LayerNorm(4), torch.randn(3, 4)
    view = layer(source)[1:, ::2]
    packed: Any = Recipe(layer, source, view.size(), view.stride(), view.storage_offset())
    assert torch.equal(packed.make(), view)
