"""The display of a run: a live table on a terminal, one line per record elsewhere."""

import sys
import time
from typing import Final, cast

from rich.console import Console
from rich.live import Live
from rich.table import Table

from data.texts import counted
from training.batches.dataset import BROKEN
from training.objective.losses import LOSSES
from training.run.logs import Record, describe_measures
from training.run.loop import Run

_OTHERS: Final = {"scale": "logit scale", "gradient_norm": "gradient norm"}


def labelled_terms(record: Record) -> list[tuple[str, str, float]]:
    """Return the terms of a record with labels: the loss, its parts, and other values."""
    rows = [("loss", "loss")]
    rows += [(name, f"  {row.label}") for name, row in LOSSES.items()]
    for name, row in LOSSES.items():
        own = [term for term in record if term.startswith(f"{name}_")]
        rows += [(term, f"{term.removeprefix(f'{name}_')}, {row.label}") for term in own]
    rows += _OTHERS.items()
    return [(name, label, cast("float", record[name])) for name, label in rows if name in record]


def view_of(run: Run) -> "Screen | Lines":
    """Return the view for the error stream: a terminal or not."""
    console = Console(stderr=True)
    if console.is_terminal:
        return Screen(console, num_steps=run.num_steps, batch_size=run.settings.batch_size)
    return Lines(num_steps=run.num_steps, batch_size=run.settings.batch_size)


class Screen:
    """A table with the last record, updated in place."""

    def __init__(self, console: Console, *, num_steps: int, batch_size: int) -> None:
        self._num_steps, self._batch_size = num_steps, batch_size
        self._last: dict[str, object] = {}
        self._num_broken = 0
        self._live = Live(console=console, auto_refresh=False)
        self._live.start()

    def note(self, record: Record) -> None:
        """Show a record."""
        self._last |= record
        broken = record.get(BROKEN, 0)
        assert isinstance(broken, int)
        self._num_broken += broken
        self._live.update(self._table(), refresh=True)

    def close(self) -> None:
        """Keep the last table on the screen."""
        self._live.stop()

    def _table(self) -> Table:
        last = self._last
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_row("step", f"{last.get('step', 0):,} of {self._num_steps:,}")
        for _, label, value in labelled_terms(last):
            table.add_row(label, f"{value:.4f}")
        if "images_per_s" in last:
            left_s = _left_s(last, num_steps=self._num_steps, batch_size=self._batch_size)
            table.add_row("images/s", f"{last['images_per_s']:,.0f}")
            table.add_row("waiting for data", f"{last['wait_share']:.1%}")
            table.add_row("peak memory", f"{last['peak_memory_mb']:,} MB")
            table.add_row("time left", clock(left_s))
        if self._num_broken:
            table.add_row(BROKEN, f"{self._num_broken:,}")
        if "validation" in last:
            table.add_row("validation", _validated(last["validation"]))
        return table


class Lines:
    """A line for each record on the error stream."""

    def __init__(self, *, num_steps: int, batch_size: int) -> None:
        self._num_steps, self._batch_size = num_steps, batch_size

    def note(self, record: Record) -> None:
        """Print a record."""
        parts = [time.strftime("%H:%M:%S"), f"step {record['step']}/{self._num_steps}"]
        if "validation" in record:
            parts.append(_validated(record["validation"]))
        else:
            parts += [f"{name} {value:.4f}" for name, _, value in labelled_terms(record)]
            left_s = _left_s(record, num_steps=self._num_steps, batch_size=self._batch_size)
            parts.append(f"{record['images_per_s']:,.0f} images/s")
            parts.append(f"waiting {record['wait_share']:.1%}")
            parts.append(f"{clock(left_s)} left")
            if BROKEN in record:
                parts.append(f"{record[BROKEN]:,} {BROKEN}")
        sys.stderr.write("  ".join(parts) + "\n")

    def close(self) -> None:
        """Do nothing."""


def clock(seconds: float) -> str:
    """Return a duration as h:mm:ss."""
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"


def _left_s(record: Record, *, num_steps: int, batch_size: int) -> float:
    step, rate = record["step"], record["images_per_s"]
    assert isinstance(step, int)
    assert isinstance(rate, float)
    return (num_steps - step) * batch_size / rate


def _validated(found: object) -> str:
    assert isinstance(found, dict)
    return f"{describe_measures(found)} of {counted(found['captions'], 'caption')}"
