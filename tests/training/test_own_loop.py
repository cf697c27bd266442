"""The public names of `training`, and the loop of one's own in docs/training.md, run as it is."""

from pathlib import Path
from typing import Any

import pytest
import torch

import training
from tests.documents import blocks, section_of
from tests.training.folders import finished, picture_folder, pictures_of, rows_of
from tests.training.runs import MODEL, model_folder

NAMED = 'training.load_model("ViT-B-32-quickgelu", pretrained="openai")'


def own_loop() -> str:
    """Return the block of Python that trains."""
    (found,) = blocks(section_of("docs/training.md", "In a loop of your own"), "python")
    return found


def test_the_loop_goes_from_shards_to_optimizer_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = rows_of(66, types=("swap", "replace"))
    finished(Path("out"), {"train": rows})
    picture_folder(Path("images"), pictures_of(rows))
    vision = MODEL["vision_cfg"] | {"image_size": 224, "patch_size": 56}
    model_folder(Path("model"), MODEL | {"vision_cfg": vision})
    code = own_loop()
    assert len([line for line in code.splitlines() if line.strip()]) <= 16
    assert NAMED in code
    names: dict[str, Any] = {}
    exec(code.replace(NAMED, 'training.load_model("local-dir:model")'), names)  # noqa: S102
    model, optimizer = names["model"], names["optimizer"]
    assert optimizer.state[model.clip.logit_scale]["step"] == 2  # of 64 captions and of 2
    assert names["loss"].isfinite()
    before = training.load_model("local-dir:model").clip.state_dict()
    after = model.clip.state_dict()
    changed = [name for name, tensor in before.items() if not torch.equal(tensor, after[name])]
    assert len(changed) > 0.9 * len(before)


def test_every_public_name_is_there_and_documented() -> None:
    for name in training.__all__:
        assert getattr(training, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'dataset'"):
        _ = training.dataset  # type: ignore[attr-defined]
