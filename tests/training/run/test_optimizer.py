import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.amp import GradScaler

from tests.training.tiny import clip_model
from training.config import OptimizerOptions
from training.model.lora import add_lora
from training.run.optimizer import adamw, learning_rate, update


def test_gains_biases_and_the_scale_do_not_decay() -> None:
    model = clip_model()
    decaying, others = adamw(model, OptimizerOptions()).param_groups
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    names = {id(p): name for name, p in model.named_parameters()}
    told = [{names[id(p)] for p in group["params"]} for group in (decaying, others)]
    assert "clip.logit_scale" in told[1]
    assert all(name.endswith(("bias", "weight", "logit_scale", "embedding")) for name in told[1])
    assert all("ln_" not in name and "bias" not in name for name in told[0])
    assert {"clip.text_projection", "clip.token_embedding.weight"} <= told[0]
    assert len(told[0]) + len(told[1]) == len(names)


def test_what_lora_freezes_is_not_optimised() -> None:
    model = clip_model()
    add_lora(model.clip, generator=torch.Generator())
    (group,) = adamw(model, OptimizerOptions()).param_groups
    assert all(p.requires_grad for p in group["params"])
    assert len(group["params"]) == sum(p.requires_grad for p in model.parameters())


class Line(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, 2))
        self.bias = nn.Parameter(torch.zeros(2))


@pytest.mark.parametrize(("clip_norm", "expected"), [(None, 5.0), (1.0, 1.0), (9.0, 5.0)])
def test_a_gradient_is_clipped_and_its_norm_told(clip_norm: float | None, expected: float) -> None:
    model = Line()
    optimizer = torch.optim.SGD(model.parameters(), lr=9.0)
    model.weight.grad = torch.tensor([[3.0, 0.0], [0.0, 0.0]])
    model.bias.grad = torch.tensor([4.0, 0.0])
    before = [p.detach().clone() for p in model.parameters()]
    norm = update(optimizer, GradScaler("cpu", enabled=False), rate=1.0, clip_norm=clip_norm)
    moved = torch.cat([(b - p).flatten() for b, p in zip(before, model.parameters(), strict=True)])
    assert norm.item() == pytest.approx(5.0)
    assert moved.norm().item() == pytest.approx(expected, rel=1e-5)
    assert all(p.grad is None for p in model.parameters())


def test_a_step_that_overflows_in_half_precision_is_left_out() -> None:
    model = Line()
    optimizer = adamw(model, OptimizerOptions(lr=1.0))
    scaler = GradScaler("cpu", init_scale=4.0)
    for factor, moves in ((float("inf"), False), (1.0, True)):
        before = model.bias.detach().clone()
        scaler.scale(model.bias.sum() * factor).backward()
        norm = update(optimizer, scaler, rate=0.1, clip_norm=1.0)
        assert torch.equal(model.bias, before) is not moves
        assert bool(norm.isfinite()) is moves
    assert scaler.get_scale() == 2.0


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, 0.02), (24, 0.5), (49, 1.0), (50, 1.0), (100, 0.5), (149, 0.0)],
)
def test_the_rate_warms_up_and_falls_along_a_cosine(step: int, expected: float) -> None:
    rate = learning_rate(step, num_steps=150, warmup_steps=50, peak=1.0)
    assert rate == pytest.approx(expected, abs=3e-4)


@given(st.integers(1, 400), st.integers(0, 100))
def test_the_rate_is_of_the_peak_at_most_and_rises_once(num_steps: int, warmup_steps: int) -> None:
    rates = [
        learning_rate(step, num_steps=num_steps, warmup_steps=warmup_steps, peak=3.0)
        for step in range(num_steps)
    ]
    assert all(0 < rate <= 3.0 for rate in rates)
    assert max(rates) == 3.0
    top = rates.index(3.0)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
