"""TensorBoard and Weights & Biases hear what the log has; the libraries are tested if there."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from data.errors import UsageError
from tests.training.runs import places, records, settings, world
from training.run.logs import flat
from training.run.plugins import listener
from training.run.train import train

RECORD = {"step": 7, "loss": 1.5, "negatives": {"swap": 3}, "note": "no number"}


@pytest.mark.parametrize(
    ("name", "module"), [("tensorboard", "torch.utils.tensorboard"), ("wandb", "wandb")]
)
def test_a_library_that_is_missing_is_one_line(
    name: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=rf"pip install 'caption-negatives\[{name}\]'$"):
        listener(name, tmp_path, after_step=0, config={})


@pytest.mark.parametrize(("after_step", "purged"), [(0, None), (6, 7)])
def test_tensorboard_gets_every_number_and_purges_what_is_written_again(
    after_step: int, purged: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[object, ...]] = []

    def writer(folder: str, *, purge_step: int | None) -> SimpleNamespace:
        told.append((folder, purge_step))
        return SimpleNamespace(add_scalar=lambda *call: told.append(call), close=lambda: None)

    fake = SimpleNamespace(SummaryWriter=writer)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    board = listener("tensorboard", tmp_path, after_step=after_step, config={})
    board.note(RECORD)
    board.close()
    assert told == [
        (str(tmp_path / "tensorboard"), purged), ("loss", 1.5, 7), ("negatives/swap", 3, 7),
    ]  # fmt: skip


class FakeWandb:
    """As much of wandb as is called."""

    def __init__(self) -> None:
        self.inits: list[dict[str, Any]] = []
        self.logged: list[tuple[dict[str, float], int]] = []

    def init(self, **options: Any) -> SimpleNamespace:  # noqa: ANN401
        if options["mode"] == "online":
            raise RuntimeError("no key\nis there")
        self.inits.append(options)
        return SimpleNamespace(
            log=lambda numbers, step: self.logged.append((numbers, step)), finish=lambda: None
        )

    def Settings(self, **options: object) -> dict[str, object]:
        return options


def test_weights_and_biases_goes_on_with_one_id_and_stays_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    for after_step in (0, 6):
        heard = listener("wandb", tmp_path, after_step=after_step, config={"seed": 3})
        heard.note(RECORD)
        heard.close()
    kept = (tmp_path / "wandb-id.txt").read_text().strip()
    assert [init["id"] for init in fake.inits] == [kept, kept]
    assert {init["mode"] for init in fake.inits} == {"offline"}
    assert fake.inits[0]["config"] == {"seed": 3}
    assert fake.logged == [({"loss": 1.5, "negatives/swap": 3}, 7)] * 2
    monkeypatch.setenv("WANDB_MODE", "online")
    with pytest.raises(
        UsageError, match=r"no key is there; run `wandb login`, or set WANDB_MODE=offline$"
    ):
        listener("wandb", tmp_path, after_step=0, config={})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_run_that_goes_on_is_one_record_in_tensorboard(tmp_path: Path) -> None:
    name = "tensorboard.backend.event_processing.event_accumulator"
    reading = pytest.importorskip(name, reason="tensorboard is an extra")
    torch.set_num_threads(1)
    root = world(tmp_path)
    chosen = settings(root, epochs=1, run={"listeners": ["tensorboard"], "save_every": 2})
    train(chosen, places(root), limit_steps=3)
    (root / "run/checkpoints/step-00000003.pt").unlink()  # so step 3 is taken again
    train(chosen, places(root), resume=True)
    found = reading.EventAccumulator(str(root / "run/tensorboard")).Reload()
    for record in records(root / "run"):
        for tag, value in flat(record):
            if tag not in {"step", "lr"}:
                events = {event.step: event.value for event in found.Scalars(tag)}
                assert events[record["step"]] == pytest.approx(value, rel=1e-5), tag
    assert [event.step for event in found.Scalars("loss")] == [1, 2, 3, 4, 5]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_weights_and_biases_writes_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="wandb is an extra")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    for after_step in (0, 7):
        heard = listener("wandb", tmp_path, after_step=after_step, config={"seed": 3})
        heard.note(RECORD | {"step": after_step + 1})
        heard.close()
    name = (tmp_path / "wandb-id.txt").read_text().strip()
    files = list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))
    assert {path.name for path in files} == {f"run-{name}.wandb"}
