"""BLA (Chen et al. 2023, arXiv 2310.15061): two true sentences of an image and two false ones.

Files and fields are those of the authors' script for CLIP, which takes an image's first group of
captions. Its figure is the share of sentences ranked in the right half; here a pair is a true
sentence and the false one of the same form, and a set is right if both true sentences score above
both false ones. Unverified: the files themselves, whose counts are not known here.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from data.errors import UsageError
from training.evaluation.benchmarks.files import field, records
from training.evaluation.tasks import CAPTIONS, TRUE_BEFORE_FALSE, ImageRef, Item, Task

_FILES: Final[Mapping[str, str]] = {
    "active_passive": "active_passive_captions.json",
    "coordination": "coordination_captions.json",
    "relative_clause": "relative_clause_captions.json",
}
_SENTENCES: Final = ("True1", "True2", "False1", "False2")


def bla(root: Path) -> tuple[Task, ...]:
    """Return pairs and sets for each construction.

    Raises:
        UsageError: a file is missing or not as expected.
    """
    tasks: list[Task] = []
    for name, file in _FILES.items():
        sets = tuple(_sets(root / file))
        pairs = tuple(
            Item(f"{item.id}:{form}", item.images, item.captions[form::2])
            for item in sets
            for form in range(2)
        )
        tasks += [
            Task(name=f"{name} pairs", layout=CAPTIONS, items=pairs),
            Task(name=f"{name} sets", layout=TRUE_BEFORE_FALSE, items=sets),
        ]
    return tuple(tasks)


def _sets(path: Path) -> Iterator[Item]:
    for key, record in records(path):
        match record.get("caption_group"):
            case [dict() as sentences, *_]:
                image = ImageRef(f"{field(record, 'image_id', path=path)}.jpg")
                captions = tuple(field(sentences, name, path=path) for name in _SENTENCES)
                yield Item(f"{path.stem}:{key}", (image,), captions)
            case other:
                raise UsageError(f"{path}: expected a list 'caption_group', found {other!r:.80}")
