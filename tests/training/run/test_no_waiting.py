"""A step never waits for its device, also where there is none: tensors of `meta` have no values.

Whatever asks for a value fails by itself; what brings numbers from the host, for which a GPU's
queue is waited for, is found by who looks at every operation.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tests.training.tiny import OBJECTIVES, batch_of, clip_model
from training.batches.images import normalized
from training.model.teacher import follow, teacher_of
from training.objective.losses import LOSSES
from training.objective.losses.hard_negatives import attention_weights
from training.objective.objective import Objective, weighted
from training.run.backward import backward


class NoNumbersOfPython(TorchFunctionMode):
    """Refuses tensors that are made of Python's numbers: `torch.tensor` runs no operation."""

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        if func in {torch.tensor, torch.as_tensor}:
            raise AssertionError(f"{func} reads a tensor on the host")
        return func(*args, **(kwargs or {}))


@contextmanager
def nothing_from_the_host() -> Iterator[None]:
    with NoNumbersOfPython(), NoTensorsOfTheHost():
        yield


class NoTensorsOfTheHost(TorchDispatchMode):
    """Refuses operations that read a tensor on the host."""

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        if any(tensor.device.type == "cpu" for tensor in tensors):
            raise AssertionError(f"{func} reads a tensor on the host")
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "objective",
    [
        *OBJECTIVES.values(),
        Objective((weighted("clip"), weighted("global"), weighted("local", attention="sparse"))),
        Objective(
            tuple(
                weighted(name)
                for name, loss in LOSSES.items()
                if name != "local" and not loss.needs_decoder
            )
        ),
    ],
)
@pytest.mark.parametrize("num_parts", [1, 2])
def test_a_gradient_needs_nothing_of_the_host(
    objective: Objective, num_parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # it knows no `meta`
    model = clip_model(bias=-1.0, dtype=torch.float32)
    positives = [1, 2, 0, 1] if objective.needs_positives else []
    batch = batch_of(model, [3, 0, 1, 2], positives=positives, dtype=torch.float32).to("meta")
    model.to("meta")
    teacher = teacher_of(model)
    with nothing_from_the_host():
        terms = backward(model, [batch] * num_parts, objective, teacher=teacher, carried={})
        follow(teacher, model, decay=0.5)
        model.clamp_scale()
    assert all(term.device.type == "meta" for term in terms.values())
    assert model.clip.logit_scale.grad is not None


def test_pixels_become_floats_where_they_are() -> None:
    image_BCHW = torch.zeros(2, 3, 8, 8, dtype=torch.uint8, device="meta")
    with nothing_from_the_host():
        found = normalized(image_BCHW, mean=(0.4, 0.5, 0.6), std=(0.2, 0.2, 0.3))
    assert found.dtype == torch.float32


def test_what_waits_is_found() -> None:
    scores, host = torch.zeros(2, 3, 4, device="meta"), torch.ones(4)
    with nothing_from_the_host():
        attention_weights(scores, attention="minmax")
        with pytest.raises(AssertionError, match="reads a tensor on the host"):
            torch.tensor([1.0, 2.0], device="meta")
        with pytest.raises(AssertionError, match="reads a tensor on the host"):
            scores + host.to("meta")
        with pytest.raises((RuntimeError, NotImplementedError)):
            scores.sum().item()
        with pytest.raises((RuntimeError, NotImplementedError)):
            scores[scores > 0]
