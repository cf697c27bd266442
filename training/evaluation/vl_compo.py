"""The published figures of checkpoints (Oh et al. 2024, arXiv 2406.09388), read from their file.

The paper counts 274 checkpoints; the file has 202 of them. `individual_results.csv` has a row for
each checkpoint and a column for each task, named "benchmark::task". For `ViT-B-32/openai` it agrees
with all 46 figures of `golden.json`. The patterns of MMVP-VLM have other names there than in its
table of questions, in the same order.
"""

import csv
import math
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from data.errors import UsageError
from data.texts import nearest
from training.evaluation.zeroshot.sets import set_named

Figure = tuple[str, str, str]
"""Benchmark, task and measure."""

_BENCHMARKS: Final[Mapping[str, str]] = {
    "svo_probes": "svo",
    "vl_checklist": "vlchecklist",
    "coco_karpathy": "coco",
}
_TASKS: Final[Mapping[str, str]] = {
    "VG_Relation": "vg_relation",
    "VG_Attribute": "vg_attribution",
    "Flickr30k_Order": "flickr30k_order",
    "COCO_Order": "coco_order",
    "WhatsUp_A": "controlled_a",
    "WhatsUp_B": "controlled_b",
    "COCO_QA_ONE": "coco_qa_one_obj",
    "COCO_QA_TWO": "coco_qa_two_obj",
    "VG_QA_ONE": "vg_qa_one_obj",
    "VG_QA_TWO": "vg_qa_two_obj",
    "Orientation and Direction": "Orientation",
    "Presence of Specific Features": "Presence",
    "State and Condition": "State",
    "Quantity and Count": "Quantity",
    "Positional and Relational Context": "Spatial",
    "Color and Appearance": "Color",
    "Structural Characteristics": "Structural Character",
    "Texts": "Text",
    "Viewpoint and Perspective": "Camera Perspective",
}
_SETS: Final[Mapping[str, str]] = {"flower102": "flowers102", "stanfordcar": "stanford_cars"}
_MEANS: Final = frozenset({"vg_relation", "vg_attribution"})
_NAMES: Final = ("arch", "pretrained")


def published_figures(path: Path, model: str) -> dict[Figure, float]:
    """Return the shares of a checkpoint, named "arch/pretrained", by figure.

    Raises:
        UsageError: the file cannot be read, is a different one, or lacks the checkpoint.
    """
    known = checkpoints(path)
    if model not in known:
        raise UsageError(f"{path}: unknown checkpoint {model!r}; {nearest(model, known)}")
    return known[model]


def checkpoints(path: Path) -> dict[str, dict[Figure, float]]:
    """Return the shares of all checkpoints; those that share a name also get their family's.

    Raises:
        UsageError: the file cannot be read, or is a different one.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: expected the table of published results ({error})") from error
    if not rows or not set(_NAMES) <= rows[0].keys():
        raise UsageError(f"{path}: expected a table with the columns arch and pretrained")
    names = ["/".join(row[name] for name in _NAMES) for row in rows]
    return {
        name if names.count(name) == 1 else f"{name}/{row.get('family')}": _shares(row)
        for name, row in zip(names, rows, strict=True)
    }


def _shares(row: Mapping[str, str]) -> dict[Figure, float]:
    found = {}
    for column, text in row.items():
        figure = figure_of(column)
        with suppress(TypeError, ValueError):  # a name, or a cell that is empty
            if figure is not None and math.isfinite(value := float(text)):
                found[figure] = value / 100
    return found


def figure_of(column: str) -> Figure | None:
    """Return the figure of a column, None if runs have no such figure."""
    name, *parts = column.split("::")
    benchmark = _BENCHMARKS.get(name, name)
    if not parts:
        return None
    if name == "elevator":
        with suppress(UsageError):
            of = set_named(_SETS.get(parts[0], parts[0]))
            return "zeroshot", of.name, of.measure
        return None
    side, _, cut = parts[0].partition("/")
    if cut:
        return benchmark, "", f"{side.upper()} {cut}"
    task = " ".join(_TASKS.get(part, part) for part in parts)
    if benchmark == "vlchecklist":
        return benchmark, task.lower(), "mean of means"
    if benchmark == "valse":
        task = task.replace("-", "_")
    return benchmark, task, "mean of means" if task in _MEANS else "accuracy"
