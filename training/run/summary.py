"""RUN/summary.json: every figure of a run in one file, computed from its log when it ends."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final

from data.commit import Json, write_atomically
from training.batches.dataset import BROKEN, CUT
from training.run.logs import all_records

FILE: Final = "summary.json"
_SPEED: Final = ("images_per_s", "tokens_per_s", "wait_share", "peak_memory_mb")
_NOT_TERMS: Final = {"step", "epoch", "lr", "negatives", CUT, BROKEN, *_SPEED}


def write_summary(run: Path, *, step: int, num_steps: int, signal: int, settings: Json) -> None:
    """Write the summary of the log; a resumed run rewrites it."""
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    content = {
        "finished": step == num_steps,
        "step": step,
        "steps": num_steps,
        "signal": signal,
        **{
            name: facts.get(name) for name in ("model", "pretrained", "captions", "source", "torch")
        },
        "settings": facts["config"],
        "run": settings,
        **figures_of(all_records(run), batch_size=facts["config"]["batch_size"]),
    }
    write_atomically(run / FILE, json.dumps(content, indent=1) + "\n")


def figures_of(records: Sequence[Mapping[str, Any]], *, batch_size: int) -> Json:
    """Return a log's figures.

    `terms`: of the first and the last record, each loss by name. `validation`: the last one, and
    the one with the lowest loss. `speed`: medians over the records; `seconds` of training only, and
    peak memory. `negatives`: trained on, by type.
    """
    steps = [record for record in records if "images_per_s" in record]
    measured = [record for record in records if "validation" in record]
    validated = [{"step": each["step"], **each["validation"]} for each in measured]
    best = min((v for v in validated if v["loss"] is not None), key=_loss, default=None)
    negatives: Counter[str] = Counter()
    for record in steps:
        negatives.update(record.get("negatives", {}))
    return {
        "terms": {
            name: {"step": record["step"], **_terms(record)}
            for name, record in (("first", steps[0]), ("last", steps[-1]))
        }
        if steps
        else {},
        "validation": {"last": validated[-1] if validated else None, "best": best},
        "speed": _speed(steps, batch_size),
        "negatives": dict(negatives),
        **{name: sum(record.get(name, 0) for record in steps) for name in (CUT, BROKEN)},
    }


def _loss(measured: Mapping[str, Any]) -> float:
    return float(measured["loss"])


def _terms(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in _NOT_TERMS}


def _speed(steps: Sequence[Mapping[str, Any]], batch_size: int) -> Json:
    if not steps:
        return {}
    since = [0, *(record["step"] for record in steps)]
    images = [batch_size * (now - before) for before, now in pairwise(since)]
    rates = [record["images_per_s"] for record in steps]
    return {
        **{name: median(record[name] for record in steps) for name in _SPEED[:3]},
        "seconds": sum(n / rate for n, rate in zip(images, rates, strict=True) if rate),
        "peak_memory_mb": max(record["peak_memory_mb"] for record in steps),
    }
