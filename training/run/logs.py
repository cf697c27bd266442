"""A run's log: one record every few steps, to RUN/log.jsonl and to listeners.

Terms stay on the device until a record is due; then one transfer copies them to the host.
"""

import json
import math
import resource
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, cast

import torch
from torch import Tensor, distributed

from data.commit import write_atomically
from data.disk import writing
from data.records import TYPES
from training.batches.dataset import BROKEN, CUT
from training.batches.loader import Step
from training.objective.gather import num_ranks

FILE: Final = "log.jsonl"
Record = Mapping[str, object]
_COUNTS: Final = (*TYPES, CUT, BROKEN)
_HOST: Final = ("images", "tokens", "waited_s")


class Listener(Protocol):
    """Receives a run's records."""

    def note(self, record: Record) -> None:
        """Receive a record: of some steps (it has `loss`) or of a split (it has `validation`)."""
        ...

    def close(self) -> None:
        """Close; no more records follow."""
        ...


class JsonLines:
    """RUN/log.jsonl: one record per line; a resumed run drops records after its step.

    A number that is not finite becomes null, because JSON has no such numbers.
    """

    def __init__(self, run: Path, *, after_step: int) -> None:
        path = run / FILE
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            kept = (f"{line}\n" for line in lines if _step_of(line) <= after_step)
            write_atomically(path, "".join(kept))
        self._path = path
        self._file = path.open("a", encoding="utf-8")

    def note(self, record: Record) -> None:
        """Write a record and flush it."""
        with writing(self._path):
            self._file.write(json.dumps(_strict(record), allow_nan=False) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file, retrying what a full disk rejected."""
        with writing(self._path):
            self._file.close()


def all_records(run: Path) -> list[Record]:
    """Return the records in RUN/log.jsonl, ignoring a line truncated by a kill."""
    path = run / FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if math.isfinite(_step_of(line))]


def records(run: Path, *, step: int) -> list[Record]:
    """Return the record of a step in RUN/log.jsonl."""
    return [record for record in all_records(run) if record["step"] == step]


def num_broken(run: Path) -> int:
    """Return the number of broken images, replaced by other rows, in RUN/log.jsonl."""
    return sum(cast("int", record.get(BROKEN, 0)) for record in all_records(run))


@dataclass
class Meter:
    """The sums over the steps since the last record."""

    device: torch.device
    terms: list[dict[str, Tensor]] = field(default_factory=list)
    host: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    start: float = field(default_factory=time.perf_counter)

    def add(self, step: Step, terms: Mapping[str, Tensor], norm: Tensor) -> None:
        """Add a step without waiting for the device."""
        self.terms.append({**terms, "gradient_norm": norm})
        for batch in step.micro_batches:
            self.host["images"] += len(batch.ids)
            self.host["tokens"] += sum(batch.caption_lengths) + sum(batch.negative_lengths)
            self.host["tokens"] += sum(batch.positives.lengths) if batch.positives else 0
        self.host["waited_s"] += step.waited_s  # type: ignore[assignment]  # a Counter of seconds
        self.counts.update(step.counts)

    def record(self) -> dict[str, object]:
        """Return the means over the steps since the last record, over all ranks, and reset."""
        names = list(dict.fromkeys(name for terms in self.terms for name in terms))
        values = [
            torch.stack([terms[name].double() for terms in self.terms if name in terms])
            for name in names  # losses that count at some steps only are averaged over those
        ]
        host = [self.host[name] for name in _HOST] + [self.counts[name] for name in _COUNTS]
        told = torch.cat([
            torch.stack([steps.mean() for steps in values]).to(self.device),
            torch.tensor(host, dtype=torch.float64).to(self.device),
        ])  # fmt: skip
        if num_ranks() > 1:
            distributed.all_reduce(told)
        numbers = told.tolist()
        elapsed_s = time.perf_counter() - self.start
        means = [number / num_ranks() for number in numbers[: len(names)]]
        sums = dict(zip((*_HOST, *_COUNTS), numbers[len(names) :], strict=True))
        self.terms, self.host, self.counts = [], Counter(), Counter()
        self.start = time.perf_counter()
        return {
            **dict(zip(names, means, strict=True)),
            "images_per_s": sums["images"] / elapsed_s,
            "tokens_per_s": sums["tokens"] / elapsed_s,
            "wait_share": sums["waited_s"] / num_ranks() / elapsed_s,
            "negatives": {name: int(sums[name]) for name in TYPES if sums[name]},
            **{name: int(sums[name]) for name in (CUT, BROKEN) if sums[name]},
            "peak_memory_mb": peak_memory_mb(self.device),
        }

    def restart(self) -> None:
        """Restart the clock of the next record after writing a checkpoint."""
        self.start = time.perf_counter()


def describe_measures(found: Mapping[str, Any]) -> str:
    """Describe the measurements of a split (see `Measures`)."""
    composition, chance = found["composition"], found["composition_chance"]
    told = (
        "composition not measured (no negatives)"
        if composition is None
        else f"composition {composition:.1%} (chance {chance:.1%})"
    )
    return f"loss {found['loss']:.4f}, retrieval {found['retrieval']:.1%}, {told}"


def peak_memory_mb(device: torch.device) -> int:
    """Return this process's peak memory, on its GPU or in RAM, in MB."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) // 2**20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 2**20


def flat(record: Record, prefix: str = "") -> Sequence[tuple[str, float]]:
    """Return the numbers of a record by name; those in a mapping are prefixed with its name."""
    found: list[tuple[str, float]] = []
    for name, value in record.items():
        if isinstance(value, Mapping):
            found += flat(value, f"{prefix}{name}/")
        elif isinstance(value, int | float):
            found.append((prefix + name, value))
    return found


def _strict(value: object) -> object:
    """Return a value in a form that JSON can hold."""
    if isinstance(value, Mapping):
        return {name: _strict(item) for name, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _step_of(line: str) -> float:
    """Return the step of a line; a truncated line counts as after all steps."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")
