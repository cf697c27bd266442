import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from data.errors import UsageError
from training.run.checkpoint import BEST, FOLDER, Checkpoint, latest, paths, read, write

ONE = Checkpoint(
    step=1,
    position={"epoch": 0, "seen": 8, "seed": 0, "rows": "x"},
    state_dict={"w": torch.arange(3.0)},
    optimizer={"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.1}]},
    scaler={},
    config={"seed": 0, "losses": [{"loss": "clip"}]},
    quick_gelu=False,
    best=0.5,
)


def test_a_checkpoint_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = write(tmp_path, ONE, keep=1)
    found = read(path)
    assert torch.equal(found.state_dict["w"], ONE.state_dict["w"])
    for name in ("step", "position", "scaler", "config", "quick_gelu", "best"):
        assert getattr(found, name) == getattr(ONE, name)
    assert found.optimizer["param_groups"] == [{"lr": 0.1}]


def test_the_last_and_the_best_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 10, 100):
        write(tmp_path, replace(ONE, step=step), keep=2, is_best=step == 2)
    assert [path.stem for path in paths(tmp_path)] == ["step-00000010", "step-00000100"]
    assert latest(tmp_path) == paths(tmp_path)[-1]
    assert read(tmp_path / BEST).step == 2
    write(tmp_path, replace(ONE, step=101), keep=2, is_best=True)
    assert read(tmp_path / BEST).step == 101
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [BEST]


def test_a_file_system_without_hard_links_gets_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    write(tmp_path, ONE, keep=1, is_best=True)
    assert read(tmp_path / BEST).step == 1


def test_a_kill_between_the_best_and_the_last_leaves_a_run_that_finds_the_best_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, ONE, keep=2, is_best=True)

    def killed(*_: object) -> None:
        raise SystemExit

    better = replace(ONE, step=2, best=0.25)
    with monkeypatch.context() as context:
        context.setattr(os, "link", killed)
        with pytest.raises(SystemExit):
            write(tmp_path, better, keep=2, is_best=True)
    last = latest(tmp_path)
    assert last is not None
    assert read(last).best == read(tmp_path / BEST).best == 0.5


def test_what_a_kill_left_is_no_checkpoint_and_goes_with_the_next(tmp_path: Path) -> None:
    write(tmp_path, ONE, keep=2)
    part = tmp_path / FOLDER / "step-00000002.pt.0123.tmp"
    part.write_bytes(b"a part")
    assert [path.stem for path in paths(tmp_path)] == ["step-00000001"]
    write(tmp_path, replace(ONE, step=2), keep=2)
    assert not part.exists()


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    assert latest(tmp_path) is None
    assert latest(tmp_path / "none") is None


class Evil:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("evil",)


@pytest.mark.parametrize("kind", ["cut", "other", "evil", "text"])
def test_a_damaged_or_foreign_file_is_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, ONE, keep=1)
    if kind == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif kind == "other":
        torch.save({"state_dict": {}}, path)
    elif kind == "evil":
        torch.save({"version": 1, "x": Evil()}, path)
    else:
        path.write_text("no checkpoint")
    with pytest.raises(UsageError, match="checkpoint"):
        read(path)
    assert not Path("evil").exists()
