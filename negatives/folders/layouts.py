"""Published negatives in their authors' layouts, in one table, LAYOUTS.

Each layout follows its authors' loader, or their files if those were available. Texts stay as they
are in the files, even if a loader changes them for training.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from data.errors import UsageError
from data.records import Skip
from data.sources.caption_cells import list_in
from data.sources.files import check_columns, json_of, shape
from data.sources.lines import decode
from data.sources.raw_captions import CUT_OFF, NOT_UNICODE
from data.sources.table_files import Form, delimited_records
from data.sources.tars import samples_in
from data.storage import AnyPath
from negatives.folders.items import Items, Kind, PublishedCaption, PublishedNegative, objects_in
from negatives.folders.units import cs_clip

_CE_CLIP: Final[Mapping[str, Kind]] = {
    "relation_aug_caption": ("swap", "obj"),
    "adj_aug_caption": ("replace", "att"),
    "noun_aug_caption": ("replace", "obj"),
    "verb_aug_caption": ("replace", "act"),
}
_CE_CLIP_NONE: Final = "###"
_CREPE: Final[Mapping[str, Kind]] = {
    "atom": ("replace", None),
    "swap": ("swap", None),
    "negate": ("negate", None),
}
_CREPE_COLUMNS: Final[Mapping[str, Kind]] = {
    "valid_hard_negs_atom": ("replace", None),
    "valid_hard_negs_comp": (None, None),
}
_VISMIN: Final[Mapping[object, Kind]] = {
    "object": ("replace", "obj"),
    "attribute": ("replace", "att"),
    "counting": ("count", "num"),
    "relation": (None, "rel"),
}
_HARD_POSITIVES: Final[Mapping[str, Kind]] = {
    "visual_genome_attribution": ("swap", "att"),
    "vl_checklist_attributes": ("replace", "att"),
    "vl_checklist_relations": ("replace", "rel"),
}
COUNTERPARTS: Final = "swapped_data"
"""The folder of Hard Positives in which the true captions are the positives."""


def _ce_clip(path: AnyPath) -> Items:
    """Yield what the authors' code generates, `numpy.load(FILE, allow_pickle=True).tolist()`."""
    for where, cells in objects_in(path, ("caption", "image_id", *_CE_CLIP)):
        negatives = tuple(
            PublishedNegative(cells.get(name), *kind)
            for name, kind in _CE_CLIP.items()
            if cells.get(name) != _CE_CLIP_NONE
        )
        image = _coco_train(cells.get("image_id"))
        yield PublishedCaption(where, cells.get("id"), image, cells.get("caption"), negatives)


def _degla(path: AnyPath) -> Items:
    """Yield `{"image_id", "original", "enhanced": [text, ...]}`."""
    for where, cells in objects_in(path, ("image_id", "original", "enhanced")):
        image = _coco_train(cells.get("image_id"))
        negatives = _texts(cells.get("enhanced"))
        yield PublishedCaption(where, None, image, cells.get("original"), negatives)


def _crepe(path: AnyPath) -> Items:
    """Yield the rows of a table of regions; the kind is in the file's name, or the column's."""
    found = re.search(r"hard_negs_(atom|swap|negate)", path.name)
    columns = {"hard_negs": _CREPE[found[1]] if found else (None, None), **_CREPE_COLUMNS}
    checked = False
    for record in delimited_records(path, Form(",", quoted=True), header=None):
        if isinstance(record, Skip):
            yield record
            continue
        where, cells = record
        present = {name: kind for name, kind in columns.items() if name in cells}
        if not checked:
            wanted = () if present else ("hard_negs",)
            check_columns(("image_id", "caption", *wanted), cells.keys(), where=where)
            checked = True
        lists = [_texts(_list_of(cells[name]), *kind) for name, kind in present.items()]
        whole = [each for each in lists if each is not None]
        negatives = sum(whole, ()) if len(whole) == len(lists) else None
        yield PublishedCaption(where, None, f"{cells['image_id']}.jpg", cells["caption"], negatives)


def _con_clip(path: AnyPath) -> Items:
    """Yield CC-Neg's captions, written as JSON: `{"image_paths": [...], "annotations": [...]}`."""
    content = json_of(path)
    match content:
        case {"image_paths": list() as images, "annotations": list() as samples} if len(
            images
        ) == len(samples):
            pass
        case _:
            raise UsageError(
                f"{path}: expected lists 'image_paths' and 'annotations' of one length, found "
                f"{shape(content)}; write torch.load(FILE) as JSON"
            )
    for place, (image, sample) in enumerate(zip(images, samples, strict=True)):
        caption, negated = (
            _in(sample, "json", "caption"),
            _in(sample, "sop_data", "negative-prompt"),
        )
        negatives = (PublishedNegative(negated, "negate"),)
        yield PublishedCaption(f"{path.name}, {place}", None, image, caption, negatives)


def _negation_clip(path: AnyPath) -> Items:
    """Yield COCO's annotations, each with an `updated_caption` that truly negates something."""
    content = json_of(path)
    if not isinstance(content, Mapping) or not isinstance(content.get("annotations"), list):
        raise UsageError(f"{path}: expected COCO's 'annotations', found {shape(content)}")
    for place, cells in enumerate(content["annotations"]):
        where = f"{path.name}, {place}"
        if not isinstance(cells, Mapping):
            raise UsageError(f"{path}, {place}: expected an annotation, found {shape(cells)}")
        if place == 0:
            check_columns(("image_id", "caption", "updated_caption"), cells.keys(), where=where)
        image = _coco_train(cells.get("image_id"))
        positives = (PublishedNegative(cells.get("updated_caption"), "rewrite", "existence"),)
        yield PublishedCaption(where, cells.get("id"), image, cells.get("caption"), (), positives)


