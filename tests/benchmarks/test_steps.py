"""Both ways of the step benchmark take the same loss."""

from dataclasses import replace

import torch
from torch.nn import functional

from benchmarks.published import OBJECTIVE, published_loss
from benchmarks.steps import with_one_of_each
from data.edits import Edit, Replacement
from data.records import Negative, Row
from tests.training.tiny import batch_of, clip_model
from training.run.backward import backward


def negative_of(type_: str, word: str) -> Negative:
    return Negative(
        text=f"a {word}",
        type=type_,
        subtype="obj",
        rule="swap",
        method="rule",
        edit=Edit((Replacement(2, 5, word),)),
        score=None,
        producer=0,
    )


def test_the_published_way_takes_the_same_loss_and_gradient() -> None:
    model, again = clip_model(dtype=torch.float32), clip_model(dtype=torch.float32)
    batch = batch_of(model, [3, 3, 3, 3], dtype=torch.float32)
    ours = backward(model, [batch], OBJECTIVE)["loss"]
    whole = replace(
        batch,
        caption_BL=functional.pad(batch.caption_BL, (0, 77 - batch.caption_BL.shape[1])),
        negative_NL=functional.pad(batch.negative_NL, (0, 77 - batch.negative_NL.shape[1])),
    )
    published = published_loss(again, whole)
    assert torch.isclose(ours, published.detach(), rtol=1e-5)
    published.backward()
    for found, expected in zip(again.parameters(), model.parameters(), strict=True):
        assert torch.allclose(found.grad, expected.grad, rtol=1e-3, atol=1e-4)


def test_a_caption_brings_its_first_negative_of_each_type() -> None:
    negatives = [
        negative_of(*pair)
        for pair in (("shuffle", "x"), ("swap", "y"), ("swap", "z"), ("replace", "w"))
    ]
    row = Row(id="1", images=("1",), caption="a cat", negatives=tuple(negatives))
    assert with_one_of_each(row) == ("a cat", "a y", "a w", "a x")
