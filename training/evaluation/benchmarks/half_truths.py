"""Half-Truths (Kargi et al. 2026, arXiv 2602.23906): a true text, and the same with a false detail.

The authors' script makes the items when it runs, from the entities and relations of COCO's captions
and their foils: for each image, the first two entities of which the second has a foil, and the
first relation with two foils. Fields are those of the pipeline that they released; the choice is
that of their script in an earlier commit. Foils from other images are excluded. Unverified: the
file itself, whose counts are not known here.
"""

from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path
from typing import Final, NamedTuple

from data.errors import UsageError
from training.evaluation.benchmarks.files import Record, field, records
from training.evaluation.tasks import CAPTIONS, ImageRef, Item, Task

_ENTITY: Final = ("entity object", "entity attribute")
_RELATION: Final = (
    "relation swap",
    "relation antonym",
    "relation negation",
    "relation object",
    "relation subject",
)
_IDLE_WORDS: Final = frozenset({"and", "the"})
_FEWEST: Final = 2


class _HalfTruths(NamedTuple):
    """A true text, and by kind the same text with a false detail."""

    true: str
    false: Mapping[str, str]


def half_truths(root: Path) -> tuple[Task, ...]:
    """Return a task for each kind of false detail.

    Raises:
        UsageError: the file is missing or not as expected.
    """
    path = root / "coco_val.json"
    items: dict[str, list[Item]] = {kind: [] for kind in _ENTITY + _RELATION}
    done: set[tuple[str, bool]] = set()
    for _, sample in records(path):
        key = field(sample, "sample_id", path=path).rpartition("_")[0]
        image = (ImageRef(field(sample, "image_path", path=path)),)
        for is_relation, found in enumerate(
            (_of_entities(sample, path), _of_relations(sample, path))
        ):
            half_truths = next(found, None)
            if half_truths is None or (key, bool(is_relation)) in done:
                continue
            done.add((key, bool(is_relation)))
            for kind, false in half_truths.false.items():
                items[kind].append(Item(f"{key}:{kind}", image, (half_truths.true, false)))
    if not done:
        raise UsageError(f"{path}: expected entities or relations that have foils, found none")
    return tuple(
        Task(name=kind, layout=CAPTIONS, items=tuple(own)) for kind, own in items.items() if own
    )


def _of_entities(sample: Record, path: Path) -> Iterator[_HalfTruths]:
    for first, second in permutations(_entities(sample, path), 2):
        true = first.lower().strip()
        foils = {kind: _foil(sample, second, kind.split()[1], path) for kind in _ENTITY}
        false = {kind: f"{true} and {foil}" for kind, foil in foils.items() if foil}
        if false and _has_words(true) and _has_words(second):
            yield _HalfTruths(true, false)


def _of_relations(sample: Record, path: Path) -> Iterator[_HalfTruths]:
    for relation in _list(sample, "relations", path):
        subject, verb, thing = _parts(relation, path)
        false = {"relation swap": f"{thing} {verb} {subject}"}
        for negative in _list(relation, "negatives", path):
            kind, parts = f"relation {negative.get('change_type')}", _parts(negative, path)
            if kind in _RELATION[1:3] and all(map(_has_words, parts)):
                false.setdefault(kind, " ".join(parts))
        if foil := _foil(sample, _entity_of(sample, thing, path), "object", path):
            false["relation object"] = f"{subject} {verb} {foil}"
        if foil := _foil(sample, _entity_of(sample, subject, path), "object", path):
            false["relation subject"] = f"{foil} {verb} {thing}"
        if len(false) >= _FEWEST and subject and verb and thing:
            yield _HalfTruths(subject, false)


def _entities(sample: Record, path: Path) -> list[str]:
    found = sample.get("entities")
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise UsageError(f"{path}: expected a list of texts 'entities', found {found!r:.80}")
    return found


def _entity_of(sample: Record, name: str, path: Path) -> str:
    """Return the entity that has the foils of a part of a relation."""
    if sample.get("negative_entities", {}).get(name):
        return name
    return next((each for each in _entities(sample, path) if name in each.lower()), name)


def _foil(sample: Record, entity: str, kind: str, path: Path) -> str:
    """Return the first foil of a kind that an entity has, "" if there is none."""
    for foil in _list(sample.get("negative_entities", {}), entity, path):
        text = field(foil, "negative", path=path)
        if foil.get("change_type") == f"{kind}_change" and _has_words(text):
            return text.lower()
    return ""


def _parts(relation: Record, path: Path) -> tuple[str, ...]:
    names = ("subject", "relation_type", "object")
    return tuple(field(relation, name, path=path).lower().strip() for name in names)


def _list(record: Record, name: str, path: Path) -> list[Record]:
    found = record.get(name) or []
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise UsageError(f"{path}: expected a list of objects {name!r}, found {found!r:.80}")
    return found


def _has_words(text: str) -> bool:
    """Tell whether a text has a word of three or more letters that is not a function word."""
    return any(len(word) > 2 and word.lower() not in _IDLE_WORDS for word in text.split())
