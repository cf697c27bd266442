"""The results of an evaluation, as one JSON file per run.

Every score comes with its interval, ties, coverage, chance and text-only scores, and with the
outcome of each item, so that two runs can be compared item by item.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.commit import Json, write_atomically
from data.disk import unwritable
from data.errors import UsageError
from data.measures.intervals import Interval, share_interval
from training.evaluation.margins import HardPositives, Margins
from training.evaluation.outcomes import Outcomes

_VERSION: Final = 1
_MARKS: Final = {0.0: "0", 0.5: "=", 1.0: "1"}
MISSING: Final = "?"


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """One figure of one task.

    Attributes:
        benchmark: its name.
        task: its part, "" for a benchmark without parts.
        kind: composition, paraphrases, retrieval or classification; only scores of one kind are
            averaged.
        measure: accuracy, "I2T R@1", ...
        value: None if no item could be scored.
        low: the lower end of the 95 % interval over images.
        high: its upper end.
        ties: number of ties, which count as half.
        items: number of items that were scored.
        expected: the authors' number of items, or the file's if they do not state it.
        chance: the score of guessing, 0 where that is undefined.
        text_only: the scores of readers that see only the captions.
        outcomes: of each item in the benchmark's order: 1, 0, = for a tie, ? for a missing image;
            "" if the score is not a mean over items.
        asked: the hash of the items.
        margins: how far apart true and false are, for composition and paraphrases; None in older
            files.
        image_alone: the score after the mean image is taken from each, so that texts alone cannot
            tell; None where images are compared, and in older files.
    """

    benchmark: str
    task: str
    kind: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    ties: int
    items: int
    expected: int
    chance: float
    text_only: Mapping[str, float] = field(default_factory=dict)
    outcomes: str = ""
    asked: str = ""
    margins: Margins | None = None
    image_alone: float | None = None

    @property
    def coverage(self) -> float:
        """Return the share of items that were scored."""
        return self.items / self.expected if self.expected else 0.0


class BesideRow(NamedTuple):
    """A published model and its figures, None for unknown ones."""

    name: str
    shares: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """Published models of one backbone, best first, with the figures that a run also has.

    Attributes:
        backbone: their image tower.
        figures: the names of the figures.
        own: the run's values.
        models: the models' values.
        notes: what the means cover, and the sources of the figures.
    """

    backbone: str
    figures: tuple[str, ...]
    own: tuple[float | None, ...]
    models: tuple[BesideRow, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """What one model scored.

    Attributes:
        model: its name.
        weights: their name: a tag, a file or a run.
        digest: hash of all that a feature depends on.
        alpha: of WiSE-FT, None without interpolation.
        scores: one per figure.
        summary: the averages of the paper's tables: "SugarCrepe micro", "Comp", "ZS", ...
        notes: caveats, such as missing images or captions that were trained on.
        beside: published models, if asked for.
    """

    model: str
    weights: str
    digest: str
    alpha: float | None = None
    scores: tuple[Score, ...] = ()
    summary: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    beside: Beside | None = None

    @property
    def name(self) -> str:
        """Return the name of the run in tables and plots."""
        alpha = "" if self.alpha is None else f" a={self.alpha:g}"
        return f"{self.weights}{alpha}"

    def score(self, benchmark: str, task: str, measure: str) -> Score | None:
        """Return a figure, None if it is missing."""
        wanted = (benchmark, task, measure)
        return next((s for s in self.scores if (s.benchmark, s.task, s.measure) == wanted), None)


def score_of(  # noqa: PLR0913 - the task and its outcomes
    outcomes: Outcomes,
    *,
    benchmark: str,
    task: str,
    kind: str,
    expected: int | None,
    text_only: Mapping[str, float],
    asked: str = "",
) -> Score:
    """Return the score of outcomes, with its interval over images."""
    present = np.isfinite(outcomes.credits_N)
    credit_N, groups = outcomes.credits_N[present], outcomes.groups_N[present]
    value, low, high = None, None, None
    found = outcomes.whole
    if found is None and len(credit_N):
        found = _weighted_share(credit_N, outcomes.weights_N[present], groups)
    if found is not None and np.isfinite(found.value):
        value, low, high = found.value, max(0.0, found.low), min(1.0, found.high)
    marks = (_MARKS.get(credit, MISSING) for credit in outcomes.credits_N.tolist())
    return Score(
        benchmark=benchmark,
        task=task,
        kind=kind,
        measure=outcomes.measure,
        value=value,
        low=low,
        high=high,
        ties=int((credit_N == 0.5).sum()),
        items=len(credit_N),
        expected=len(present) if expected is None else expected,
        chance=outcomes.chance,
        text_only=dict(text_only),
        outcomes="" if outcomes.whole else "".join(marks),
        asked=asked,
        margins=outcomes.margins,
    )


def _weighted_share(
    credit_N: NDArray[np.float64], weights_N: NDArray[np.float64], groups: NDArray[np.int64]
) -> Interval:
    """Return the interval of a weighted share: that of a plain share with the same deviations.

    An item's deviation from the weighted mean m is w (x - m); weights alone do not deviate.
    """
    share = round(
        float((credit_N * weights_N).mean()), 12
    )  # 1 if all are right, whatever the weights
    return share_interval(share + weights_N * (credit_N - share), groups)


def with_notes(results: Results, notes: Sequence[str]) -> Results:
    """Return results with more notes."""
    return replace(results, notes=(*results.notes, *notes))


def content_of(results: Results) -> Json:
    """Return results as JSON holds them."""
    return {"version": _VERSION, **asdict(results)}


def write_results(results: Results, path: Path) -> None:
    """Write results as JSON.

    Raises:
        UsageError: the file cannot be written.
        OSError: the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(content_of(results), indent=1, allow_nan=False) + "\n")
    except OSError as error:
        raise unwritable(path, error) from error


def read_results(path: Path) -> Results:
    """Return the results of a file.

    Raises:
        UsageError: it cannot be read, or is not a file of results.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("version") != _VERSION:
            raise UsageError(f"{path}: expected results of version {_VERSION}")
        scores = tuple(_read_score(score) for score in content.pop("scores"))
        more = {"notes": tuple(content["notes"]), "beside": _read_beside(content.get("beside"))}
        return Results(**content | {"scores": scores, **more})
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: expected results of `evaluate`, found something else") from error


def _read_score(content: Mapping[str, Any]) -> Score:
    margins = content.get("margins")
    if margins is None:
        return Score(**content)
    positives, ends = margins["hard_positives"], margins.get("calibration_interval")
    more = {
        "quantiles": tuple(margins["quantiles"]),
        "calibration_interval": ends and tuple(ends),
        "hard_positives": positives and HardPositives(**positives),
    }
    return Score(**{**content, "margins": Margins(**{**margins, **more})})


def _read_beside(content: Mapping[str, Any] | None) -> Beside | None:
    if content is None:
        return None
    models = tuple(BesideRow(name, tuple(shares)) for name, shares in content["models"])
    lists = {name: tuple(content[name]) for name in ("figures", "own", "notes")}
    return Beside(backbone=content["backbone"], models=models, **lists)
