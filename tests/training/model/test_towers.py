"""Features: what is encoded once is what padding to 77 gives, gradients too."""

import copy
from types import SimpleNamespace
from typing import Any

import open_clip
import pytest
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig

from tests.training.tiny import END, START, TEXT, VISION, batch_of, clip_model, padded, tokenize
from training.batches.batch import Batch
from training.model.clip import ClipModel
from training.model.towers import encode_patches


def texts_of(batch: Batch) -> list[list[int]]:
    rows = [*batch.caption_BL.tolist(), *batch.negative_NL.tolist()]
    lengths = batch.caption_lengths + batch.negative_lengths
    return [ids[:length] for ids, length in zip(rows, lengths, strict=True)]


def tokens_of(token_BMD: Tensor, batch: Batch) -> list[Tensor]:
    """Return each text's token features, read along its path."""
    assert batch.layout is not None
    flat = token_BMD.flatten(0, 1)
    return [flat[path[path < len(flat)]] for path in batch.layout.path_TL]


def weighted(tensors: list[Tensor]) -> Tensor:
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    return (flat * torch.linspace(-1, 1, len(flat))).sum()


@pytest.mark.parametrize(
    ("custom", "text"),
    [
        (False, {}),
        (True, {}),
        (True, {"pool_type": "eos", "eos_id": END}),
        (True, {"proj_bias": True}),
        (True, {"mlp_ratio": 2.0, "ls_init_value": 0.5}),
    ],
)
def test_shared_prefixes_change_no_feature_and_no_gradient(
    custom: bool,  # noqa: FBT001 - a column of the table
    text: dict[str, Any],
) -> None:
    model = clip_model(custom=custom, **text)
    assert model.form.causal
    batch = batch_of(model, [3, 0, 1, 2, 3])
    features = model(batch, tokens=True)
    texts = texts_of(batch)
    assert features.token_BMD is not None
    shared = [features.text_TD, *tokens_of(features.token_BMD, batch)]
    tower: Any = model.clip.text if custom else model.clip
    out = model.clip.forward_intermediates(
        text=padded(texts, 77),
        text_indices=1,
        normalize_intermediates=True,
        text_output_fmt="NLC",
    )
    project = tower.text_projection
    state = out["text_intermediates"][-1]
    token_TLD = project(state) if isinstance(project, nn.Module) else state @ project
    plain = [
        functional.normalize(out["text_features"], dim=-1),
        *(token_LD[1 : len(ids)] for token_LD, ids in zip(token_TLD, texts, strict=True)),
    ]
    for found, expected in zip(shared, plain, strict=True):
        assert torch.allclose(found, expected, rtol=0, atol=1e-10)
    weights = [p for name, p in model.clip.named_parameters() if "visual" not in name]
    kept = [p for p in weights if p.ndim]
    grads = torch.autograd.grad(weighted(shared), kept)
    for grad, expected in zip(grads, torch.autograd.grad(weighted(plain), kept), strict=True):
        assert torch.allclose(grad, expected, rtol=0, atol=1e-10)


def test_patches_are_projected_and_leave_the_class_token_out() -> None:
    model = clip_model()
    batch = batch_of(model, [1, 1])
    features = model(batch, tokens=True)
    visual = model.clip.visual
    visual.output_tokens = True
    pooled, tokens = visual(batch.image_BCHW)
    assert features.patch_BPD is not None
    assert torch.allclose(features.patch_BPD, tokens @ visual.proj, atol=1e-12)
    assert features.patch_BPD.shape == (2, 4, 24)
    assert torch.allclose(features.image_BD, functional.normalize(pooled, dim=-1), atol=1e-12)


def test_a_patch_of_siglip_is_what_the_tower_makes_of_it_alone() -> None:
    """Attention over one patch is its value, of which the pool makes features."""
    trunk: Any = timm.models.VisionTransformer(
        img_size=8, patch_size=4, embed_dim=16, depth=1, num_heads=2, num_classes=0,
        global_pool="map", class_token=False,
    ).double()  # fmt: skip
    visual = SimpleNamespace(trunk=trunk, head=nn.Identity())
    image_BCHW = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    image_BD, patch_BPD = encode_patches(visual, image_BCHW)
    assert torch.allclose(image_BD, functional.normalize(trunk(image_BCHW), dim=-1), atol=1e-12)
    pool, state_BPW = trunk.attn_pool, trunk.forward_features(image_BCHW)
    weight, bias = pool.kv.weight[16:], pool.kv.bias[16:]
    seen_BPD = pool.proj(state_BPW @ weight.T + bias)
    assert torch.allclose(patch_BPD, seen_BPD + pool.mlp(pool.norm(seen_BPD)), atol=1e-12)


def test_nothing_but_whole_features_where_no_more_is_asked() -> None:
    model = clip_model()
    features = model(batch_of(model, [1, 1]), tokens=False)
    assert features.patch_BPD is None
    assert features.token_BMD is None


def test_a_tower_that_sees_ahead_is_padded_and_says_so() -> None:
    model = clip_model(custom=True, no_causal_mask=True, pool_type="last", context_length=40)
    assert not model.form.causal
    assert "padded" in model.note
    batch = batch_of(model, [2, 3])
    features = model(batch, tokens=True)
    texts = texts_of(batch)
    expected = functional.normalize(model.clip.text(padded(texts, 40)), dim=-1)
    assert torch.allclose(features.text_TD, expected, atol=1e-12)
    assert features.token_BMD is not None
    lengths = [len(tokens) for tokens in tokens_of(features.token_BMD, batch)]
    assert lengths == [len(text) - 1 for text in texts]


def test_a_transformers_tower_is_padded() -> None:
    config = BertConfig(
        vocab_size=100, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, attention_probs_dropout_prob=0.0, hidden_dropout_prob=0.0,
    )  # fmt: skip
    clip = open_clip.CustomTextCLIP(embed_dim=24, vision_cfg=VISION, text_cfg=TEXT).double()
    clip.text = open_clip.hf_model.HFTextEncoder(
        "", 24, config=config, pooler_type="mean_pooler", proj_type="linear"
    ).double()
    model = ClipModel(clip, tokenize)
    batch = batch_of(model, [2, 0])
    features = model(batch, tokens=True)
    texts = texts_of(batch)
    wider = functional.normalize(clip.text(padded(texts, 60)), dim=-1)
    assert torch.allclose(features.text_TD, wider, atol=1e-12)
    assert features.token_BMD is not None
    assert features.token_BMD.shape[-1] == 24


def test_features_of_single_towers_are_those_of_a_batch() -> None:
    model = clip_model()
    batch = batch_of(model, [3, 3])
    features = model(batch, tokens=False)
    assert torch.allclose(model.encode_texts(texts_of(batch)), features.text_TD, atol=1e-12)
    assert torch.allclose(model.encode_images(batch.image_BCHW), features.image_BD, atol=1e-12)
    assert model.form.first == 1
    assert texts_of(batch)[0][0] == START


def test_half_precision_towers_give_single_precision_features() -> None:
    model = clip_model(dtype=torch.float32)
    batch = batch_of(model, [3, 1], dtype=torch.float32)
    exact = model(batch, tokens=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        features = model(batch, tokens=True)
    for name in ("image_BD", "patch_BPD", "text_TD", "token_BMD"):
        found, expected = getattr(features, name), getattr(exact, name)
        assert found.dtype == torch.float32
        assert 0 < (found - expected).abs().max() < 0.05 * expected.abs().max()


RESNET = {"layers": [1, 1, 1, 1], "width": 4, "image_size": 64, "head_width": 32}


def resnet() -> ClipModel:
    """Return a CLIP whose image tower is a ResNet with BatchNorm of some statistics."""
    torch.manual_seed(0)
    clip = open_clip.CLIP(embed_dim=24, vision_cfg=RESNET, text_cfg=TEXT).double()
    for module in clip.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for numbers in (module.weight, module.bias, module.running_mean):
                torch.nn.init.normal_(numbers, std=0.5)
    return ClipModel(clip, tokenize)


def test_patches_of_a_resnet_are_what_its_pool_gives_of_one_place() -> None:
    model = resnet().eval()
    image_BCHW = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    image_BD, patch_BPD = encode_patches(model.clip.visual, image_BCHW)
    assert torch.allclose(image_BD, model.encode_images(image_BCHW), atol=1e-12)
    assert model.has_patches
    assert patch_BPD.shape == (2, 4, 24)
    visual = model.clip.visual
    state_BCHW = visual.forward_intermediates(image_BCHW, indices=1)["image_intermediates"][-1]
    for place, (row, column) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        one_BCHW = state_BCHW[:, :, row : row + 1, column : column + 1]
        pool = copy.deepcopy(visual.attnpool)
        position = pool.positional_embedding[1 + place].expand(2, -1)  # the mean of one is itself
        pool.positional_embedding = torch.nn.Parameter(position)
        assert torch.allclose(patch_BPD[:, place], pool(one_BCHW), atol=1e-12)


def test_frozen_statistics_make_an_image_independent_of_its_batch() -> None:
    model = resnet()
    image_BCHW = torch.randn(3, 3, 64, 64, dtype=torch.float64)
    assert model.sees_whole_batch
    model.freeze_statistics()
    model.train()
    before = copy.deepcopy(model.state_dict())
    image_BD = model.encode_images(image_BCHW)
    assert torch.allclose(image_BD[:1], model.encode_images(image_BCHW[:1]), atol=1e-12)
    assert not model.sees_whole_batch
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
