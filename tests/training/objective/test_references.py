"""Each loss of other papers against its equation, in float64 and plain loops over texts."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import exp, log
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from training.objective.features import Features, features_of
from training.objective.loss import BatchLoss, CaptionLoss, CarryingLoss
from training.objective.losses import LOSSES

SCALE, BIAS = 3.0, -1.5
B, K, Q, D = 4, 3, 2, 5
VALID = [[1, 1, 0, 1], [1, 0, 0, 0], [1, 1, 1, 1], [1, 0, 1, 0]]
POSITIVE = [[1, 1], [1, 0], [0, 0], [1, 1]]
THRESHOLD = [0.5, 2.0, 1.0]


class Lists(NamedTuple):
    """The features of a batch as lists: images, captions, negatives and positives by place."""

    image: list[Tensor]
    caption: list[Tensor]
    negative: list[list[Tensor | None]]
    positive: list[list[Tensor | None]]
    teacher_image: list[Tensor]
    teacher: list[list[Tensor]]
    patch: list[list[Tensor]]

    def z(self, i: int, text: Tensor) -> float:
        return SCALE * float(self.image[i] @ text)

    def negatives(self, i: int) -> list[Tensor]:
        return [each for each in self.negative[i] if each is not None]

    def positives(self, i: int) -> list[Tensor]:
        return [each for each in self.positive[i] if each is not None]

    def true(self, i: int) -> list[Tensor]:
        return [self.caption[i], *self.positives(i)]


def unit(*shape: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(*shape, D, generator=generator, dtype=torch.float64)
    return functional.normalize(values, dim=-1)


def batch() -> tuple[Features, Lists]:
    image_BD, text_BCD, positive_BQD = unit(B, seed=0), unit(B, 1 + K, seed=1), unit(B, Q, seed=2)
    taught_BD, taught_BCD = unit(B, seed=3), unit(B, 1 + K, seed=4)
    patch_BPD = unit(B, 6, seed=5) * torch.linspace(0.5, 4, 6)[:, None].double()
    valid_BC, positive_BQ = torch.tensor(VALID).bool(), torch.tensor(POSITIVE).bool()
    plain = features_of(
        image_BD=image_BD,
        text_BCD=text_BCD * valid_BC[..., None],
        valid_BC=valid_BC,
        scale=torch.tensor(SCALE).double(),
        bias=torch.tensor(BIAS).double(),
        positive_BQD=positive_BQD * positive_BQ[..., None],
        positive_BQ=positive_BQ,
        patch_BPD=patch_BPD,
    )
    features = replace(plain, teacher_BD=taught_BD, teacher_TD=taught_BCD.flatten(0, 1))

    def there(texts: Tensor, mask: list[list[int]], first: int) -> list[list[Tensor | None]]:
        return [
            [text if is_there else None for text, is_there in zip(row, flags, strict=True)][first:]
            for row, flags in zip(texts, mask, strict=True)
        ]

    return features, Lists(
        image=list(image_BD),
        caption=list(text_BCD[:, 0]),
        negative=there(text_BCD, VALID, 1),
        positive=there(positive_BQD, POSITIVE, 0),
        teacher_image=list(taught_BD),
        teacher=[list(row) for row in taught_BCD],
        patch=[list(row) for row in patch_BPD],
    )


def cross_entropy(own: float, others: list[float]) -> float:
    return log(exp(own) + sum(map(exp, others))) - own


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def sigmoid(a: Lists) -> float:
    total = 0.0
    for i in range(B):
        for j in range(B):
            z = a.z(i, a.caption[j]) + BIAS
            total += log(1 + exp(-z if i == j else z))
    return total / B


def phrases(a: Lists) -> float:
    found = []
    for j in range(B):
        for text in a.positives(j):
            zs = [a.z(i, text) + BIAS for i in range(B)]
            found.append(sum(log(1 + exp(-z if i == j else z)) for i, z in enumerate(zs)))
    return mean(found)


def attended_phrases(a: Lists) -> float:
    found = []
    for j in range(B):
        for text in a.positives(j):
            for i in range(B):
                patches = [patch / patch.norm() for patch in a.patch[i]]
                weights = [exp(float(text @ patch)) for patch in patches]
                view = sum(w * patch for w, patch in zip(weights, patches, strict=True))
                assert isinstance(view, Tensor)
                z = SCALE * float(view @ text / view.norm()) + BIAS
                found.append(log(1 + exp(-z if i == j else z)))
    return B * mean(found)


def intra_modal(a: Lists) -> float:
    negatives = [text for i in range(B) for text in a.negatives(i)]
    return mean([
        -log(1 / sum(exp(SCALE * float(a.caption[i] @ text)) for text in negatives))
        for i in range(B)
    ])  # fmt: skip


def ranking(a: Lists) -> float:
    return mean([
        max(0.0, THRESHOLD[k] + a.z(i, text) - a.z(i, a.caption[i]))
        for i in range(B)
        for k, text in enumerate(a.negative[i])
        if text is not None
    ])  # fmt: skip


def paraphrase(a: Lists) -> float:
    found = []
    for i in range(B):
        for text in a.positives(i):
            zs = [SCALE * float(text @ caption) for caption in a.caption]
            found.append(cross_entropy(zs[i], zs[:i] + zs[i + 1 :]))
    return mean(found)


def several_captions(a: Lists) -> float:
    found = []
    for m in range(1 + Q):
        texts = [a.caption[i] if m == 0 else a.positive[i][m - 1] for i in range(B)]
        for i, own in enumerate(texts):
            if own is None:
                continue
            others = [a.z(i, t) for j, t in enumerate(texts) if t is not None and j != i]
            images = [a.z(j, own) for j in range(B) if j != i]
            z = a.z(i, own)
            found.append((cross_entropy(z, others) + cross_entropy(z, images)) / 2)
    return mean(found)


def units(a: Lists) -> float:
    found = []
    for q in range(Q):
        pairs = {
            i: (a.positive[i][q], a.negative[i][q])
            for i in range(B)
            if a.positive[i][q] is not None and a.negative[i][q] is not None
        }
        for i, (unit_, foil) in pairs.items():
            assert unit_ is not None
            assert foil is not None
            others = [a.z(i, u) for j, (u, _) in pairs.items() if j != i and u is not None]
            images = [a.z(j, unit_) for j in range(B) if j != i]
            z = a.z(i, unit_)
            found.append((cross_entropy(z, [*others, a.z(i, foil)]) + cross_entropy(z, images)) / 2)
    return mean(found)


def separate_negatives(a: Lists) -> list[float]:
    return [
        mean([
            cross_entropy(a.z(i, text), [a.z(i, each) for each in a.negatives(i)])
            for text in a.true(i)
        ])
        for i in range(B)
    ]  # fmt: skip


def text_distance(a: Lists) -> list[float]:
    return [
        float(((a.caption[i] - a.positives(i)[0]) ** 2).sum()) if a.positives(i) else 0.0
        for i in range(B)
    ]


def margin(a: Lists) -> list[float]:
    return [mean(pairs) if (pairs := list(_margins(a, i))) else 0.0 for i in range(B)]


def _margins(a: Lists, i: int) -> Iterator[float]:
    m0, beta, gamma = 0.5, -2.0, 4.0
    for text in a.true(i):
        for each in a.negatives(i):
            gap = a.z(i, text) - a.z(i, each)
            if gap < beta:
                asked = gap
            elif gap <= m0:
                asked = ((1 - (gap - beta) / (m0 - beta)) * gamma + 1) * m0
            else:
                asked = m0
            yield max(0.0, asked - gap)


def text_grounded(a: Lists) -> list[float]:
    found = []
    for i in range(B):
        others = [10 * float(a.caption[i] @ text) for text in a.negatives(i)]
        found.append(cross_entropy(10 * float(a.caption[i] @ a.teacher[i][0]), others))
    return found


def distillation(a: Lists) -> list[float]:
    found = []
    for i in range(B):
        texts = [a.caption[i], *a.negative[i]]
        pairs = [(a.image[i], a.teacher_image[i]), *zip(texts, a.teacher[i], strict=True)]
        found.append(sum(float(((x - y) ** 2).sum()) for x, y in pairs if x is not None))
    return found


REFERENCES: dict[str, Callable[[Lists], Any]] = {
    each.__name__: each
    for each in (
        sigmoid, intra_modal, ranking, margin, text_grounded, distillation, paraphrase,
        several_captions, separate_negatives, text_distance, phrases, attended_phrases, units,
    )
}  # fmt: skip


def found_by(name: str, features: Features) -> Tensor:
    row = LOSSES[name]
    if isinstance(row, CarryingLoss):
        return row.function(features, row.options(), torch.tensor(THRESHOLD).double())[0]
    if isinstance(row, BatchLoss):
        return row.function(features, row.options())
    return row.function(features, row.options()).loss_B


def test_every_loss_has_a_reference() -> None:
    elsewhere = {"clip", "negclip", "global", "local"}  # test_losses.py
    elsewhere |= {"reconstruction"}  # test_writing.py
    assert set(LOSSES) == set(REFERENCES) | elsewhere


@pytest.mark.parametrize("name", REFERENCES)
def test_a_loss_is_its_equation(name: str) -> None:
    features, lists = batch()
    expected = torch.tensor(REFERENCES[name](lists), dtype=torch.float64)
    found = found_by(name, features)
    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-14)
    assert found.any()


@pytest.mark.parametrize("name", REFERENCES)
def test_a_gradient_is_the_numerical_one_and_ends_at_the_masks(name: str) -> None:
    features, _ = batch()
    kinds = ("image_BD", "text_TD", "positive_BQD", "scale", "bias", "patch_BPD")
    leaves = [getattr(features, kind).clone().requires_grad_() for kind in kinds]

    def loss(*tensors: Tensor) -> Tensor:
        return found_by(name, replace(features, **dict(zip(kinds, tensors, strict=True)))).sum()

    if name != "margin":  # whose margins have no gradient
        assert torch.autograd.gradcheck(loss, leaves, fast_mode=True)
    grads = torch.autograd.grad(loss(*leaves), leaves, materialize_grads=True)
    assert any(grad.any() for grad in grads)
    assert not grads[1].view(B, 1 + K, D)[~features.valid_BC].any()
    assert features.positive_BQ is not None
    assert not grads[2][~features.positive_BQ].any()


@pytest.mark.parametrize("name", REFERENCES)
def test_a_batch_without_any_costs_nothing_and_teaches_nothing(name: str) -> None:
    """Neither negatives nor positives: 0 where a loss is about them, finite everywhere."""
    features, _ = batch()
    row = LOSSES[name]
    none_BC = torch.zeros_like(features.valid_BC)
    none_BC[:, 0] = True
    assert features.positive_BQ is not None
    bare = replace(features, valid_BC=none_BC, positive_BQ=torch.zeros_like(features.positive_BQ))
    leaves = [features.text_TD.clone().requires_grad_(), features.scale.clone().requires_grad_()]
    loss = found_by(name, replace(bare, text_TD=leaves[0], scale=leaves[1])).sum()
    grads = torch.autograd.grad(loss, leaves, materialize_grads=True)
    assert loss.isfinite()
    assert all(grad.isfinite().all() for grad in grads)
    if row.needs_negatives or (row.needs_positives and name != "several_captions"):
        assert loss == 0
        assert not any(grad.any() for grad in grads)


def test_doubtful_pairs_are_left_out_and_counted() -> None:
    features, lists = batch()
    row = LOSSES["margin"]
    assert isinstance(row, CaptionLoss)
    gaps = [
        [a - b for a in (lists.z(i, t) for t in lists.true(i))
         for b in (lists.z(i, t) for t in lists.negatives(i))]
        for i in range(B)
    ]  # fmt: skip
    shares = [mean([float(gap < -2) for gap in each]) if each else 0.0 for each in gaps]
    assert any(0 < share < 1 for share in shares)
    left_out_B = row.function(features, row.options()).figures["left_out"]
    assert torch.allclose(left_out_B, torch.tensor(shares).double())


def test_thresholds_are_the_gaps_of_the_step_before() -> None:
    features, lists = batch()
    row = LOSSES["ranking"]
    assert isinstance(row, CarryingLoss)
    assert row.first(row.options(), features).tolist() == [0, 0, 0]
    kept = torch.tensor([9.0, 9.0, 9.0]).double()
    no_last = replace(
        features, valid_BC=features.valid_BC & torch.tensor([True, True, True, False])
    )
    _, after_K = row.function(no_last, row.options(upper_bound=1.5), kept)
    expected = []
    for k in range(2):
        gaps = [
            lists.z(i, lists.caption[i]) - lists.z(i, text)
            for i in range(B)
            if (text := lists.negative[i][k]) is not None
        ]
        expected.append(min(max(mean(gaps), 0.0), 1.5))
    assert after_K.tolist() == pytest.approx([*expected, 9.0])  # nothing was seen of the last
