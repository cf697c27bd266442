"""The benchmark of objectives takes a step of any preset, with the texts that its draw has."""

import time

import pytest
import torch

from benchmarks.objectives import make_batch, make_model, make_step
from benchmarks.steps import Setting

SETTING = Setting(
    model="scenes-tiny",
    device="cpu",
    precision=None,
    clock=time.perf_counter,
    texts=tuple(tuple(f"a {word} {n}" for word in ("dog", "cat", "cow", "hen")) for n in range(2)),
)


@pytest.mark.parametrize(
    ("preset", "num_negatives", "num_positives"),
    [("fsc-clip", 3, 0), ("degla", 3, 0), ("c2lip", 0, 4), ("clic", 1, 3), ("cs-clip", 2, 2)],
)
def test_a_step_of_a_preset_moves_what_it_trains(
    preset: str, num_negatives: int, num_positives: int
) -> None:
    model = make_model(SETTING)
    batch = make_batch(SETTING, model, preset)
    assert batch.num_negatives == num_negatives
    assert (batch.positives.num_places if batch.positives else 0) == num_positives
    before = {name: tensor.clone() for name, tensor in model.clip.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0)
    make_step(SETTING, model, optimizer, preset)()
    after = model.clip.state_dict()
    moved = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert ("logit_bias" in moved) == (preset == "c2lip")
    assert any(name.startswith("visual.") for name in moved) == (preset != "clic")
    assert "text_projection" in moved
