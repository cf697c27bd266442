"""LoRA: step 0 is the pretrained model, what is merged is the model, and little is trained."""

from pathlib import Path

import open_clip
import pytest
import torch
from torch import Tensor

from tests.training.tiny import OBJECTIVES, TEXT, VISION, batch_of, clip_model
from training.model.clip import ClipModel
from training.model.lora import add_lora, plain_state_dict
from training.run.backward import backward


def adapted(*, custom: bool = False) -> tuple[ClipModel, list[str]]:
    model = clip_model(custom=custom)
    return model, add_lora(model.clip, generator=torch.Generator().manual_seed(1))


def features_of(model: ClipModel) -> list[Tensor]:
    features = model(batch_of(model, [3, 1, 2]), tokens=True)
    return [features.image_BD, features.patch_BPD, features.text_TD, features.token_BMD]


def train(model: ClipModel, num_steps: int = 2) -> None:
    batch = batch_of(model, [3, 1, 2])
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.05)
    for _ in range(num_steps):
        backward(model, [batch], OBJECTIVES["fsc-clip"])
        optimizer.step()
        optimizer.zero_grad()


@pytest.mark.parametrize("custom", [False, True])
def test_step_0_is_the_pretrained_model_to_the_bit(custom: bool) -> None:  # noqa: FBT001 - a table
    model, _ = adapted(custom=custom)
    before = features_of(clip_model(custom=custom))
    assert all(map(torch.equal, features_of(model), before))
    state, plain = plain_state_dict(model.clip), clip_model(custom=custom).clip.state_dict()
    assert state.keys() == plain.keys()
    assert all(torch.equal(state[name], plain[name]) for name in plain)


def test_updates_stand_on_blocks_of_both_towers() -> None:
    _, names = adapted()
    blocks = [
        f"{tower}.resblocks.{layer}.{weight}"
        for tower in ("visual.transformer", "transformer")
        for layer in range(2)
        for weight in (
            "attn.in_proj_weight",
            "attn.out_proj.weight",
            "mlp.c_fc.weight",
            "mlp.c_proj.weight",
        )
    ]
    assert sorted(names) == sorted(blocks)


def test_projections_into_the_joint_space_have_none() -> None:
    model = clip_model(custom=True, proj_bias=True)
    names = add_lora(model.clip, generator=torch.Generator().manual_seed(1))
    assert not any("projection" in name for name in names)


def test_updates_alone_are_trained() -> None:
    model, names = adapted()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    train(model)
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {name for name in before if name.endswith((".down_GrI", ".up_GOr"))}
    assert len(moved) == 2 * len(names)


def test_every_map_of_a_stacked_weight_has_rank_4() -> None:
    model, _ = adapted()
    plain = clip_model().clip.state_dict()
    train(model)
    for name, weight in plain_state_dict(model.clip).items():
        if name.endswith("in_proj_weight"):
            change = (weight - plain[name]).view(3, -1, weight.shape[1])
            assert torch.linalg.matrix_rank(change).tolist() == [4, 4, 4]
        elif name.endswith("c_fc.weight"):
            assert torch.linalg.matrix_rank(weight - plain[name]) == 4


def test_a_merged_model_is_the_trained_one() -> None:
    model, _ = adapted()
    train(model)
    clip = open_clip.CLIP(embed_dim=24, vision_cfg=VISION, text_cfg=TEXT).double()
    clip.load_state_dict(plain_state_dict(model.clip))
    merged = clip_model()
    merged.clip = clip
    for found, expected in zip(features_of(merged), features_of(model), strict=True):
        assert torch.allclose(found, expected, rtol=0, atol=1e-12)
    assert not torch.allclose(features_of(merged)[0], features_of(clip_model())[0])


def test_open_clip_reads_what_is_written(tmp_path: Path) -> None:
    model, _ = adapted()
    train(model)
    path = tmp_path / "weights.pt"
    torch.save({"state_dict": plain_state_dict(model.clip), "quick_gelu": model.quick_gelu}, path)
    clip = open_clip.CLIP(embed_dim=24, vision_cfg=VISION, text_cfg=TEXT).double()
    open_clip.load_checkpoint(clip, str(path))  # what create_model(..., pretrained=FILE) calls
    for name, tensor in plain_state_dict(model.clip).items():
        assert torch.equal(clip.state_dict()[name], tensor)
    assert not model.quick_gelu
