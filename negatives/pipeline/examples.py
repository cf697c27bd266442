"""Items of composition with their images, and which text each model preferred."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

ByName = Mapping[tuple[str, str, str], Mapping[str, Any]]
"""A run's scores by benchmark, task and measure, as its file has them."""

_SHOWN: Final = 12


class Choice(NamedTuple):
    """Whether a model, by its label, preferred the true text."""

    model: str
    is_right: bool


class Example(NamedTuple):
    """An item of a benchmark with its image, a data URI; `captions`: the true one first."""

    task: str
    image: str
    captions: Sequence[str]
    choices: Sequence[Choice]


def examples_of(path: Path, models: Mapping[str, ByName]) -> list[Example]:
    """Return the items in a file of `evaluate --examples`; first those on which models differ."""
    items = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    found = [_example(item, models) for item in items]
    agree = [len({choice.is_right for choice in each.choices}) < 2 for each in found]
    order = sorted(range(len(found)), key=agree.__getitem__)  # stable
    return [found[number] for number in order][:_SHOWN]


def _example(item: Mapping[str, Any], models: Mapping[str, ByName]) -> Example:
    key = item["benchmark"], item["task"], "accuracy"
    marks = {name: scores[key]["outcomes"] for name, scores in models.items() if key in scores}
    choices = [
        Choice(name, outcomes[item["number"]] == "1")
        for name, outcomes in marks.items()
        if item["number"] < len(outcomes)
    ]
    return Example(item["task"], item["image"], item["captions"], choices)
