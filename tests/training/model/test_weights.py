"""Files of weights that other trainers wrote: read where they are harmless, or refused in words."""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import open_clip
import pytest
import torch
from open_clip_train.scheduler import cosine_lr
from torch.amp import GradScaler
from torch.optim import AdamW

from data.errors import UsageError
from tests.training.runs import MODEL, model_folder, places, settings, world
from training.export import weights_of
from training.model.library import tokenizer
from training.model.loading import load_model
from training.model.weights import content_of, explaining
from training.run.checkpoint import latest, read
from training.run.start import prepare
from training.run.train import train

NAME = "tiny-run"


@pytest.fixture(autouse=True)
def known_model(tmp_path: Path) -> None:
    """Teach open_clip the tiny model by a name, as it knows its own."""
    (tmp_path / f"{NAME}.json").write_text(json.dumps(MODEL))
    open_clip.add_model_config(tmp_path / f"{NAME}.json")


def open_clip_checkpoint(path: Path, *, rate: type = np.float64) -> dict[str, Any]:
    """Write what open_clip's trainer writes; return the weights in it.

    The names are those of DistributedDataParallel. The rate is numpy's, as its scheduler computed
    it until open_clip 3.
    """
    clip = open_clip.CLIP(**MODEL)
    optimizer, scaler = AdamW(clip.parameters()), GradScaler("cpu")
    clip.encode_image(torch.ones(1, 3, 8, 8)).sum().backward()
    cosine_lr(optimizer, 1e-3, 2, 10)(5)
    optimizer.step()
    for group in optimizer.param_groups:
        group["lr"] = rate(group["lr"])
    content = {
        "epoch": 1,
        "name": "2024_01_01-model_ViT",
        "state_dict": {f"module.{name}": t for name, t in clip.state_dict().items()},
        "optimizer": optimizer.state_dict(),
        "scaler": scaler.state_dict(),
    }
    torch.save(content, path)
    return clip.state_dict()


def as_of_numpy_1(path: Path) -> None:
    """Rewrite a file as numpy 1 would have made it, whose modules have other names."""
    with ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with ZipFile(path, "w", ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content.replace(b"numpy._core.", b"numpy.core."))


@pytest.mark.parametrize("rate", [float, np.float64, np.float32])
@pytest.mark.parametrize("numpy", [1, 2])
def test_a_checkpoint_of_open_clips_trainer_is_a_file_of_weights(
    rate: type, numpy: int, tmp_path: Path
) -> None:
    path = tmp_path / "epoch_1.pt"
    weights = open_clip_checkpoint(path, rate=rate)
    if numpy == 1:
        as_of_numpy_1(path)
    found = load_model(NAME, pretrained=str(path)).clip.state_dict()
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in weights.items())


@pytest.mark.parametrize(
    "beside",
    [np.int64(3), np.bool_(1), np.arange(6.0).reshape(2, 3), np.dtype("f4"),
     argparse.Namespace(lr=1e-3, seed=np.int64(3), layers=[1, 2]), {"a": (1, "b", None, {2})}],
    ids=["integer", "bool", "array", "type", "command line", "containers"],
)  # fmt: skip
def test_what_can_run_nothing_is_read(beside: object, tmp_path: Path) -> None:
    torch.save({"state_dict": {"w": torch.ones(1)}, "beside": beside}, tmp_path / "x.pt")
    assert repr(content_of(tmp_path / "x.pt")["beside"]) == repr(beside)


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("evil",)


def state_dict() -> dict[str, Any]:
    return dict(open_clip.CLIP(**MODEL).state_dict())


