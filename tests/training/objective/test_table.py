"""The table of losses: every row has what a row promises."""

from dataclasses import fields, is_dataclass

import pytest
import torch

from data.errors import UsageError
from tests.training.text_models import WIDTH, decoder
from tests.training.tiny import batch_of, clip_model
from training.model.teacher import teacher_of
from training.objective.loss import BatchLoss, CarryingLoss, PerCaption
from training.objective.losses import LOSSES
from training.objective.objective import Objective, compared, weighted
from training.objective.specs import objective_of, spec_of
from training.run.backward import encode


@pytest.mark.parametrize("name", LOSSES)
def test_a_row_is_named_said_and_weighed(name: str) -> None:
    row = LOSSES[name]
    assert row.name == name
    assert "arXiv" in row.summary
    assert row.weight > 0
    assert is_dataclass(row.options)
    assert {field.name for field in fields(row.options)}.isdisjoint({"loss", "weight"})
    row.options()  # every option has a default


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_gives_what_its_kind_promises(name: str) -> None:
    """A number for the batch, or one for each caption, that needs no more than the row says."""
    model, row = clip_model(bias=-1.0), LOSSES[name]
    objective = Objective((weighted(name),))
    model.train_bias()
    model.add_prompt(WIDTH, generator=torch.Generator())
    positives = [1, 2, 0] if row.needs_positives else []
    batch = batch_of(model, [3, 0, 2], positives=positives, targets=row.needs_decoder)
    teacher = teacher_of(clip_model(seed=1, bias=-1.0))
    features = encode(model, batch, objective, teacher=teacher, decoder=decoder())
    assert (features.written is not None) == row.needs_decoder
    if isinstance(row, BatchLoss | CarryingLoss):
        seen = compared(features, objective)
        assert seen.token_BMD is None
        assert seen.valid_BC.shape[1] == (4 if row.needs_negatives else 1)
        assert (seen.positive_BQD is not None) == row.needs_positives
        assert (seen.bias is not None) == row.needs_bias
        assert (seen.patch_BPD is not None) == row.needs_patches
        if isinstance(row, CarryingLoss):
            first = row.first(row.options(), seen)
            loss, after = row.function(seen, row.options(), first + 5)
            assert (after.shape, after.requires_grad) == (first.shape, False)
        else:
            loss = row.function(seen, row.options())
        assert loss.ndim == 0
    else:
        found = row.function(features, row.options())
        assert isinstance(found, PerCaption)
        loss = found.loss_B.sum()
        for numbers in (found.loss_B, *found.figures.values()):
            assert numbers.shape == (3,)
            if row.needs_negatives:
                assert numbers[1] == 0
            if row.needs_positives:
                assert numbers[2] == 0
    assert loss.isfinite()
    grads = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    assert any(grad is not None and grad.any() for grad in grads)
    assert all(grad is None or grad.isfinite().all() for grad in grads)
    names = [name for name, _ in model.named_parameters()]
    assert (grads[names.index("clip.visual.proj")] is not None) == row.needs_images


def test_an_objective_is_written_as_it_is_read() -> None:
    objective = objective_of(
        ["clip", {"loss": "local", "weight": 1, "beta": 0.1}], weights={"clip": 2.0, "local": 0.5}
    )
    assert spec_of(objective) == [
        {"loss": "clip", "weight": 2.0},
        {"loss": "local", "weight": 1.0, "gamma": 2.0, "beta": 0.1, "attention": "minmax"},
    ]
    assert objective_of(spec_of(objective)) == objective


def test_losses_may_take_turns() -> None:
    spec = [
        {"loss": "clip", "weight": 1.0, "every": 2, "at": 1},
        {"loss": "negclip", "weight": 1.0, "every": 2, "at": 0},
    ]
    objective = objective_of(spec)
    assert spec_of(objective) == spec
    turns = [[each.loss for each in objective.at(step).losses] for step in range(3)]
    assert turns == [["negclip"], ["clip"], ["negclip"]]
    always = objective_of(["clip"])
    assert always.at(3) is always


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"loss": "clip", "every": 0}, "clip: expected `every` of 1 to 16 steps .* found 0 and 0"),
        ({"loss": "clip", "every": 2, "at": 2}, "found 2 and 2"),
        ({"loss": "clip", "every": True}, "found True and 0"),
        ({"loss": "clip", "every": 2, "at": 1}, "expected a loss for each step, .* for step 0"),
    ],
)
def test_turns_that_leave_a_step_without_a_loss_are_refused(
    spec: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        objective_of([spec])
