"""What a run says of itself: one record every few steps, to RUN/log.jsonl and to whoever listens.

Terms stay on the device until a record is due; then they come to the host in one transfer.
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
    """Whoever is told of a run's records."""

    def note(self, record: Record) -> None:
        """Take a record: of some steps (`loss` is there) or of a split (`validation` is there)."""
        ...

    def close(self) -> None:
        """Take no more."""
        ...


class JsonLines:
    """RUN/log.jsonl: each record a line; a run that goes on drops what lies after its step.

    A number that is not finite becomes null, which is all that JSON has for it.
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
        """Write a record; it is on its way to the disk at once."""
        with writing(self._path):
            self._file.write(json.dumps(_strict(record), allow_nan=False) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; what the disk had no room for is tried once more."""
        with writing(self._path):
            self._file.close()


def all_records(run: Path) -> list[Record]:
    """Return what RUN/log.jsonl holds; a line that was cut by a kill is none."""
    path = run / FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if math.isfinite(_step_of(line))]


def records(run: Path, *, step: int) -> list[Record]:
    """Return what RUN/log.jsonl holds of a step."""
    return [record for record in all_records(run) if record["step"] == step]


def num_broken(run: Path) -> int:
    """Return how many broken images RUN/log.jsonl counts, for each of which a row stood in."""
    return sum(cast("int", record.get(BROKEN, 0)) for record in all_records(run))


@dataclass
class Meter:
    """What the steps since the last record add up to."""

    device: torch.device
    terms: list[dict[str, Tensor]] = field(default_factory=list)
    host: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    start: float = field(default_factory=time.perf_counter)

    def add(self, step: Step, terms: Mapping[str, Tensor], norm: Tensor) -> None:
        """Take a step; nothing is waited for."""
        self.terms.append({**terms, "gradient_norm": norm})
        for batch in step.micro_batches:
            self.host["images"] += len(batch.ids)
            self.host["tokens"] += sum(batch.caption_lengths) + sum(batch.negative_lengths)
            self.host["tokens"] += sum(batch.positives.lengths) if batch.positives else 0
        self.host["waited_s"] += step.waited_s  # type: ignore[assignment]  # a Counter of seconds
        self.counts.update(step.counts)

    def record(self) -> dict[str, object]:
        """Return the means over the steps since the last record, of all ranks, and begin anew."""
        names = list(dict.fromkeys(name for terms in self.terms for name in terms))
        values = [
            torch.stack([terms[name].double() for terms in self.terms if name in terms])
            for name in names  # of losses that count at some steps, the mean over those
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
        """Begin the time of the next record now: a checkpoint was written meanwhile."""
        self.start = time.perf_counter()


def measures_told(found: Mapping[str, Any]) -> str:
    """Return in words what was measured of a split, as `Measures` has it."""
    composition, chance = found["composition"], found["composition_chance"]
    told = (
        "composition not measured (no negatives)"
        if composition is None
        else f"composition {composition:.1%} (by chance {chance:.1%})"
    )
    return f"loss {found['loss']:.4f}, retrieval {found['retrieval']:.1%}, {told}"


def peak_memory_mb(device: torch.device) -> int:
    """Return the most that this process has held at once, on its GPU or in memory, in MB."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) // 2**20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 2**20


def flat(record: Record, prefix: str = "") -> Sequence[tuple[str, float]]:
    """Return the numbers of a record with their names; those of a mapping get its name before."""
    found: list[tuple[str, float]] = []
    for name, value in record.items():
        if isinstance(value, Mapping):
            found += flat(value, f"{prefix}{name}/")
        elif isinstance(value, int | float):
            found.append((prefix + name, value))
    return found


def _strict(value: object) -> object:
    """Return what JSON can hold of a value."""
    if isinstance(value, Mapping):
        return {name: _strict(item) for name, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _step_of(line: str) -> float:
    """Return the step of a line; one that was cut by a kill is after all steps."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")