def _vismin(path: AnyPath) -> Items:
    """Yield `{"image_path", "caption", "negatives": [{"edited_caption", "category"}]}`."""
    for where, cells in objects_in(path, ("image_path", "caption", "negatives")):
        items = cells.get("negatives")
        negatives = None
        if isinstance(items, list) and all(isinstance(item, Mapping) for item in items):
            negatives = tuple(
                PublishedNegative(
                    item.get("edited_caption"), *_VISMIN.get(item.get("category"), (None, None))
                )
                for item in items
            )
        image = cells.get("image_path")
        yield PublishedCaption(where, None, image, cells.get("caption"), negatives)


def _triplet_clip(path: AnyPath) -> Items:
    """Yield the samples of a tar: .image, .caption and .neg_caption."""
    for key, sample in samples_in(path):
        where = f"{path.name}, {key}"
        if sample is None:
            yield Skip(CUT_OFF, where)
            continue
        image = f"{path.name}/{sample['image'][0]}" if "image" in sample else None
        try:
            caption, negative = (
                decode(sample[name][1]) if name in sample else None
                for name in ("caption", "neg_caption")
            )
        except UnicodeDecodeError:
            yield Skip(NOT_UNICODE, where)
            continue
        yield PublishedCaption(where, key, image, caption, (PublishedNegative(negative),))


def _hard_positives(path: AnyPath) -> Items:
    """Yield the records of data/, each with the true caption of its counterpart as a positive."""
    if path.parent.name == COUNTERPARTS:
        return
    kind = _HARD_POSITIVES.get(path.name.partition(".")[0], (None, None))
    counterpart = path.parent.parent / COUNTERPARTS / path.name
    names = ("image_path", "true_caption", "false_caption")
    others = list(objects_in(counterpart, names))
    records = list(objects_in(path, names))
    if [cells.get("false_caption") for _, cells in records] != [
        cells.get("false_caption") for _, cells in others
    ]:
        raise UsageError(f"{counterpart}: expected the false captions of {path}, in its order")
    for (where, cells), (_, other) in zip(records, others, strict=True):
        yield PublishedCaption(
            where,
            None,
            cells.get("image_path"),
            cells.get("true_caption"),
            (PublishedNegative(cells.get("false_caption"), *kind),),
            (PublishedNegative(other.get("true_caption"), None, kind[1]),),
        )


def _fine_hard(path: AnyPath) -> Items:
    """Yield the expressions of an image's regions; rows do not say where a region is."""
    for where, cells in objects_in(path, ("f_path", "bbox_info")):
        regions = cells.get("bbox_info")
        for place, region in enumerate(regions if isinstance(regions, list) else ()):
            if not isinstance(region, Mapping):
                raise UsageError(f"{where}: expected regions, found {shape(region)}")
            found = region.get("short_expr_negs") if region.get("flag_short_neg") == 1 else {}
            negatives = _texts(list(found.values()) if isinstance(found, Mapping) else found)
            caption, at = region.get("short_expr"), f"{where}, region {place}"
            yield PublishedCaption(at, None, cells.get("f_path"), caption, negatives)


class Layout(NamedTuple):
    """How a group of authors publishes negatives.

    Attributes:
        read: a file -> its captions.
        kind: the suffix of the files.
        marks: field names that occur near the start of such a file and of no other.
        folders: subfolders with the files; "" for the folder itself, where a single file is
            accepted too.
        split: the split of the captions, "" to take it from the file's name.
        verified: checked against the authors' "files", or their "loader".
    """

    read: Callable[[AnyPath], Items]
    kind: str
    marks: tuple[str, ...]
    verified: str
    folders: tuple[str, ...] = ("",)
    split: str = ""


LAYOUTS: Final[Mapping[str, Layout]] = {
    "ce-clip": Layout(_ce_clip, ".json", ("relation_aug_caption",), "loader"),
    "degla": Layout(_degla, ".json", ("original", "enhanced"), "loader"),
    "crepe": Layout(_crepe, ".csv", ("hard_negs",), "loader", split="test"),
    "con-clip": Layout(_con_clip, ".json", ("image_paths",), "loader"),
    "negation-clip": Layout(_negation_clip, ".json", ("info", "images"), "loader"),
    "vismin": Layout(_vismin, ".json", ("image_path", "edited_caption"), "loader"),
    "cs-clip": Layout(cs_clip, ".json", ("entities", "negative_entities"), "loader"),
    "triplet-clip": Layout(_triplet_clip, ".tar", (), "loader"),
    "hard-positives": Layout(
        _hard_positives, ".json", (), "files", folders=("data", COUNTERPARTS), split="test"
    ),
    "fine-hard": Layout(_fine_hard, ".json", ("f_path", "bbox_info"), "loader"),
}


def _texts(
    items: object, of_type: str | None = None, subtype: str | None = None
) -> tuple[PublishedNegative, ...] | None:
    if not isinstance(items, list):
        return None
    return tuple(PublishedNegative(item, of_type, subtype) for item in items)


def _list_of(cell: object) -> object:
    return list_in(cell) if isinstance(cell, str) else cell


def _in(sample: object, outer: str, inner: str) -> object:
    found = sample.get(outer) if isinstance(sample, Mapping) else None
    return found.get(inner) if isinstance(found, Mapping) else None


def _coco_train(image_id: object) -> str | None:
    """Return the file of an image of COCO's train2014."""
    return None if image_id is None else f"COCO_train2014_{image_id!s:0>12}.jpg"
