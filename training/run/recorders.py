"""Ready listeners: TensorBoard, and Weights & Biases, which stays offline unless told otherwise.

A run that goes on continues its record: what lies after the checkpoint's step is purged or, where
that cannot be, written over.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast
from uuid import uuid4

from data.commit import Json, write_atomically
from data.errors import UsageError
from data.texts import one_line
from training.run.logs import Listener, Record, flat

_WANDB_ID: Final = "wandb-id.txt"
_OPTION: Final = "training.run.listeners"


class TensorBoard:
    """RUN/tensorboard, for `tensorboard --logdir RUN`."""

    def __init__(self, run: Path, *, after_step: int, config: Json) -> None:
        del config
        try:
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  (an extra)
        except ImportError as error:
            raise _missing("tensorboard") from error
        purge = after_step + 1 if after_step else None
        self._writer = SummaryWriter(str(run / "tensorboard"), purge_step=purge)

    def note(self, record: Record) -> None:
        """Write every number of a record."""
        for name, value in flat(record):
            if name != "step":
                self._writer.add_scalar(name, value, record["step"])

    def close(self) -> None:
        """Close the files."""
        self._writer.close()


class WeightsAndBiases:
    """RUN/wandb, for `wandb sync`; online where WANDB_MODE=online says so.

    The run has one id however often it goes on, kept in RUN/wandb-id.txt. WANDB_PROJECT and
    WANDB_ENTITY work as everywhere.
    """

    def __init__(self, run: Path, *, after_step: int, config: Json) -> None:
        del after_step  # steps that are there already are not taken twice
        try:
            import wandb  # noqa: PLC0415  (an extra, and it takes seconds)
        except ImportError as error:
            raise _missing("wandb") from error
        mode = os.environ.get("WANDB_MODE", "offline")
        try:
            self._run: Any = wandb.init(
                id=_kept_id(run),
                project=os.environ.get("WANDB_PROJECT", "caption-negatives"),
                name=run.resolve().name,
                dir=str(run),
                config=dict(config),
                mode=mode,
                resume="allow" if mode == "online" else None,  # offline it goes by the id alone
                settings=wandb.Settings(console="off", silent=True),
            )
        except Exception as error:  # of its many, none is documented
            raise UsageError(
                f"{_OPTION}: expected Weights & Biases to start with WANDB_MODE={mode}, it says: "
                f"{one_line(error)}; `wandb login`, or WANDB_MODE=offline"
            ) from error

    def note(self, record: Record) -> None:
        """Write every number of a record."""
        numbers = {name: value for name, value in flat(record) if name != "step"}
        self._run.log(numbers, step=cast("int", record["step"]))

    def close(self) -> None:
        """End the record."""
        self._run.finish()


READY: Final[Mapping[str, Callable[..., Listener]]] = {
    "tensorboard": TensorBoard,
    "wandb": WeightsAndBiases,
}


def _missing(library: str) -> UsageError:
    return UsageError(
        f"{_OPTION}: expected the library {library}, found none: "
        f"pip install 'caption-negatives[{library}]'"
    )


def _kept_id(run: Path) -> str:
    path = run / _WANDB_ID
    if not path.exists():
        write_atomically(path, f"{uuid4().hex[:12]}\n")
    return path.read_text(encoding="utf-8").strip()
