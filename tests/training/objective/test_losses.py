"""Each loss against its formula, written out in float64; masks; gradients; precision."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from training.objective.features import Features, features_of, has_negative
from training.objective.losses.contrastive import clip_loss, negclip_loss
from training.objective.losses.hard_negatives import (
    Attention,
    attention_weights,
    calibrated_losses,
    global_logits,
    local_logits,
    local_similarities,
)

ATTENTIONS: tuple[Attention, ...] = ("minmax", "softmax", "sparse")
CALIBRATIONS = [(0.0, 0.0), (0.0, 0.05), (2.0, 0.0), (2.0, 0.02), (0.5, 0.1), (5.0, 0.1)]


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64, requires_grad=True)


def unit(*shape: int, seed: int = 0) -> Tensor:
    return functional.normalize(normal(*shape, seed=seed), dim=-1).detach().requires_grad_()


def view(
    image_BD: Tensor, text_BCD: Tensor, scale: Tensor, valid_BC: Tensor | None = None
) -> Features:
    """Return the view that losses over the batch have; all texts are there if nothing is said."""
    if valid_BC is None:
        valid_BC = torch.ones(text_BCD.shape[:2], dtype=torch.bool)
    return features_of(image_BD=image_BD, text_BCD=text_BCD, valid_BC=valid_BC, scale=scale)


def test_clip_loss_is_both_cross_entropies() -> None:
    image_BD, caption_BD, scale = unit(5, 4), unit(5, 4, seed=1), torch.tensor(3.0).double()
    logits = scale * image_BD @ caption_BD.T
    rows = [-logits[i].log_softmax(0)[i] for i in range(5)]
    columns = [-logits[:, i].log_softmax(0)[i] for i in range(5)]
    expected = (sum(rows) + sum(columns)) / 10
    found = clip_loss(view(image_BD, caption_BD[:, None], scale))
    assert torch.isclose(found, expected, rtol=1e-12)


def test_a_missing_negative_is_no_column_of_negclip() -> None:
    image_BD, text_BCD, scale = unit(3, 4), unit(3, 3, 4, seed=1), torch.tensor(3.0).double()
    valid_BC = torch.tensor([[True, True, False], [True, True, True], [True, False, False]])
    masked = negclip_loss(view(image_BD, text_BCD, scale, valid_BC))
    logits = scale * image_BD @ torch.cat([text_BCD[:, 0], text_BCD[:, 1:][valid_BC[:, 1:]]]).T
    rows = -logits.log_softmax(1).diagonal().mean()
    columns = -logits[:, :3].log_softmax(0).diagonal().mean()
    assert torch.isclose(masked, (rows + columns) / 2, rtol=1e-12)
    none_BC = torch.tensor([[True, False, False]] * 3)
    nothing = negclip_loss(view(image_BD, text_BCD, scale, none_BC))
    assert torch.isclose(nothing, clip_loss(view(image_BD, text_BCD, scale)), rtol=1e-12)
    masked.backward()
    assert text_BCD.grad is not None
    assert not text_BCD.grad[~valid_BC].any()


@pytest.mark.parametrize(("gamma", "beta"), CALIBRATIONS)
def test_calibrated_loss_is_its_formula(gamma: float, beta: float) -> None:
    logits_BC, valid_BC = _every_count()
    losses_B = calibrated_losses(logits_BC, valid_BC, gamma=gamma, beta=beta)
    for loss, logits_C, valid_C in zip(losses_B, logits_BC, valid_BC, strict=True):
        num_negatives = int(valid_C[1:].sum())
        p = logits_C[valid_C].softmax(0)
        y = torch.full_like(p, beta / (num_negatives + 1))
        y[0] += 1 - beta
        expected = (y * (1 - p) ** gamma * -p.log()).sum() if num_negatives else torch.zeros(())
        assert torch.isclose(loss, expected.to(loss), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("gamma", "beta"), CALIBRATIONS)
@pytest.mark.parametrize("stretch", [1.0, 1e3])
def test_gradients_are_finite_and_end_at_the_mask(
    gamma: float, beta: float, stretch: float, dtype: torch.dtype
) -> None:
    logits_BC, valid_BC = _every_count()
    leaf = (stretch * logits_BC).to(dtype).detach().requires_grad_()
    masked = leaf.masked_fill(~valid_BC, -torch.inf)
    calibrated_losses(masked, valid_BC, gamma=gamma, beta=beta).sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.isfinite().all()
    assert not leaf.grad[~valid_BC].any()
    assert not leaf.grad[~has_negative(valid_BC)].any()
    if stretch == 1:
        assert leaf.grad[has_negative(valid_BC)].abs().sum(-1).all()


@pytest.mark.parametrize("seed", range(5))
def test_calibrated_gradient_is_the_numerical_one(seed: int) -> None:
    logits_BC = normal(2, 4, seed=seed)
    valid_BC = torch.tensor([[True] * 4, [True, False, True, False]])
    assert torch.autograd.gradcheck(
        lambda leaf: calibrated_losses(leaf, valid_BC, gamma=2.0, beta=0.02), (logits_BC,)
    )


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_a_view_is_never_needed(attention: Attention) -> None:
    """The identity with G = V V^T gives what forming v^ gives, gradients too."""
    patch_BPD, token_BMD = normal(3, 7, 5), normal(3, 9, 5, seed=1)
    similarity_BM = local_similarities(patch_BPD, token_BMD, attention=attention)
    grads = torch.autograd.grad(_weighted(similarity_BM), (patch_BPD, token_BMD))
    score_BMP = torch.einsum("bmd,bpd->bmp", token_BMD, patch_BPD).detach()
    weight_BMP = _weights(score_BMP, attention)
    view_BMD = functional.normalize(torch.einsum("bmp,bpd->bmd", weight_BMP, patch_BPD), dim=-1)
    plain_BM = (view_BMD * functional.normalize(token_BMD, dim=-1)).sum(-1)
    plain_grads = torch.autograd.grad(_weighted(plain_BM), (patch_BPD, token_BMD))
    assert torch.allclose(similarity_BM, plain_BM, rtol=0, atol=1e-12)
    for grad, plain in zip(grads, plain_grads, strict=True):
        assert torch.allclose(grad, plain, rtol=0, atol=1e-12)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_equal_scores_weigh_all_patches_alike(attention: Attention) -> None:
    weight = attention_weights(torch.full((1, 2, 5), -3.0), attention=attention)
    assert torch.allclose(weight, torch.full((1, 2, 5), 0.2))


def test_sparse_drops_what_is_below_an_equal_share() -> None:
    weight = attention_weights(torch.tensor([[[0.0, 0.24, 0.26, 1.0]]]), attention="sparse")
    assert torch.allclose(weight, torch.tensor([[[0.0, 0.0, 0.26, 1.0]]]) / 1.26)


def test_local_logits_sum_over_a_texts_own_tokens() -> None:
    patch_BPD, token_BMD, scale = normal(2, 7, 5), normal(2, 4, 5, seed=1), torch.tensor(2.0)
    features = Features(
        image_BD=unit(2, 5),
        text_TD=unit(3, 5),
        place_T=torch.tensor([0, 3, 2]),
        valid_BC=torch.tensor([[True, False, True], [True, False, False]]),
        scale=scale,
        patch_BPD=patch_BPD,
        token_BMD=token_BMD,
        path_TL=torch.tensor([[0, 1, 8], [4, 5, 6], [0, 2, 3]]),  # 8: ended
    )
    found = local_logits(features)
    similarity = local_similarities(patch_BPD, token_BMD)
    expected = torch.full((2, 3), -torch.inf, dtype=torch.float64)
    for b, k, steps in ((0, 0, [0, 1]), (1, 0, [0, 1, 2]), (0, 2, [0, 2, 3])):
        expected[b, k] = (2 * similarity[b, steps]).exp().sum().log()
    assert torch.allclose(found, expected, rtol=1e-12)
    leaf_grads = torch.autograd.grad(found[found.isfinite()].sum(), (patch_BPD, token_BMD))
    assert all(grad.isfinite().all() for grad in leaf_grads)
    assert not leaf_grads[1][1, 3].any()  # a token of no text


def test_global_logits_compare_an_image_with_its_own_texts() -> None:
    image_BD, text_TD = unit(2, 4), unit(3, 4, seed=1)
    features = Features(
        image_BD=image_BD,
        text_TD=text_TD,
        place_T=torch.tensor([0, 2, 1]),
        valid_BC=torch.tensor([[True, True], [True, False]]),
        scale=torch.tensor(7.0),
    )
    expected = [
        [7 * image_BD[0] @ text_TD[0], 7 * image_BD[0] @ text_TD[2]],
        [7 * image_BD[1] @ text_TD[1], torch.tensor(-math.inf)],
    ]
    for logits_C, expected_C in zip(global_logits(features), expected, strict=True):
        assert torch.allclose(logits_C, torch.stack(expected_C).to(logits_C), rtol=1e-12)


def test_texts_are_set_out_by_place() -> None:
    features = Features(
        image_BD=torch.ones(2, 1),
        text_TD=torch.tensor([[1.0], [2.0], [3.0]]),
        place_T=torch.tensor([0, 3, 2]),
        valid_BC=torch.tensor([[True, False, True], [True, False, False]]),
        scale=torch.tensor(1.0),
        token_BMD=torch.ones(2, 4, 1),
        path_TL=torch.tensor([[0, 1], [4, 8], [0, 2]]),
    )
    assert features.text_BCD.squeeze(-1).tolist() == [[1.0, 0.0, 3.0], [2.0, 0.0, 0.0]]
    assert features.path_BCL is not None
    ended = [8, 8]
    assert features.path_BCL.tolist() == [[[0, 1], ended, [0, 2]], [[4, 8], ended, ended]]
    assert has_negative(features.valid_BC).tolist() == [True, False]


def _every_count() -> tuple[Tensor, Tensor]:
    """Return logits and masks of rows with 0, 1, 2 and 3 valid negatives."""
    valid_BC = torch.tensor(
        [
            [True, False, False, False],
            [True, False, True, False],
            [True, True, True, False],
            [True, True, True, True],
        ]
    )
    return (3 * normal(4, 4)).masked_fill(~valid_BC, -torch.inf).detach(), valid_BC


def _weights(score_BMP: Tensor, attention: Attention) -> Tensor:
    if attention == "softmax":
        return score_BMP.exp() / score_BMP.exp().sum(-1, keepdim=True)
    least, most = score_BMP.min(-1, keepdim=True)[0], score_BMP.max(-1, keepdim=True)[0]
    weight = (score_BMP - least) / (most - least)
    if attention == "sparse":
        weight = torch.where(weight < 1 / score_BMP.shape[-1], 0, weight)
    return weight / weight.sum(-1, keepdim=True)


def _weighted(values: Tensor) -> Tensor:
    """Return a sum in which each value has another weight."""
    return (values * torch.linspace(-1, 1, values.numel()).view_as(values)).sum()
