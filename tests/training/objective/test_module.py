"""FscClipLoss gives the numbers of the trainer, from plain tensors."""

from typing import Any

import pytest
import torch
from torch import Tensor

import training
from tests.training.tiny import OBJECTIVES, batch_of, clip_model
from training.objective.features import Features, token_paths
from training.objective.module import FscClipLoss
from training.objective.objective import Objective, weighted, whole_loss

COUNTS = (3, 0, 1, 2)


def features_and_leaves() -> tuple[Features, list[Tensor]]:
    model = clip_model()
    features = model(batch_of(model, COUNTS), tokens=True)
    leaves = [features.image_BD, features.text_TD, features.patch_BPD, features.token_BMD]
    return features, leaves


@pytest.mark.parametrize(
    ("options", "objective"),
    [
        ({}, OBJECTIVES["fsc-clip"]),
        ({"local_weight": 0}, Objective((weighted("clip"), weighted("global")))),
        (
            {"global_weight": 0, "local_weight": 0.7, "gamma": 1.0, "attention": "sparse"},
            Objective((
                weighted("clip"),
                weighted("local", weight=0.7, gamma=1.0, attention="sparse"),
            )),
        ),
        ({"global_weight": 0, "local_weight": 0}, OBJECTIVES["clip"]),
    ],
)  # fmt: skip
def test_it_is_the_loss_of_the_trainer(options: dict[str, Any], objective: Objective) -> None:
    features, leaves = features_and_leaves()
    expected, _ = whole_loss(features, objective)
    found = FscClipLoss(**options)(**features.tensors())
    assert torch.isclose(found, expected, rtol=1e-14)
    wanted = torch.autograd.grad(expected, leaves, retain_graph=True, allow_unused=True)
    grads = torch.autograd.grad(found, leaves, allow_unused=True)
    for grad, other in zip(grads, wanted, strict=True):
        assert (grad is None) == (other is None)
        if grad is not None:
            assert torch.allclose(grad, other, rtol=1e-10, atol=1e-14)


def test_texts_may_have_tokens_of_their_own() -> None:
    features, _ = features_and_leaves()
    tensors = features.tensors()
    assert features.token_BMD is not None
    path_BCL, ended = tensors["path_BCL"], features.token_BMD.shape[0] * features.token_BMD.shape[1]
    assert path_BCL is not None
    flat = torch.cat([features.token_BMD.flatten(0, 1), torch.full((1, 24), torch.nan)])
    mask_BCL = path_BCL < ended
    token_BCLD = flat[path_BCL].masked_fill(~mask_BCL[..., None], 5.0)
    own = tensors | {"token_BMD": token_BCLD.flatten(1, 2), "path_BCL": token_paths(mask_BCL)}
    criterion = FscClipLoss()
    assert torch.isclose(criterion(**own), criterion(**tensors), rtol=1e-12)


@pytest.mark.parametrize("value", [5.0, 1e30, torch.inf, torch.nan])
def test_what_stands_where_a_negative_is_missing_plays_no_part(value: float) -> None:
    features, _ = features_and_leaves()
    tensors: dict[str, Any] = features.tensors()
    expected = FscClipLoss()(**tensors)
    text_BCD = tensors["text_BCD"].detach().clone()
    text_BCD[~tensors["valid_BC"]] = value
    text_BCD.requires_grad_()
    found = FscClipLoss()(**tensors | {"text_BCD": text_BCD})
    assert torch.isclose(found, expected, rtol=1e-12)
    grad_BCD, image_grad_BD = torch.autograd.grad(found, (text_BCD, tensors["image_BD"]))
    assert grad_BCD.isfinite().all()
    assert image_grad_BD.isfinite().all()
    assert not grad_BCD[~tensors["valid_BC"]].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patch_BPD": None}, "expected patch_BPD, token_BMD and path_BCL for the local loss"),
        ({"valid_BC": torch.ones(4, 2, dtype=torch.bool)}, r"found \(4, 4, 24\) and \(4, 2\)"),
        ({"image_BD": torch.ones(3, 24)}, r"expected image_BD of shape \(4, 24\)"),
        ({"text_BCD": torch.ones(4, 24)}, r"found \(4, 24\) and \(4, 4\)"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    features, _ = features_and_leaves()
    with pytest.raises(ValueError, match=message):
        training.FscClipLoss()(**features.tensors() | change)


@pytest.mark.parametrize(
    "options",
    [
        {"global_weight": -1}, {"global_weight": torch.inf}, {"local_weight": -0.1},
        {"gamma": -1}, {"gamma": torch.nan}, {"beta": 1.1},
    ],
)  # fmt: skip
def test_numbers_outside_of_their_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected weights and gamma of 0 or more"):
        FscClipLoss(**options)


def test_an_unknown_attention_is_refused() -> None:
    options: dict[str, Any] = {"attention": "sparce"}
    with pytest.raises(ValueError, match=r"^expected an attention of minmax, softmax, sparse, "):
        FscClipLoss(**options)
