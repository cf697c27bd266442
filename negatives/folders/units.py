"""The units of CS-CLIP (arXiv 2602.23906): entities and relations of a caption, each with foils.

The fields are those of the authors' pipeline and sampler. A unit becomes a positive and its first
foil the negative in the same place, as the loss `units` needs them; the authors draw one of the
foils. Foils that are themselves units of the caption are skipped, and so are units without a foil.
Units and foils are not whole captions, so an audit of them means little.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from data.storage import AnyPath
from data.texts import normalise
from negatives.folders.items import Items, Kind, PublishedCaption, PublishedNegative, objects_in

_PARTS: Final = ("subject", "relation_type", "object")
_KINDS: Final[Mapping[object, Kind]] = {
    "object_change": ("replace", "obj"),
    "entity_change": ("replace", "obj"),
    "attribute_change": ("replace", "att"),
    "antonym": ("replace", "rel"),
    "negation": ("negate", "rel"),
    "subject_object_swap": ("swap", "obj"),
}


def cs_clip(path: AnyPath) -> Items:
    """Yield `{"original_caption", "entities", "negative_entities", "relations", "image_path"}`."""
    names = ("original_caption", "entities", "negative_entities", "image_path")
    for where, cells in objects_in(path, names):
        caption = cells.get("original_caption")
        candidates = [*_entities(cells), *_relations(cells)]
        true = {normalise(text) for text, _ in candidates} | {normalise(str(caption))}
        found: dict[str, tuple[str, PublishedNegative]] = {}
        taken: set[str] = set()
        for unit, own in candidates:
            foil = next((f for f in own if normalise(str(f.text)) not in true | taken), None)
            key = normalise(unit)
            if foil is not None and key not in found and key != normalise(str(caption)):
                found[key] = (unit, foil)
                taken.add(normalise(str(foil.text)))
        units = tuple(PublishedNegative(unit, None, foil.subtype) for unit, foil in found.values())
        foils = tuple(foil for _, foil in found.values())
        yield PublishedCaption(
            where,
            cells.get("sample_id"),
            cells.get("image_path"),
            caption,
            foils,
            units,
        )


def _entities(cells: Mapping[str, object]) -> Iterator[tuple[str, list[PublishedNegative]]]:
    foils = cells.get("negative_entities")
    for entity in _list(cells.get("entities")):
        own = foils.get(entity) if isinstance(foils, Mapping) and isinstance(entity, str) else None
        found = [foil for foil in _list(own) if isinstance(foil, Mapping)]
        yield str(entity), [_foil(f.get("negative"), f) for f in found if f.get("negative")]


def _relations(cells: Mapping[str, object]) -> Iterator[tuple[str, list[PublishedNegative]]]:
    for relation in _list(cells.get("relations")):
        if isinstance(relation, Mapping):
            found = [foil for foil in _list(relation.get("negatives")) if isinstance(foil, Mapping)]
            yield _phrase(relation), [_foil(_phrase(foil), foil) for foil in found if _phrase(foil)]


def _phrase(relation: Mapping[str, object]) -> str:
    parts = [relation.get(name) for name in _PARTS]
    return " ".join(map(str, parts)) if all(parts) else ""


def _foil(text: object, foil: Mapping[str, object]) -> PublishedNegative:
    return PublishedNegative(text, *_KINDS.get(foil.get("change_type"), (None, None)))


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []
