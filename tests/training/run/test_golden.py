"""The published implementation's float64 features, losses and gradients, where they lie beside us.

The published code takes smoothed targets in float32; `targets_in_single` undoes that alone. It
leaves missing negatives in the softmax with a logit of 0; ours are no candidates at all.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from torch import Tensor

from tests.training.tiny import OBJECTIVES, tokenize
from training.batches.batch import Batch, laid_out
from training.model.clip import ClipModel
from training.objective.features import Features
from training.objective.losses.contrastive import clip_loss, negclip_loss
from training.objective.losses.hard_negatives import calibrated_losses, global_logits, local_logits
from training.objective.objective import whole_loss

GOLDEN = Path(__file__).parents[4] / "shared/golden"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not GOLDEN.exists(), reason="no published results at ../shared/golden"),
]
INFO: dict[str, Any] = (
    json.loads(GOLDEN.joinpath("fsc_tiny.json").read_text()) if GOLDEN.exists() else {"cases": []}
)
ALL = [case for case in INFO["cases"] if case["case"] != "negclip"]


@pytest.fixture(scope="module")
def arrays() -> dict[str, Tensor]:
    with np.load(GOLDEN / "fsc_tiny.npz") as stored:
        return {name: torch.from_numpy(np.asarray(stored[name])) for name in stored.files}


@pytest.fixture(scope="module")
def model(arrays: dict[str, Tensor]) -> ClipModel:
    clip = open_clip.CLIP(**INFO["model"]).double()
    prefix = "weight/"
    clip.load_state_dict(
        {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}
    )
    return ClipModel(clip, tokenize)


def batch_of(arrays: dict[str, Tensor], mask_BK: Tensor, model: ClipModel) -> Batch:
    place_N = mask_BK.flatten().nonzero().flatten()
    caption_BL = arrays["captions_BL"]
    negative_NL = arrays["negatives_BKL"].flatten(0, 1)[place_N]
    batch = Batch(
        ids=tuple(map(str, range(len(caption_BL)))),
        image_BCHW=arrays["images_BCHW"],
        caption_BL=caption_BL,
        negative_NL=negative_NL,
        place_N=place_N,
        caption_lengths=tuple((caption_BL.argmax(-1) + 1).tolist()),
        negative_lengths=tuple((negative_NL.argmax(-1) + 1).tolist()),
        num_negatives=mask_BK.shape[1],
    )
    return laid_out(batch, model.form)


def heads_of(case: dict[str, Any], features: Features) -> dict[str, Tensor]:
    assert features.patch_BPD is not None
    assert features.token_BMD is not None
    attention = "sparse" if case["sparse"] else case["normalizer"]
    return {
        "clip_neg_loss": global_logits(features),
        "local_neg_loss": local_logits(features, attention=attention),
    }


def targets_in_single(logits_BC: Tensor, *, gamma: float, beta: float) -> Tensor:
    """Return the mean loss with targets rounded as published; the loss is linear in them."""
    valid_BC, num_candidates = torch.ones_like(logits_BC, dtype=torch.bool), logits_BC.shape[1]
    caption = calibrated_losses(logits_BC, valid_BC, gamma=gamma, beta=0.0).mean()
    equal = calibrated_losses(logits_BC, valid_BC, gamma=gamma, beta=1.0).mean()
    share = np.float32(beta) / np.float32(num_candidates)
    both = np.float32(1 - beta) + share
    negatives = num_candidates * equal - caption
    return float(both) * caption + float(share) * negatives


def test_features(arrays: dict[str, Tensor], model: ClipModel) -> None:
    batch = batch_of(arrays, torch.ones(6, 3), model)
    features = model(batch, tokens=True)
    texts = torch.cat(
        [arrays["out/caption_features_BD"], arrays["out/negative_features_BKD"].flatten(0, 1)]
    )
    pairs = [
        (features.image_BD, arrays["out/image_features_BD"]),
        (features.patch_BPD, arrays["out/image_tokens_BPD"]),
        (features.text_TD, texts),
        (features.scale, arrays["out/logit_scale"]),
    ]
    for found, expected in pairs:
        assert torch.allclose(found, expected, rtol=0, atol=1e-12)
    flat = features.token_BMD.flatten(0, 1)
    for b, tokens_LD in enumerate(arrays["out/caption_tokens_BLD"]):
        path = batch.layout.path_TL[b]
        kept = tokens_LD[arrays["out/caption_token_mask_BL"][b].bool()]
        assert torch.allclose(flat[path[path < len(flat)]], kept, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "case", [case for case in ALL if case["mask"] == "full"], ids=lambda case: case["case"]
)
def test_losses(case: dict[str, Any], arrays: dict[str, Tensor], model: ClipModel) -> None:
    batch = batch_of(arrays, torch.ones(6, 3), model)
    features = model(batch, tokens=True)
    stored = f"loss/{case['case']}/full/"
    plain = clip_loss(features)
    assert torch.isclose(plain, arrays[f"{stored}clip_loss"], rtol=0, atol=1e-9)
    beta = case["label_smoothing"] or 0.0
    weights = {"clip_neg_loss": "global_weight", "local_neg_loss": "local_weight"}
    for name, logits_BC in heads_of(case, features).items():
        found = targets_in_single(logits_BC, gamma=case["gamma"], beta=beta)
        weighted = INFO["weights"][weights[name]] * found
        assert torch.isclose(weighted, arrays[stored + name], rtol=0, atol=1e-9)
        exact = calibrated_losses(
            logits_BC, torch.ones(6, 4, dtype=torch.bool), gamma=case["gamma"], beta=beta
        ).mean()
        assert torch.isclose(exact, found, rtol=0, atol=2e-7)  # the rounding of the targets


def test_gradients(arrays: dict[str, Tensor], model: ClipModel) -> None:
    batch = batch_of(arrays, torch.ones(6, 3), model)
    features = model(batch, tokens=True)
    case = next(case for case in ALL if case["case"] == "fsc")
    heads = heads_of(case, features)
    calibrated = {
        name: targets_in_single(logits, gamma=2.0, beta=0.02) for name, logits in heads.items()
    }
    loss = (
        clip_loss(features)
        + INFO["weights"]["global_weight"] * calibrated["clip_neg_loss"]
        + INFO["weights"]["local_weight"] * calibrated["local_neg_loss"]
    )
    model.zero_grad()
    loss.backward()
    names = [name.removeprefix("grad/") for name in arrays if name.startswith("grad/")]
    assert len(names) == 7
    for name in names:
        found = model.clip.get_parameter(name).grad
        assert torch.allclose(found, arrays[f"grad/{name}"], rtol=0, atol=1e-9), name
    preset, _ = whole_loss(features, OBJECTIVES["fsc-clip"])
    assert torch.isclose(preset, loss, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    "case", [case for case in ALL if case["mask"] == "partial"], ids=lambda case: case["case"]
)
def test_missing_negatives(
    case: dict[str, Any], arrays: dict[str, Tensor], model: ClipModel
) -> None:
    """Ours against the formula over those that are there."""
    mask_BK = arrays["partial_mask_BK"].bool()
    batch = batch_of(arrays, mask_BK, model)
    features, whole = model(batch, tokens=True), batch_of(arrays, torch.ones(6, 3), model)
    full = heads_of(case, model(whole, tokens=True))
    valid_BC = torch.cat([torch.ones(6, 1, dtype=torch.bool), mask_BK], dim=1)
    gamma, beta = case["gamma"], case["label_smoothing"] or 0.0
    for name, logits_BC in heads_of(case, features).items():
        losses_B = calibrated_losses(logits_BC, valid_BC, gamma=gamma, beta=beta)
        for b in mask_BK.any(1).nonzero().flatten().tolist():
            p = full[name][b][valid_BC[b]].softmax(0)
            y = torch.eye(len(p))[0].double() * (1 - beta) + beta / len(p)
            expected = (y * (1 - p) ** gamma * -p.log()).sum()
            assert torch.isclose(losses_B[b], expected, rtol=0, atol=1e-9)


def test_negclip(arrays: dict[str, Tensor], model: ClipModel) -> None:
    batch = batch_of(arrays, torch.ones(6, 3), model)
    features = model(batch, tokens=False)
    found = negclip_loss(features)
    assert torch.isclose(found, arrays["loss/negclip/full/clip_loss"], rtol=0, atol=1e-9)
    preset, _ = whole_loss(features, OBJECTIVES["negclip"])
    assert torch.isclose(preset, found, rtol=0, atol=1e-12)
