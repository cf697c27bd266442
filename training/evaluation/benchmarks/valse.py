"""VALSE (Parcalabescu et al. 2022, ACL): foils of six linguistic phenomena in eleven files.

Checked against the authors' files and loader: an item counts if at least two of its three
annotators chose only the caption.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from data.errors import UsageError
from training.evaluation.benchmarks.files import field, number, records
from training.evaluation.tasks import CAPTIONS, ImageRef, Item, Task


class _Part(NamedTuple):
    file: str
    expected: int


_PARTS: Final[Mapping[str, _Part]] = {
    "existence": _Part("existence.json", 505),
    "plurals": _Part("plurals.json", 851),
    "counting_hard": _Part("counting-hard.json", 868),
    "counting_small_quant": _Part("counting-small-quant.json", 900),
    "counting_adversarial": _Part("counting-adversarial.json", 691),
    "relations": _Part("relations.json", 535),
    "action_replacement": _Part("action-replacement.json", 648),
    "actant_swap": _Part("actant-swap.json", 949),
    "coreference_standard": _Part("coreference-standard.json", 708),
    "coreference_hard": _Part("coreference-hard.json", 104),
    "foil_it": _Part("foil-it.json", 943),
}
_ENOUGH_VOTES: Final = 2


def valse(root: Path) -> tuple[Task, ...]:
    """Return a task for each file.

    Raises:
        UsageError: a file is missing or not as expected.
    """
    return tuple(
        Task(name=name, layout=CAPTIONS, items=_items(root / part.file), expected=part.expected)
        for name, part in _PARTS.items()
    )


def _items(path: Path) -> tuple[Item, ...]:
    found = []
    for key, record in records(path):
        caption, foil = (field(record, name, path=path) for name in ("caption", "foil"))
        votes = record.get("mturk")
        if votes is None:
            raise UsageError(f"{path}: expected the votes 'mturk' in each record, {key} has none")
        if number(votes, "caption", path=path) >= _ENOUGH_VOTES:
            image = ImageRef(field(record, "image_file", path=path))
            found.append(Item(f"{path.stem}:{key}", (image,), (caption, foil)))
    return tuple(found)
