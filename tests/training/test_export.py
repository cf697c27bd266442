"""Weights leave a run as open_clip reads them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import open_clip
import pytest
import safetensors.torch
import torch
from torch import Tensor

from data.errors import RetryableError, UsageError
from tests.training.runs import MODEL, places, records, settings, world
from training.export import interpolated, weights_of, write_weights
from training.publish import CARD, CONFIG, upload, write_folder
from training.run.checkpoint import latest, read
from training.run.train import train


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    root = world(tmp_path_factory.mktemp("world"))
    fast = {"optimizer": {"lr": 3e-3, "warmup_steps": 1}, "epochs": 1}
    train(settings(root, **fast, validation="val"), places(root, "full"))
    train(settings(root, preset="fsc-clip-lora", **fast), places(root, "lora"))
    return root


@pytest.fixture(autouse=True)
def known_model(tmp_path: Path) -> None:
    """Teach open_clip the tiny model by a name, as it knows its own."""
    (tmp_path / "tiny-run.json").write_text(json.dumps(MODEL))
    open_clip.add_model_config(tmp_path / "tiny-run.json")


def opened(path: Path) -> Any:  # noqa: ANN401 - open_clip is untyped
    return open_clip.create_model("tiny-run", pretrained=str(path)).eval()


def features(clip: Any) -> Tensor:  # noqa: ANN401
    generator = torch.Generator().manual_seed(0)
    ids = torch.tensor([[49406, 320, 1929, 49407, *[0] * 12]])
    with torch.no_grad():
        image = clip.encode_image(torch.randn(1, 3, 8, 8, generator=generator))
        return torch.cat([image, clip.encode_text(ids)])


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("name", ["full", "lora"])
def test_open_clip_opens_a_runs_weights(root: Path, name: str, suffix: str, tmp_path: Path) -> None:
    weights = weights_of(root / name)
    write_weights(weights, tmp_path / f"clip{suffix}")
    assert [path.name for path in tmp_path.glob("clip*")] == [f"clip{suffix}"]
    trained = weights.model.clip.eval()  # with LoRA, updates and weights are still apart
    assert torch.allclose(
        features(opened(tmp_path / f"clip{suffix}")), features(trained), atol=1e-6
    )
    first = open_clip.create_model(f"local-dir:{root / 'model'}").eval()
    assert not torch.allclose(features(first), features(trained), atol=1e-3)


def test_a_checkpoint_of_a_full_fine_tuning_is_a_file_of_weights_too(root: Path) -> None:
    path = latest(root / "full")
    assert path is not None
    assert torch.equal(
        features(opened(path)), features(weights_of(root / "full").model.clip.eval())
    )


@pytest.mark.parametrize("name", ["full", "lora"])
@pytest.mark.parametrize("alpha", [0.0, 0.25, 1.0])
def test_weights_are_interpolated_after_lora_is_merged(root: Path, name: str, alpha: float) -> None:
    before = open_clip.create_model(f"local-dir:{root / 'model'}").state_dict()
    after = weights_of(root / name).state_dict
    found = weights_of(root / name, alpha=alpha).state_dict
    assert found.keys() == before.keys()
    for key, tensor in found.items():
        expected = (1 - alpha) * before[key].double() + alpha * after[key].double()
        assert torch.allclose(tensor.double(), expected, atol=1e-7), key


def test_what_is_no_float_is_not_interpolated() -> None:
    before, after = ({"n": torch.tensor(n), "w": torch.tensor(float(n))} for n in (1, 3))
    found = interpolated(before, after, alpha=0.5)
    assert (found["n"].item(), found["w"].item()) == (3, 2.0)


def test_the_best_checkpoint_can_be_exported(root: Path) -> None:
    assert weights_of(root / "full", which="best").step == read(root / "full/best.pt").step
    with pytest.raises(UsageError, match=r"checkpoint of a run with training\.validation"):
        weights_of(root / "lora", which="best")


@pytest.mark.parametrize(
    ("name", "alpha", "message"),
    [
        ("full", 1.5, "--alpha: expected 0 to 1, found 1.5"),
        ("none", 1.0, "expected the folder of a run"),
    ],
)
def test_what_cannot_be_exported_is_refused(
    root: Path, name: str, alpha: float, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        weights_of(root / name, alpha=alpha)


def test_first_weights_that_changed_are_refused(tmp_path: Path) -> None:
    other = world(tmp_path / "world")
    train(settings(other, epochs=1), places(other))
    path = other / "model/open_clip_pytorch_model.bin"
    state = torch.load(path, weights_only=True)
    torch.save({**state, "logit_scale": state["logit_scale"] + 1}, path)
    with pytest.raises(UsageError, match="initial weights have changed"):
        weights_of(other / "run", alpha=0.5)
    assert weights_of(other / "run").step == 5


def test_a_file_says_which_model_runs_it(root: Path, tmp_path: Path) -> None:
    weights = replace(weights_of(root / "full"), quick_gelu=True)
    for suffix in (".pt", ".safetensors"):
        write_weights(weights, tmp_path / f"clip{suffix}")
    content = torch.load(tmp_path / "clip.pt", weights_only=True)
    assert content["quick_gelu"] is True
    with safetensors.safe_open(tmp_path / "clip.safetensors", "pt") as file:
        assert file.metadata()["quick_gelu"] == "true"


class FakeHub:
    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.calls: list[tuple[str, dict[str, object]]] = []

    def create_repo(self, repo_id: str, *, private: bool, exist_ok: bool) -> object:
        if self.refuses:
            raise ConnectionError("no way\nthere")
        self.calls.append(("create", {"id": repo_id, "private": private, "exist_ok": exist_ok}))
        return None

    def upload_folder(self, *, repo_id: str, folder_path: str, commit_message: str) -> object:
        files = sorted(path.name for path in Path(folder_path).iterdir())
        self.calls.append(("upload", {"id": repo_id, "files": files, "message": commit_message}))
        return None


@pytest.mark.parametrize("name", ["full", "lora"])
def test_a_published_folder_is_a_model_of_open_clip(root: Path, name: str, tmp_path: Path) -> None:
    weights = weights_of(root / name)
    files = write_folder(weights, tmp_path / "hub", repository="me/clip", run=root / name)
    clip = open_clip.create_model(f"local-dir:{tmp_path / 'hub'}").eval()
    assert torch.allclose(features(clip), features(weights.model.clip.eval()), atol=1e-6)
    card = (tmp_path / "hub" / CARD).read_text()
    assert "hf-hub:me/clip" in card
    assert str(root) not in card
    assert ("rank 4" in card) == (name == "lora")
    assert ("composition" in card.partition("| validation |")[2]) == (name == "full")
    assert json.loads((tmp_path / "hub" / CONFIG).read_text())["model_cfg"] == MODEL
    hub = FakeHub()
    upload(hub, tmp_path / "hub", repository="me/clip", private=True, step=5)
    assert hub.calls == [
        ("create", {"id": "me/clip", "private": True, "exist_ok": True}),
        ("upload", {"id": "me/clip", "files": sorted(files), "message": "Weights of step 5"}),
    ]


def test_a_card_tells_only_what_was_measured_of_its_weights(root: Path, tmp_path: Path) -> None:
    found = [record for record in records(root / "full") if "validation" in record][-1]
    later = {"step": 6, "validation": found["validation"] | {"loss": 9.0}}
    lines = [json.dumps(found), json.dumps(later), '{"step": 6, "cut']
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    shown = {}
    for alpha in (1.0, 0.5):
        weights = replace(weights_of(root / "full"), alpha=alpha)
        write_folder(weights, tmp_path / str(alpha), repository="me/clip", run=tmp_path)
        shown[alpha] = (tmp_path / str(alpha) / CARD).read_text()
    assert f"| validation | loss {found['validation']['loss']:.4f}, " in shown[1.0]
    assert "| validation |" not in shown[0.5]  # these weights were never measured


def test_a_hub_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RetryableError, match=r"me/clip: ConnectionError: .*the files are in"):
        upload(FakeHub(refuses=True), tmp_path, repository="me/clip", private=False, step=1)


def test_a_damaged_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(UsageError, match=r"run\.json: damaged"):
        weights_of(tmp_path)
