"""Models of transformers come in and go out with the same logits, in each family and activation."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg
from PIL import Image
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPProcessor,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipModel,
    SiglipProcessor,
)

from data.errors import UsageError
from tests.fake_hub import serving, use_in_client
from tests.training.folders import jpeg
from tests.training.runs import places, settings, world
from tests.training.tiny import clip_model
from training.batches.tokenizer import unpadded
from training.export import weights_of, write_folder_of_transformers
from training.model.clip import ClipModel
from training.model.foreign.configs import read_config
from training.model.foreign.images import preprocess_config
from training.model.foreign.writing import write_transformers
from training.model.library import evaluation_transform, hub_config, tokenizer
from training.model.loading import load_model
from training.run.train import train

END = 49407
MARKS = {"pad": "<pad>", "unk": "<unk>", "eos": "</s>"}
FAMILIES = ("quick_gelu", "gelu", "siglip")
TEXTS = ["a DOG's  tail, naïve café! 3½", "a"]


def config_of(family: str) -> Any:  # noqa: ANN401 - either of two classes
    size = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 16}
    text = size | {"intermediate_size": 48, "max_position_embeddings": 16}
    image = size | {"intermediate_size": 64, "image_size": 8, "patch_size": 4}
    if family == "siglip":
        marks = {"bos_token_id": 1, "eos_token_id": 1, "vocab_size": 50}
        return SiglipConfig(text_config=text | marks, vision_config=image)
    act = {"hidden_act": family}
    return CLIPConfig(
        text_config=text | act, vision_config=image | act | {"hidden_size": 32}, projection_dim=24
    )


def made(family: str, folder: Path) -> Any:  # noqa: ANN401
    """Write a model of transformers with random weights, none of them zero; return it."""
    config = config_of(family)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = (SiglipModel if family == "siglip" else CLIPModel)(config).eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.4)
    model.save_pretrained(folder)
    if family == "siglip":
        save_tokens(by_words("<pad> </s> <unk> a"), folder, **MARKS)
    return model


def by_words(words: str) -> Tokenizer:
    numbers = {word: number for number, word in enumerate(words.split())}
    tokens = Tokenizer(models.WordLevel(numbers, unk_token=MARKS["unk"]))
    tokens.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokens


def save_tokens(tokens: Tokenizer, folder: Path, **marks: str) -> None:
    named = {f"{name}_token": mark for name, mark in marks.items()}
    PreTrainedTokenizerFast(tokenizer_object=tokens, **named).save_pretrained(folder)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Any]]:
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("models")
    return {family: (root / family, made(family, root / family)) for family in FAMILIES}


def inputs(family: str) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    image_BCHW = torch.randn(3, 3, 8, 8, generator=generator)
    ids_TL = torch.randint(3, 50, (3, 16), generator=generator)
    if family != "siglip":
        ids_TL[0, 5:], ids_TL[1, -1], ids_TL[2, 9], ids_TL[2, 10:] = END, END, END, 0
    return image_BCHW, ids_TL


def theirs(model: Any, family: str) -> Tensor:  # noqa: ANN401
    image_BCHW, ids_TL = inputs(family)
    with torch.no_grad():
        return model(input_ids=ids_TL, pixel_values=image_BCHW).logits_per_image


def ours(model: ClipModel, family: str) -> Tensor:
    image_BCHW, ids_TL = inputs(family)
    with torch.no_grad():
        return model.clip.eval().get_logits(image_BCHW, ids_TL)[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_equal_both_ways(
    family: str, originals: dict[str, tuple[Path, Any]], tmp_path: Path
) -> None:
    folder, original = originals[family]
    model = load_model(f"local-dir:{folder}")
    expected = theirs(original, family)
    assert expected.std() > 0.01
    assert torch.allclose(ours(model, family), expected, atol=1e-5)
    assert model.found.startswith(
        f"loaded {type(original).__name__} of transformers from {folder}: ViT-2x"
    )
    assert ("QuickGELU" in model.found) == (family == "quick_gelu")
    tokenize = tokenizer(f"local-dir:{folder}")
    out = tmp_path / "out"
    name = write_transformers(model, model.clip.state_dict(), out, tokenize=tokenize)
    assert name == type(original).__name__
    again, info = type(original).from_pretrained(out, output_loading_info=True)
    assert not any(info.values())
    assert torch.equal(theirs(again.eval(), family), expected)
    assert torch.equal(ours(load_model(f"local-dir:{out}"), family), ours(model, family))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_processor_makes_of_images_and_texts_what_training_does(
    family: str, originals: dict[str, tuple[Path, Any]], tmp_path: Path
) -> None:
    name = f"local-dir:{originals[family][0]}"
    model, tokenize = load_model(name), tokenizer(name)
    write_transformers(model, model.clip.state_dict(), tmp_path / "out", tokenize=tokenize)
    kind = SiglipProcessor if family == "siglip" else CLIPProcessor
    processor = kind.from_pretrained(tmp_path / "out")
    image = Image.open(io.BytesIO(jpeg(3, size=(30, 20)))).convert("RGB")
    options = {"padding": "max_length", "truncation": True, "max_length": 16}
    found = processor(text=TEXTS[1:], images=image, return_tensors="pt", **options)
    seen_CHW = evaluation_transform(model)(image)  # libraries round levels of 8 bits differently
    assert torch.allclose(found["pixel_values"][0], seen_CHW, atol=0.016)
    both = processor.tokenizer(TEXTS if family != "siglip" else TEXTS[1:], **options)["input_ids"]
    wanted = tokenize(TEXTS if family != "siglip" else TEXTS[1:]).tolist()
    for mine, other in zip(wanted, both, strict=True):
        length = mine.index(max(mine)) + 1
        assert other[:length] == mine[:length]


def in_shards(folder: Path, model: Any) -> None:  # noqa: ANN401
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="30KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 1


def in_bin(folder: Path, model: Any) -> None:  # noqa: ANN401
    (folder / "model.safetensors").unlink()
    positions = {"text_model.embeddings.position_ids": torch.arange(16)[None]}  # of older versions
    torch.save({**model.state_dict(), **positions}, folder / "pytorch_model.bin")


def in_half(folder: Path, model: Any) -> None:  # noqa: ANN401
    halves = {name: tensor.half() for name, tensor in model.state_dict().items()}
    (folder / "model.safetensors").unlink()
    torch.save(halves, folder / "pytorch_model.bin")
    model.load_state_dict({name: tensor.float() for name, tensor in halves.items()})


def in_a_nest(folder: Path, _model: Any) -> None:  # noqa: ANN401
    inner = folder / "snapshots/0123/model"
    inner.mkdir(parents=True)
    for path in [path for path in folder.iterdir() if path.is_file()]:
        path.rename(inner / path.name)
    (folder / "configuration.json").write_text("{}")  # as ModelScope's folders have one


@pytest.mark.parametrize("change", [in_shards, in_bin, in_half, in_a_nest])
def test_a_folder_in_another_form(change: Callable[[Path, Any], None], tmp_path: Path) -> None:
    model = made("gelu", tmp_path / "m")
    change(tmp_path / "m", model)
    found = load_model(f"local-dir:{tmp_path / 'm'}")
    assert torch.allclose(ours(found, "gelu"), theirs(model, "gelu"), atol=1e-5)


def edited(folder: Path, **changes: Any) -> None:  # noqa: ANN401
    path = folder / "config.json"
    content = json.loads(path.read_text())
    for name, value in changes.items():
        section, _, option = name.partition("__")
        (content[section] if option else content)[option or section] = value
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "blip"}, r"config\.json: expected CLIPModel .*, found \['CLIPModel'\]"),
        ({"text_config__hidden_act": "relu"}, "hidden_act: expected one of gelu, .* found relu"),
        ({"text_config__eos_token_id": 7}, "eos_token_id: expected 49407, .* found 7"),
        ({"vision_config__num_hidden_layers": 3}, "without vision_model.encoder.layers.2"),
        ({"vision_config__num_hidden_layers": 1}, "with vision_model.encoder.layers.1.*more; use"),
        ({"projection_dim": 12}, r"in other shapes: .*expected \[\d+, 12\]"),
        (
            {"text_config__vocab_size": 49000, "text_config__eos_token_id": 2},
            "expected a tokenizer",
        ),
    ],
)
def test_a_folder_that_does_not_fit_is_one_line(
    changes: dict[str, Any], message: str, originals: dict[str, tuple[Path, Any]], tmp_path: Path
) -> None:
    for path in originals["gelu"][0].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    edited(tmp_path, **changes)
    if "text_config__vocab_size" in changes:
        with pytest.raises(UsageError, match=message):
            tokenizer(f"local-dir:{tmp_path}")
        return
    with pytest.raises(UsageError, match=message) as caught:
        load_model(f"local-dir:{tmp_path}")
    assert "\n" not in str(caught.value)


SIDE = {"height": 8, "width": 8}
SHORTEST = {"shortest_edge": 8}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text_config__hidden_act": "quick_gelu"}, "gelu_pytorch_tanh in SigLIP, found quick_g"),
        ({"vision_config__layer_norm_eps": 1e-5}, "layer_norm_eps: expected 1e-06 .*found 1e-05"),
    ],
)
def test_a_siglip_that_would_compute_another_thing_is_refused(
    changes: dict[str, Any], message: str, originals: dict[str, tuple[Path, Any]], tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_bytes((originals["siglip"][0] / "config.json").read_bytes())
    read_config(tmp_path)
    edited(tmp_path, **changes)
    with pytest.raises(UsageError, match=message):
        read_config(tmp_path)


@pytest.mark.parametrize(
    ("family", "content", "found"),
    [
        ("gelu", {}, "shortest"),
        ("gelu", {"size": 8, "crop_size": 8, "do_center_crop": True}, "shortest"),
        ("gelu", {"size": SHORTEST | {"height": None}, "crop_size": SIDE}, "shortest"),
        ("gelu", {"size": SIDE, "do_center_crop": False, "crop_size": 9}, "squash"),
        ("siglip", {"size": SIDE, "rescale_factor": 0.00392, "do_resize": True}, "squash"),
        ("siglip", {"image_processor": {"size": 8}}, "squash"),
        ("gelu", {"size": SHORTEST, "crop_size": {"height": 8, "width": 9}}, "of 8 x 8 pixels"),
        ("gelu", {"size": 9, "crop_size": 8}, "expected images of 8 x 8 .*found size 9, do_c"),
        ("gelu", {"size": 8, "do_center_crop": False}, "do_center_crop False, crop_size None; "),
        ("siglip", {"size": SHORTEST}, "expected images of 8 x 8 pixels"),
        ("siglip", {"size": SIDE | {"width": 9}}, "expected images of 8 x 8 pixels"),
        ("gelu", {"do_normalize": False}, "do_normalize: expected true, found false"),
        ("gelu", {"do_resize": False}, "do_resize: expected true, found false"),
        ("siglip", {"do_rescale": False}, "do_rescale: expected true, found false"),
        ("siglip", {"rescale_factor": 1 / 127.5}, "rescale_factor: expected 1 / 255, found 0.0078"),
    ],
)
def test_images_are_made_ready_as_a_folder_says_or_not_at_all(
    family: str,
    content: dict[str, Any],
    found: str,
    originals: dict[str, tuple[Path, Any]],
    tmp_path: Path,
) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(content))
    described = read_config(originals[family][0])
    if found in {"shortest", "squash"}:
        assert preprocess_config(tmp_path, described)["resize_mode"] == found
        return
    with pytest.raises(UsageError, match=found):
        preprocess_config(tmp_path, described)


def test_a_vocabulary_of_its_own_ends_where_the_text_does(tmp_path: Path) -> None:
    made("gelu", tmp_path)
    edited(tmp_path, text_config__vocab_size=6, text_config__eos_token_id=5)
    tokens = by_words("<unk> red <pad> dog <s> </s>")
    tokens.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 4), ("</s>", 5)]
    )
    save_tokens(tokens, tmp_path, pad="</s>")
    found = tokenizer(f"local-dir:{tmp_path}")
    assert found(["red dog"])[0].tolist()[:6] == [4, 1, 3, 5, 0, 0]
    assert unpadded(found)(["red dog", ""]) == [[4, 1, 3, 5], [4, 5]]


def test_names_of_transformers_in_a_file_for_a_model_of_open_clip(
    originals: dict[str, tuple[Path, Any]], tmp_path: Path
) -> None:
    folder, original = originals["quick_gelu"]
    here = f"local-dir:{folder}"
    for name, quick in (("tiny-of-file", False), ("tiny-of-file-quickgelu", True)):
        config = hub_config(load_model(here), here)["model_cfg"] | {"quick_gelu": quick}
        (tmp_path / f"{name}.json").write_text(json.dumps(config))
        open_clip.add_model_config(tmp_path / f"{name}.json")
    file = str(folder / "model.safetensors")
    found = load_model("tiny-of-file-quickgelu", pretrained=file)
    assert torch.allclose(ours(found, "gelu"), theirs(original, "gelu"), atol=1e-5)
    assert "(names of transformers)" in found.found
    with pytest.raises(UsageError, match="use --model tiny-of-file-quickgelu"):
        load_model("tiny-of-file", pretrained=file)


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's
def test_a_repository_of_the_hub(
    originals: dict[str, tuple[Path, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, original = originals["gelu"]
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    with serving() as hub, use_in_client(hub, monkeypatch, tmp_path):
        hub.create("user/clip", **files, **{"pytorch_model.bin": b"never fetched", "run.py": b"x"})
        for _ in range(2):
            found = load_model("hf-hub:user/clip")
            assert torch.allclose(ours(found, "gelu"), theirs(original, "gelu"), atol=1e-5)
        assert found.found.startswith("loaded CLIPModel of transformers from user/clip: ViT-2x32-4")
        assert tokenizer("hf-hub:user/clip")(["a"])[0].tolist()[:3] == [END - 1, 320, END]
        assert hub.asked("GET .*model.safetensors") == 1
        assert not hub.asked(r"pytorch_model|run\.py")
        with pytest.raises(UsageError, match="user/none: no such model, revision or file"):
            load_model("hf-hub:user/none")


def test_a_run_begins_with_a_folder_of_transformers_and_ends_as_one(tmp_path: Path) -> None:
    root, said = world(tmp_path), list[str]()
    original = made("quick_gelu", root / "theirs")
    chosen = settings(root, model=str(root / "theirs"), epochs=1, lora={"rank": 2})
    train(chosen, places(root), limit_steps=2, say=said.append)
    assert re.search(r"loaded CLIPModel of transformers from .*theirs: ViT-2x32-4, ", said[0])
    weights = weights_of(root / "run")
    assert write_folder_of_transformers(weights, root / "out") == "CLIPModel"
    trained = CLIPModel.from_pretrained(root / "out").eval()
    assert torch.allclose(ours(weights.model, "gelu"), theirs(trained, "gelu"), atol=1e-5)
    assert not torch.allclose(theirs(original, "gelu"), theirs(trained, "gelu"), atol=1e-4)
    with pytest.raises(UsageError, match="expected a new or empty folder"):
        write_folder_of_transformers(weights, root / "out")
    before = load_file(root / "theirs/model.safetensors")
    assert before.keys() == load_file(root / "out/model.safetensors").keys()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, ""),
        ({"custom": True}, ""),
        ({"no_causal_mask": True, "custom": True}, "TextTransformer with pooling 'argmax'"),
        ({"pool_type": "last"}, "CLIP with pooling 'last'"),
        ({"ls_init_value": 0.1}, "weights with transformer.resblocks.0.ls_1.gamma"),
        ({"custom": True, "embed_cls": True}, "found weights with text.cls_emb"),
    ],
)
def test_models_of_open_clip_go_out_where_transformers_has_the_like(
    options: dict[str, Any], told: str, tmp_path: Path
) -> None:
    model = clip_model(dtype=torch.float32, **options)
    open_clip.model.set_model_preprocess_cfg(model.clip, asdict(PreprocessCfg(size=8)))
    state, tokenize = model.clip.state_dict(), tokenizer("ViT-B-32")
    if told:
        with pytest.raises(UsageError, match=f"{told}.*--to open_clip"):
            write_transformers(model, state, tmp_path / "out", tokenize=tokenize)
        assert not list(tmp_path.iterdir())
        return
    write_transformers(model, state, tmp_path / "out", tokenize=tokenize)
    image_BCHW, ids_TL = inputs("gelu")
    ids_TL = ids_TL.clamp(max=99).repeat_interleave(5, 1)[:, :77]
    ids_TL[:, 60] = 99
    clip = model.clip.eval()
    with torch.no_grad():
        images, texts = (
            clip.encode_image(image_BCHW, normalize=True), clip.encode_text(ids_TL, normalize=True),
        )  # fmt: skip
        found = CLIPModel.from_pretrained(tmp_path / "out").eval()(
            input_ids=ids_TL, pixel_values=image_BCHW
        )
        expected = clip.logit_scale.exp() * images @ texts.T
    assert torch.allclose(found.logits_per_image, expected, atol=1e-5)
