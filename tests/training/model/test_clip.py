"""Loading: what does not fit is refused before it spoils a feature."""

import json
import math
from pathlib import Path
from zipfile import ZipFile

import open_clip
import pytest
import safetensors.torch
import torch
from torch import nn

from data.errors import UsageError
from tests.training.tiny import TEXT, VISION, batch_of, clip_model, tokenize
from training.model.clip import ClipModel
from training.model.library import tokenizer
from training.model.loading import check_weights, load_model, matched_name

CONFIG = {"embed_dim": 24, "vision_cfg": VISION, "text_cfg": TEXT | {"vocab_size": 49408}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a model's folder with its weights, as open_clip keeps one."""
    config = {"model_cfg": CONFIG, "preprocess_cfg": {"mean": [0.1, 0.2, 0.3]}}
    tmp_path.joinpath("open_clip_config.json").write_text(json.dumps(config))
    torch.save(open_clip.CLIP(**CONFIG).state_dict(), tmp_path / "open_clip_pytorch_model.bin")
    return tmp_path


def test_a_folder_brings_configuration_and_weights(folder: Path) -> None:
    model = load_model(f"local-dir:{folder}")
    stored = torch.load(folder / "open_clip_pytorch_model.bin", weights_only=True)
    state = model.clip.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in stored.items())
    assert (model.preprocess.height, model.preprocess.width) == (8, 8)
    assert model.preprocess.mean == (0.1, 0.2, 0.3)
    assert model.form.causal
    assert (model.form.first, model.form.pad_id) == (1, 0)
    ids = tokenizer(f"local-dir:{folder}")(["a dog"])
    assert ids.shape == (1, 77)


@pytest.mark.parametrize(
    ("name", "pretrained", "message"),
    [
        ("ViT-B-32", "openai", r"with QuickGELU.*runs without.*use --model ViT-B-32-quickgelu"),
        ("ViT-B/32", "openai", "use --model ViT-B-32-quickgelu"),
        ("ViT-B-32", "laion400m_e32", "use --model ViT-B-32-quickgelu"),
        ("ViT-L-14", "openai", "use --model ViT-L-14-quickgelu"),
        ("ViT-B-32", "no-such-tag", "neither a known tag"),
        ("no-such-model", None, "no-such-model: unknown to open_clip"),
        ("openai/clip-vit-base-patch32", None, "a repository of the Hub hf-hub:OWNER/NAME"),
        ("local-dir:/no/such/folder", None, "expected a folder, found none at /no/such/folder"),
        ("local-dir:/no/such/folder", "openai", "leave out --pretrained openai"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, pretrained: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_model(name, pretrained=pretrained)


@pytest.mark.parametrize("quick_gelu", [False, True])
def test_a_file_that_says_its_activation_is_believed(
    quick_gelu: bool,  # noqa: FBT001 - a table
    tmp_path: Path,
) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"state_dict": {}, "quick_gelu": quick_gelu}, path)
    wrong = "ViT-B-32" if quick_gelu else "ViT-B-32-quickgelu"
    with pytest.raises(UsageError, match="QuickGELU"):
        load_model(wrong, pretrained=str(path))


@pytest.mark.parametrize("noted", ["true", "false", None])
def test_notes_of_safetensors_are_believed(noted: str | None, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    notes = None if noted is None else {"quick_gelu": noted}
    safetensors.torch.save_file({"logit_scale": torch.ones(1)}, path, metadata=notes)
    for name, runs_with in (("ViT-B-32", "false"), ("ViT-B-32-quickgelu", "true")):
        if noted in {None, runs_with}:
            check_weights(name, str(path))
        else:
            with pytest.raises(UsageError, match="QuickGELU"):
                check_weights(name, str(path))


@pytest.mark.parametrize("name", ["weights.pt", "weights.safetensors"])
def test_what_is_no_file_of_weights_is_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("no weights")
    with pytest.raises(UsageError, match=f"{name}: cannot be read as a file of weights") as caught:
        load_model("ViT-B-32", pretrained=str(path))
    assert "\n" not in str(caught.value)


def test_without_the_weights_of_a_tag_images_are_taken_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny-tagged.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(tmp_path / "tiny-tagged.json")
    tags = {"grey": {"mean": (0.5, 0.5, 0.5), "url": "https://nowhere.invalid/x"}}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny-tagged", tags)
    seen = load_model("tiny-tagged", pretrained="grey", weights=False).preprocess
    assert seen.mean == (0.5, 0.5, 0.5)
    assert (seen.std, seen.height) == (load_model("tiny-tagged").preprocess.std, 8)
    assert (
        load_model("tiny-tagged", pretrained="gone.pt", weights=False).preprocess.mean != seen.mean
    )


def test_openai_archives_are_programs_and_need_quickgelu(tmp_path: Path) -> None:
    path = tmp_path / "ViT-B-32.pt"
    with ZipFile(path, "w") as archive:  # what a TorchScript archive is known by
        archive.writestr("model/code/__torch__/model.py", "")
    assert matched_name("ViT-B-32", str(path)) == "ViT-B-32-quickgelu"
    for name in ("ViT-B-32", "ViT-B-32-quickgelu"):
        with pytest.raises(UsageError, match="found a TorchScript archive"):
            load_model(name, pretrained=str(path))


def test_an_image_tower_without_patches_serves_all_but_the_local_loss() -> None:
    vision = VISION | {"attentional_pool": True, "attn_pooler_heads": 2}
    clip = open_clip.CLIP(embed_dim=24, vision_cfg=vision, text_cfg=TEXT).double().eval()
    model = ClipModel(clip, tokenize)
    batch = batch_of(model, [1, 1])
    assert model(batch, tokens=False).image_BD.shape == (2, 24)
    with pytest.raises(UsageError, match=r"VisionTransformer.*training.losses"):
        model(batch, tokens=True)


def test_a_text_tower_of_another_kind_is_refused() -> None:
    clip = open_clip.CustomTextCLIP(embed_dim=24, vision_cfg=VISION, text_cfg=TEXT)
    clip.text = nn.Identity()
    with pytest.raises(UsageError, match="found Identity"):
        ClipModel(clip, tokenize)


def test_the_scale_is_brought_back_between_1_and_100() -> None:
    model = clip_model()
    for start, end in ((-1.0, 0.0), (3.0, 3.0), (9.0, math.log(100))):
        model.clip.logit_scale.data.fill_(start)
        model.clamp_scale()
        assert model.clip.logit_scale.item() == pytest.approx(end)


def test_gradient_checkpointing_changes_nothing() -> None:
    model, again = clip_model(), clip_model()
    again.clip.set_grad_checkpointing()
    batch = batch_of(model, [3, 1])
    for one in (model, again):
        one(batch, tokens=True).text_TD.square().sum().backward()
    for p, q in zip(model.parameters(), again.parameters(), strict=True):
        assert (p.grad is None) == (q.grad is None)
        assert p.grad is None or torch.allclose(p.grad, q.grad, atol=1e-12)
