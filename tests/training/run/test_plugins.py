import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from data.errors import UsageError
from tests.training.runs import places, records, settings, world
from training.run.plugins import own_listener
from training.run.train import train

MODULE = """
import json


class Mine:
    def __init__(self, run):
        self.file = (run / "mine.jsonl").open("a")

    def note(self, record):
        self.file.write(json.dumps(record) + "\\n")

    def close(self):
        self.file.close()


class Deaf:
    pass
"""


@pytest.fixture(autouse=True)
def _own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "listeners_of_mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", list(__import__("sys").path))


def test_a_listener_of_ones_own_hears_what_the_log_has(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    root = world(tmp_path / "world")
    chosen = settings(root, epochs=1, run={"listeners": ["listeners_of_mine:Mine"]})
    train(chosen, replace(places(root), out=tmp_path / "run"))
    heard = [json.loads(line) for line in (tmp_path / "run/mine.jsonl").read_text().splitlines()]
    assert heard == records(tmp_path / "run")
    assert len(heard) == 5


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wandbb", "expected tensorboard, wandb or package.module:Class, found 'wandbb'"),
        ("no_such_package.logs:Mine", "cannot import no_such_package"),
        ("listeners_of_mine:None", "with the methods note and close in listeners_of_mine"),
        ("listeners_of_mine:Deaf", "with the methods note and close in listeners_of_mine"),
    ],
)
def test_what_cannot_listen_is_refused(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        own_listener(name, tmp_path)
