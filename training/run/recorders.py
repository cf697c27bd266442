"""Built-in listeners: TensorBoard, and Weights & Biases, offline by default.

A resumed run continues its record: entries after the checkpoint's step are purged or, if that is
not possible, overwritten.
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
    """RUN/wandb, for `wandb sync`; online with WANDB_MODE=online.

    The run keeps one id across restarts, in RUN/wandb-id.txt. WANDB_PROJECT and WANDB_ENTITY work
    as usual.
    """

    def __init__(self, run: Path, *, after_step: int, config: Json) -> None:
        del after_step  # existing steps are not recorded twice
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
                resume="allow" if mode == "online" else None,  # offline only the id matters
                settings=wandb.Settings(console="off", silent=True),
            )
        except Exception as error:  # its exceptions are not documented
            raise UsageError(
                f"{_OPTION}: Weights & Biases did not start with WANDB_MODE={mode}: "
                f"{one_line(error)}; run `wandb login`, or set WANDB_MODE=offline"
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
        f"{_OPTION}: the library {library} is not installed: "
        f"pip install 'caption-negatives[{library}]'"
    )


def _kept_id(run: Path) -> str:
    path = run / _WANDB_ID
    if not path.exists():
        write_atomically(path, f"{uuid4().hex[:12]}\n")
    return path.read_text(encoding="utf-8").strip()
