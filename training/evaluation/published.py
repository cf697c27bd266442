"""Published models: the figures of `published.json`, and those of a run that are comparable.

The file has averages in per cent: of each benchmark as the paper averages it (`averages`), of each
zero-shot set, and R@1. `benchmarks.known_results` makes it from the authors' tables, which it
names. A run's figure is comparable if it covers the same number of tasks and no item is missing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import fmean
from typing import Final, NamedTuple

from data.errors import UsageError
from data.texts import nearest
from training.evaluation.averages import mean_of_parts
from training.evaluation.results import Score
from training.evaluation.summary import RETRIEVAL, SIDES, ZERO_SHOT, is_counted

_FILE: Final = "published.json"
_NAME: Final = "published"
_NUM_TASKS: Final[Mapping[str, int]] = {
    "aro": 4, "colorswap": 1, "crepe": 3, "eqben": 7, "imagecode": 2, "mmvp_vlm": 9,
    "sugarcrepe": 7, "svo": 3, "valse": 11, "vlchecklist": 13, "whatsup": 6, "winoground": 1,
    "spec": 12,
}  # fmt: skip
_COUNTED: Final = {"mmvp_vlm": "group"}
"""The ending of the tasks whose mean is published, where the benchmark's own figure differs."""
_TOWER: Final = re.compile(r"vit[-_]?(bigg|[slbhg])[-_/]?(\d\d)|(rn)(\d+(?:x\d+)?)", re.IGNORECASE)
_OTHER_TOWER: Final = re.compile(r"siglip|clipa|plus", re.IGNORECASE)
_SIZES: Final = {"bigg": "bigG", "g": "g"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A published model. `figures`: shares by name; of benchmarks, the paper's averages."""

    name: str
    backbone: str
    source: str
    figures: Mapping[str, float]


class Published(NamedTuple):
    """Published models, and the sources of their figures by name."""

    models: tuple[Known, ...]
    sources: Mapping[str, str]


@cache
def published() -> Published:
    """Return all published models."""
    content = json.loads(files(__package__).joinpath(_FILE).read_text("utf-8"))
    names = content["figures"]
    models = tuple(
        Known(
            name=name,
            backbone=backbone,
            source=source,
            figures={
                figure: value / 100
                for figure, value in zip(names, values, strict=True)
                if value is not None
            },
        )
        for name, backbone, source, *values in content["models"]
    )
    return Published(models, content["sources"])


def known_models(backbone: str | None) -> tuple[Known, ...]:
    """Return the published models of a backbone, or all."""
    return tuple(m for m in published().models if backbone in (None, m.backbone))


def backbone_of(name: str) -> str:
    """Return the image tower in a model's name, or the name itself if it has none.

    Towers that differ only in activation or resolution count as the same.
    """
    found = _TOWER.search(name)
    if found is None or _OTHER_TOWER.search(name):
        return name
    size, patch, resnet, depth = found.groups()
    if resnet:
        return f"RN{depth}"
    return f"ViT-{_SIZES.get(size.lower(), size.upper())}-{patch}"


def checked_against(text: str) -> str | None:
    """Return the backbone that `published:BACKBONE` names, None for `published`.

    Raises:
        UsageError: it is neither, or no published model has that backbone.
    """
    name, _, backbone = text.partition(":")
    if name != _NAME:
        raise UsageError(f"--against: expected published or published:BACKBONE, found {text!r}")
    known = sorted({model.backbone for model in published().models})
    if backbone and backbone not in known:
        raise UsageError(
            f"--against: no published model has the backbone {backbone!r}; "
            f"{nearest(backbone, known)}"
        )
    return backbone or None


def own_figures(scores: Sequence[Score]) -> dict[str, float]:
    """Return the comparable figures of scores, by their published names."""
    groups: dict[str, list[Score]] = {}
    for score in scores:
        name = _name_of(score)
        if name:
            groups.setdefault(name, []).append(score)
    found = {
        name: mean_of_parts(name, group)
        for name, group in groups.items()
        if len(group) == _NUM_TASKS.get(name, 1)
        and all(score.value is not None and score.items >= score.expected for score in group)
    }
    for side, measure in SIDES.items():
        recalls = [found.get(f"{name} {measure}") for name in RETRIEVAL]
        if None not in recalls:
            found[side] = fmean(recall for recall in recalls if recall is not None)
    return found


def _name_of(score: Score) -> str:
    """Return the published figure that a score is part of, "" if there is none."""
    benchmark, task = score.benchmark, score.task
    if score.measure in SIDES.values():
        return f"{benchmark} {score.measure}" if RETRIEVAL.get(benchmark) == task else ""
    if benchmark == ZERO_SHOT:
        return f"{ZERO_SHOT} {task}"
    ending = _COUNTED.get(benchmark)
    counts = is_counted(benchmark, task) if ending is None else task.endswith(ending)
    return benchmark if counts and benchmark in _NUM_TASKS else ""
