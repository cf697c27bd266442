"""Adapters of peft: merged into the weights of their base, or refused in one line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from data.errors import UsageError
from tests.fake_hub import serving, use_in_client
from tests.training.runs import model_folder
from training.model.foreign.adapters import Adapter, merged, read_adapter
from training.model.foreign.folders import found_at
from training.model.loading import load_model

STATE = {
    "a.q.weight": torch.arange(12.0).view(4, 3),
    "a.conv.weight": torch.ones(2, 3, 2, 2),
    "a.attn.in_proj_weight": torch.ones(9, 3),
    "a.attn.out_proj.weight": torch.zeros(3, 3),
    "words.weight": torch.ones(5, 3),
    "head.weight": torch.ones(2, 3),
}


def pair(outputs: int, inputs: int, rank: int = 2, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    down = torch.randn(rank, inputs, generator=generator)
    return down, torch.randn(outputs, rank, generator=generator)


def adapter_of(weights: Mapping[str, Tensor], **config: Any) -> Adapter:  # noqa: ANN401
    named = {f"base_model.model.{name}": tensor for name, tensor in weights.items()}
    return Adapter(where=Path("lora"), base="base", config=config, weights=named)


DOWN, UP = pair(4, 3)


@pytest.mark.parametrize(
    ("config", "strength"),
    [
        ({"lora_alpha": 8}, 4.0),
        ({}, 1.0),
        ({"lora_alpha": 8, "use_rslora": True}, 8 / 2**0.5),
        ({"lora_alpha": 8, "alpha_pattern": {"q": 6}}, 3.0),
        ({"lora_alpha": 8, "alpha_pattern": {"k": 6}}, 4.0),
    ],
)
def test_an_update_is_added_with_its_strength(config: dict[str, Any], strength: float) -> None:
    adapter = adapter_of({"a.q.lora_A.weight": DOWN, "a.q.lora_B.weight": UP}, **config)
    found, count = merged(STATE, adapter)
    expected = STATE["a.q.weight"].double() + strength * (UP.double() @ DOWN.double())
    assert count == 1
    assert torch.allclose(found["a.q.weight"].double(), expected, atol=1e-5)
    assert all(found[name] is STATE[name] for name in STATE if name != "a.q.weight")


def test_every_form_of_update() -> None:
    linear, conv, words = pair(4, 3), pair(2, 12), pair(3, 5)
    adapter = adapter_of({
        "a.q.lora_A.default.weight": linear[0], "a.q.lora_B.default.weight": linear[1],
        "a.conv.lora_A.weight": conv[0].view(2, 3, 2, 2),
        "a.conv.lora_B.weight": conv[1].view(2, 2, 1, 1),
        "words.lora_embedding_A": words[0], "words.lora_embedding_B": words[1],
        "head.modules_to_save.weight": torch.full((2, 3), 7.0),
    })  # fmt: skip
    found, count = merged(STATE, adapter)
    assert count == 4
    updates = {
        "a.q.weight": linear[1] @ linear[0],
        "a.conv.weight": (conv[1] @ conv[0]).view(2, 3, 2, 2),
        "words.weight": (words[1] @ words[0]).T,
        "head.weight": torch.full((2, 3), 6.0),
    }
    for name, update in updates.items():
        assert torch.allclose(found[name], STATE[name] + update, atol=1e-6), name


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"b.q.lora_A.weight": DOWN, "b.q.lora_B.weight": UP}, "found 'b.q.lora_A.weight'"),
        ({"a.q.lora_A.weight": DOWN}, "--model local-dir:BASE --pretrained lora$"),
        ({"a.q.lora_A.weight": DOWN, "a.q.lora_B.weight": UP[:2]}, "which fits none of them"),
        ({"other.weight": DOWN}, "found 'other.weight'"),
        (
            {"a.q.lora_A.weight": DOWN, "a.q.lora_B.weight": UP, "a.q.lora_B.bias": UP[:, 0]},
            "found 'a.q.lora_B.bias'",
        ),
        (
            {"head.weight": torch.ones(2, 3), "words.lora_B.weight": UP},
            "found 'words.lora_B.weight'",
        ),
        ({}, "expected updates of LoRA, found none"),
        ({"a.attn.lora_A.weight": DOWN}, r"found one of torch's attention \(a.attn\)"),
        ({"a.attn.base_layer.out_proj.lora_A.weight": DOWN}, r"\(a.attn.out_proj\), where peft"),
    ],
)
def test_updates_that_do_not_fit_are_one_line(weights: dict[str, Tensor], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        merged(STATE, adapter_of(weights))
    assert "\n" not in str(caught.value)


def adapter_folder(folder: Path, base: str, **config: Any) -> tuple[Path, Tensor]:  # noqa: ANN401
    """Write an adapter on the tiny model of open_clip; return its one update."""
    folder.mkdir(parents=True)
    content = {"peft_type": "LORA", "base_model_name_or_path": base, "lora_alpha": 4, "r": 2}
    (folder / "adapter_config.json").write_text(json.dumps(content | config))
    down, up = pair(64, 16, seed=1)
    name = "base_model.model.visual.transformer.resblocks.0.mlp.c_fc"
    tensors = {f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up}
    save_file(tensors, folder / "adapter_model.safetensors")
    return folder, 2 * up @ down


CHANGED = "visual.transformer.resblocks.0.mlp.c_fc.weight"


@pytest.mark.parametrize("way", ["named in the adapter", "beside the adapter", "given"])
def test_an_adapter_is_merged_into_its_base(way: str, tmp_path: Path) -> None:
    base = model_folder(tmp_path / "base")
    named = {"named in the adapter": str(base), "beside the adapter": "../base", "given": "/none"}
    folder, update = adapter_folder(tmp_path / "lora", named[way])
    before = load_model(f"local-dir:{base}").clip.state_dict()
    if way == "given":
        found = load_model(f"local-dir:{base}", pretrained=str(folder))
    else:
        found = load_model(f"local-dir:{folder}")
    after = found.clip.state_dict()
    assert torch.allclose(after[CHANGED], before[CHANGED] + update, atol=1e-6)
    assert [name for name in after if not torch.equal(after[name], before[name])] == [CHANGED]
    assert f"with LoRA of {folder} merged into 1 weights" in found.found


def test_an_adapter_without_its_base_says_how_to_give_it(tmp_path: Path) -> None:
    folder, _ = adapter_folder(tmp_path / "lora", "/no/such/base")
    with pytest.raises(UsageError, match=r"at '/no/such/base', .*--model local-dir:BASE --pretr"):
        load_model(f"local-dir:{folder}")


def test_two_adapters_are_refused(tmp_path: Path) -> None:
    base = model_folder(tmp_path / "base")
    first, _ = adapter_folder(tmp_path / "first", str(base))
    second, _ = adapter_folder(tmp_path / "second", str(base))
    with pytest.raises(UsageError, match=r"first: expected one adapter, found another in .*second"):
        load_model(f"local-dir:{first}", pretrained=str(second))


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's
def test_an_adapter_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = model_folder(tmp_path / "base")
    folder, update = adapter_folder(tmp_path / "lora", str(base))
    with serving() as hub, use_in_client(hub, monkeypatch, tmp_path):
        hub.create("user/lora", **{path.name: path.read_bytes() for path in folder.iterdir()})
        after = load_model("hf-hub:user/lora").clip.state_dict()
    before = load_model(f"local-dir:{base}").clip.state_dict()
    assert torch.allclose(after[CHANGED], before[CHANGED] + update, atol=1e-6)


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"peft_type": "IA3"}, "found IA3"),
        ({"use_dora": True}, "found DoRA"),
        ({"lora_bias": True}, "found LoRA with lora_bias;"),
        ({"init_lora_weights": "pissa_niter_16"}, "found LoRA with init_lora_weights pissa_niter"),
        ({"init_lora_weights": "OLoRA"}, "found LoRA with init_lora_weights olora"),
        ({"init_lora_weights": "corda"}, "found LoRA with init_lora_weights corda"),
    ],
)
def test_other_adapters_are_refused(config: dict[str, Any], found: str, tmp_path: Path) -> None:
    folder, _ = adapter_folder(tmp_path / "lora", "base", **config)
    with pytest.raises(UsageError, match=found):
        read_adapter(folder)


def test_a_model_may_lie_below_the_folder_that_is_named(tmp_path: Path) -> None:
    model_folder(tmp_path / "models--a--b/snapshots/0123")
    (tmp_path / "models--a--b/.no_exist").mkdir()
    found = found_at(f"local-dir:{tmp_path}")
    assert (found.kind, found.folder.name) == ("open_clip", "0123")
    assert load_model(f"local-dir:{tmp_path}").found.startswith(
        f"loaded CLIP of open_clip from {tmp_path}: "
    )
    model_folder(tmp_path / "other")
    with pytest.raises(UsageError, match=r"expected one model, found models--a--b/.*, other: name"):
        found_at(f"local-dir:{tmp_path}")


def test_a_folder_without_a_model_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match=r"expected a model .*, found config\.json, weights\.bin$"):
        found_at(f"local-dir:{tmp_path}")
