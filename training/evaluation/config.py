"""The section `training.evaluation` of pipeline.yaml: how `negatives run` evaluates a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from data.config import Positive, check_sections, parse_options
from data.errors import UsageError

Precision = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Folders:
    """The folder of a benchmark's annotations, and that of its images if it is another."""

    root: str | None = None
    images: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationOptions:
    """What is measured.

    `benchmarks`: their folders by name. `wise_ft`: alphas at which a run is interpolated with its
    initial weights. `baseline`: whether `negatives run` also trains and evaluates without
    negatives, on the same captions for as many steps. `against`: published models to compare with.
    `precision`, `batch_size`, `workers`: as in `evaluate`.
    """

    benchmarks: Mapping[str, Folders] = field(default_factory=dict)
    wise_ft: tuple[float, ...] = ()
    baseline: bool = False
    against: str | None = None
    precision: Precision = "fp32"
    batch_size: Positive = 64
    workers: int = 2


def evaluation_options(sections: Mapping[str, Any]) -> EvaluationOptions:
    """Return the checked options of the sections of a pipeline.yaml.

    Raises:
        UsageError: an option or value is unknown.
    """
    check_sections(sections)
    where = "training.evaluation"
    given = dict((sections.get("training") or {}).get("evaluation") or {})
    named = given.get("benchmarks") or {}
    if not isinstance(named, Mapping):
        raise UsageError(f"{where}.benchmarks: expected {{NAME: {{root: DIR}}}}, found {named!r}")
    given["benchmarks"] = {
        name: parse_options(Folders, folders or {}, where=f"{where}.benchmarks.{name}")
        for name, folders in named.items()
    }
    options = parse_options(EvaluationOptions, given, where=where)
    outside = [alpha for alpha in options.wise_ft if not 0 <= alpha <= 1]
    if outside:
        raise UsageError(f"{where}.wise_ft: expected shares of 0 to 1, found {outside[0]}")
    return options
