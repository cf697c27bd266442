"""The table of losses: every row has what a row promises."""

from dataclasses import fields, is_dataclass

import pytest
import torch

from tests.training.tiny import batch_of, clip_model
from training.objective.loss import BatchLoss, PerCaption
from training.objective.losses import LOSSES
from training.objective.objective import Objective, compared, weighted
from training.objective.specs import objective_of, spec_of


@pytest.mark.parametrize("name", LOSSES)
def test_a_row_is_named_said_and_weighed(name: str) -> None:
    row = LOSSES[name]
    assert row.name == name
    assert "arXiv" in row.says
    assert row.weight > 0
    assert is_dataclass(row.options)
    assert {field.name for field in fields(row.options)}.isdisjoint({"loss", "weight"})
    row.options()  # every option has a default


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_gives_what_its_kind_promises(name: str) -> None:
    """A number for the batch, or one for each caption, that needs no more than the row says."""
    model, row = clip_model(), LOSSES[name]
    batch = batch_of(model, [3, 0, 2])
    features = model(batch, tokens=row.needs_tokens)
    if isinstance(row, BatchLoss):
        seen = compared(features, Objective((weighted(name),)))
        assert seen.token_BMD is None
        assert seen.valid_BC.shape[1] == (4 if row.needs_negatives else 1)
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
    assert loss.isfinite()
    (grad_BD,) = torch.autograd.grad(loss, features.image_BD, allow_unused=True)
    if name != "local":  # which sees patches alone
        assert grad_BD is not None
        assert grad_BD.isfinite().all()


def test_an_objective_is_written_as_it_is_read() -> None:
    objective = objective_of(
        ["clip", {"loss": "local", "weight": 1, "beta": 0.1}], weights={"clip": 2.0, "local": 0.5}
    )
    assert spec_of(objective) == [
        {"loss": "clip", "weight": 2.0},
        {"loss": "local", "weight": 1.0, "gamma": 2.0, "beta": 0.1, "attention": "minmax"},
    ]
    assert objective_of(spec_of(objective)) == objective
