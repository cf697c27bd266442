"""Checkpoints: written completely or not at all, read without running code in them.

A checkpoint has everything that a run needs to resume: weights, optimizer, loss scale, position in
the data, step, the run's configuration and the digest of its rows, the teacher's weights, those of
projections that only training needs, and what losses carry from step to step. It needs no
generator states, because every random decision is drawn from the seed and the step, or from the
seed and the sample. Nothing in it depends on ranks, workers or devices.

`state_dict` and `quick_gelu` are where open_clip and `training.model` look for them, so that a
checkpoint of full fine-tuning is also a file of weights.
"""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from data.commit import Json, attempt_path, sync_folder
from data.disk import writing
from data.errors import UsageError
from training.model.weights import content_of, refuse_not_finite, save

FOLDER: Final = "checkpoints"
BEST: Final = "best.pt"
_VERSION: Final = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """The state from which a run resumes.

    Attributes:
        step: updates done.
        position: in the data, from `Position.content`.
        state_dict: of open_clip's model; LoRA's updates are separate.
        optimizer: the optimizer's state.
        scaler: the loss scale's state, empty unless the precision is float16.
        config: the run's content: everything that affects the weights.
        quick_gelu: the activation that the weights were trained with.
        best: the least loss on the validation split so far, None without one.
        teacher: of the teacher's model; empty without one.
        carried: what losses carry from step to step, by name.
        heads: of the model's heads, maps that only training needs; empty without any.
    """

    step: int
    position: Json
    state_dict: dict[str, Any]
    optimizer: dict[str, Any]
    scaler: dict[str, Any]
    config: Json
    quick_gelu: bool
    best: float | None = None
    teacher: dict[str, Any] = field(default_factory=dict)
    carried: dict[str, Any] = field(default_factory=dict)
    heads: dict[str, Any] = field(default_factory=dict)


_LATER: Final = {"teacher", "carried", "heads"}
"""What checkpoints of earlier versions lack."""


def write(run: Path, checkpoint: Checkpoint, *, keep: int, is_best: bool = False) -> Path:
    """Write a checkpoint into a run's folder; the oldest beyond `keep` are deleted."""
    folder = run / FOLDER
    path = folder / f"step-{checkpoint.step:08d}.pt"
    content = {name: getattr(checkpoint, name) for name in checkpoint.__dataclass_fields__}
    draft = attempt_path(folder, path.stem, "pt")
    try:
        save({"version": _VERSION, **content}, draft, target=path)
        with writing(path):
            if is_best:
                _copy(
                    draft, run / BEST
                )  # first, because the last checkpoint's `best` must not be ahead of it
            draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(folder)
    for old in paths(run)[:-keep]:
        old.unlink(missing_ok=True)
    for left in folder.glob("*.tmp"):  # left by a run that was killed while writing
        left.unlink(missing_ok=True)
    return path


def paths(run: Path) -> list[Path]:
    """Return a run's checkpoints, earliest first."""
    return sorted((run / FOLDER).glob("step-*.pt"))


def latest(run: Path) -> Path | None:
    """Return a run's last checkpoint, None if there is none."""
    return next(reversed(paths(run)), None)


def read(path: Path) -> Checkpoint:
    """Return a checkpoint on the CPU, memory-mapped if possible.

    Raises:
        UsageError: it is damaged, not one of ours, or its weights are not finite.
    """
    try:
        content = content_of(path, mmap=True)
    except UsageError as error:
        raise UsageError(
            f"{error}; delete this checkpoint to resume from an earlier one"
        ) from error
    version = content.pop("version", None) if isinstance(content, dict) else None
    if version != _VERSION or set(content) | _LATER != set(Checkpoint.__dataclass_fields__):
        found = ", ".join(map(str, list(content)[:6])) if isinstance(content, dict) else ""
        raise UsageError(
            f"{path}: expected a checkpoint of version {_VERSION} of this project, found "
            f"{found or type(content).__name__}; load other weights with --pretrained"
        )
    checkpoint = Checkpoint(**content)
    refuse_not_finite(checkpoint.state_dict, where=str(path))
    refuse_not_finite(checkpoint.teacher, where=f"{path}, teacher")
    return checkpoint


def _copy(path: Path, target: Path) -> None:
    """Give a file a second name, or a copy if the file system has no hard links."""
    draft = attempt_path(target.parent, target.stem, "pt")
    try:
        try:
            os.link(path, draft)
        except OSError:
            shutil.copyfile(path, draft)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