def renamed(change: Callable[[str], str]) -> dict[str, Any]:
    return {change(name): tensor for name, tensor in state_dict().items()}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (state_dict, ""),
        (lambda: {"state_dict": renamed(lambda name: f"module.{name}")}, "under 'state_dict', "),
        (lambda: {"model": state_dict(), "epoch": 3}, "(under 'model')"),
        (lambda: {"model": {"state_dict": state_dict()}}, "(under 'model', under 'state_dict')"),
        (lambda: renamed(lambda name: f"module.model.{name}"), "(prefix 'module.model.' taken"),
        (lambda: renamed(lambda name: f"_orig_mod.{name}"), "('_orig_mod.' taken off)"),
        (
            lambda: renamed(lambda name: f"clip.{name}") | {"loss.w": torch.ones(1)},
            "(prefix 'clip.' taken off, 1 tensors without it left out)",
        ),
    ],
)
def test_weights_are_found_in_whatever_lies_around_them(
    content: Callable[[], dict[str, Any]],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = content()
    torch.save(given, "x.pt")
    model = load_model(NAME, pretrained="x.pt")
    assert told.removesuffix(")") in model.found
    kept = [t for t in _tensors(given) if t.numel() > 1]
    for mine in model.clip.state_dict().values():
        assert mine.numel() == 1 or any(torch.equal(mine, t) for t in kept)


def _tensors(content: Mapping[str, Any]) -> list[torch.Tensor]:
    found = []
    for value in content.values():
        found += _tensors(value) if isinstance(value, Mapping) else [value]
    return [value for value in found if isinstance(value, torch.Tensor)]


def without(names: int) -> dict[str, Any]:
    return dict(list(state_dict().items())[names:])


FILES: Mapping[str, tuple[object, str]] = {
    "code": (
        {"state_dict": {}, "optimizer": Evil()},
        r"the file has objects of posix\.mkdir beside the weights, .*NEW\)$",
    ),
    "objects in an array": (
        {"state_dict": {}, "x": np.array([{}], object)},
        r"cannot be read as a file of weights \(.*ObjectDType.*\)$",
    ),
    "one name missing": (
        without(1),
        r"expected the weights of this model, found them without positional_embedding$",
    ),
    "many names missing": (
        without(9),
        r"found them without positional_embedding, text_projection, logit_scale and 6 more$",
    ),
    "other names": (
        {name.replace(".", "/"): tensor for name, tensor in state_dict().items()},
        r"without visual\.class_embedding, .* more; with visual/class_embedding, .* more$",
    ),
    "another shape": (
        state_dict() | {"visual.proj": torch.ones(16, 8)},
        r"in other shapes: visual\.proj \(expected \[16, 16\], found \[16, 8\]\)$",
    ),
    "elsewhere in the file": (
        {"clip": state_dict(), "epoch": 3},
        r"expected tensors with their names, found a mapping of 'clip', 'epoch'$",
    ),
    "no names": ([torch.ones(1)], r"expected tensors with their names, found a list$"),
    "nothing": ({"state_dict": {}}, r"expected tensors with their names, found an empty mapping$"),
    "NaN": (
        state_dict() | {"visual.proj": torch.full((16, 16), torch.nan)},
        r"found NaN or infinite ones in 1 of \d+ weights, the first 'visual\.proj'; .*diverged$",
    ),
    "infinity": (state_dict() | {"logit_scale": torch.tensor(torch.inf)}, "first 'logit_scale'"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES)
def test_what_does_not_fit_is_refused_in_a_whole_sentence(
    content: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(UsageError) as caught:
        load_model(NAME, pretrained="x.pt")
    told = str(caught.value)
    assert re.search(message, told), told
    assert "\n" not in told
    assert "x.pt" in told
    assert told.count("(") == told.count(")")
    assert len(told) < 700
    assert not Path("evil").exists()


def test_a_torchscript_archive_is_named_as_one(tmp_path: Path) -> None:
    path = tmp_path / "ViT-B-32.pt"
    with ZipFile(path, "w") as archive:  # what a TorchScript archive is known by
        archive.writestr("model/code/__torch__/model.py", "")
    with pytest.raises(UsageError, match=r"TorchScript archive, .*load_openai_model\(.*\)$"):
        content_of(path)


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 a cut archive"])
def test_what_is_damaged_is_refused_in_a_whole_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"cannot be read as a file of weights .*[)]$") as caught:
        load_model(NAME, pretrained=str(path))
    assert "\n" not in str(caught.value)


def test_a_folders_weights_are_read_as_a_files(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model")
    weights = open_clip_checkpoint(folder / "open_clip_pytorch_model.bin")
    found = load_model(f"local-dir:{folder}").clip.state_dict()
    assert torch.equal(found["visual.proj"], weights["visual.proj"])
    torch.save(without(1), folder / "open_clip_pytorch_model.bin")
    with pytest.raises(UsageError, match=r"model local-dir:.*model: .*without positional_emb"):
        load_model(f"local-dir:{folder}")


def test_a_tokenizer_whose_library_is_missing_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = {**MODEL["text_cfg"], "hf_tokenizer_name": "timm/ViT-B-16-SigLIP"}
    folder = model_folder(tmp_path / "model")
    config = {"model_cfg": MODEL | {"text_cfg": text}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    monkeypatch.setitem(sys.modules, "transformers", None)
    for opened in (load_model, tokenizer):
        with pytest.raises(UsageError, match=r"tokenizer of .*: pip install transformers$"):
            opened(f"local-dir:{folder}")


def test_a_name_with_a_slash_has_the_tokenizer_of_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UsageError, match=r"pip install transformers$"):
        tokenizer("ViT-B/16-SigLIP")


def spoil(path: Path, name: str, value: object) -> None:
    content = torch.load(path, weights_only=True)
    content["state_dict"][name] = value
    torch.save(content, path)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("visual.proj", torch.full((16, 16), torch.nan), "expected finite numbers"),
        ("visual.proj", torch.ones(16, 8), r"in other shapes: visual\.proj \(expected \[16, 16\]"),
        ("surplus", torch.ones(1), "with surplus$"),
    ],
)
def test_a_spoiled_checkpoint_is_neither_gone_on_from_nor_exported(
    name: str, value: object, message: str, tmp_path: Path
) -> None:
    here = places(world(tmp_path / "world"))
    chosen = settings(tmp_path / "world", epochs=1)
    train(chosen, here, limit_steps=1)
    path = latest(here.out)
    assert path is not None
    spoil(path, name, value)
    for alpha in (1.0, 0.5):
        with pytest.raises(UsageError, match=message):
            weights_of(here.out, alpha=alpha)
    with pytest.raises(UsageError, match=message):
        train(chosen, here, resume=True)


def test_a_checkpoint_of_another_trainer_is_none_to_go_on_from(tmp_path: Path) -> None:
    open_clip_checkpoint(tmp_path / "epoch_1.pt")
    with pytest.raises(
        UsageError, match=r"found epoch, name, state_dict, .*load other weights with --pretrained$"
    ):
        read(tmp_path / "epoch_1.pt")


def test_a_run_does_not_begin_with_weights_of_nan(tmp_path: Path) -> None:
    root = world(tmp_path / "world")
    path = root / "model/open_clip_pytorch_model.bin"
    state = torch.load(path, weights_only=True)
    torch.save(state | {"visual.proj": torch.full((16, 16), torch.nan)}, path)
    with pytest.raises(UsageError, match="expected finite numbers"):
        prepare(settings(root), places(root))


def test_a_failed_download_says_what_to_do() -> None:
    with (
        pytest.raises(UsageError, match="give a file with --pretrained FILE"),
        explaining("weights openai"),
    ):
        raise RuntimeError("Failed to download weights for tag 'openai'")
