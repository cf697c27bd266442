"""Published files of negatives: one reader per format; contents are not checked here.

NegCLIP: Yuksekgonul et al., "When and why vision-language models behave like bags-of-words", ICLR
2023. SugarCrepe: Hsieh et al., NeurIPS 2023 Datasets and Benchmarks. Others are in
`layouts.py`.
"""

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Final

from data.errors import UsageError
from data.records import SUBTYPES, TYPES, Skip
from data.sources.caption_cells import cell_texts, list_in
from data.sources.files import check_columns, json_of, shape
from data.sources.packed import plain_name
from data.sources.table_files import (
    Form,
    Records,
    delimited_records,
    first_line,
)
from data.storage import AnyPath
from negatives.folders.items import Items, PublishedCaption, PublishedNegative, objects_in
from negatives.folders.layouts import LAYOUTS

NO_LIST: Final = "negatives are no list"


def _negclip_jsonl(path: AnyPath) -> Items:
    """Yield `{"id", "image", "caption", "negatives": [text, ...]}`, one per line."""
    for number, (where, cells) in enumerate(objects_in(path)):
        if number == 0:
            check_columns(sorted(NEGCLIP_KEYS), cells.keys(), where=where)
        yield _of_record(where, cells)


def _negclip_tsv(path: AnyPath) -> Items:
    """Yield the rows of a table with the columns title, filepath and neg_caption, a list."""
    checked = False
    form = Form(_delimiter(path), quoted=True)
    for record in delimited_records(path, form, header=None):
        if isinstance(record, Skip):
            yield record
            continue
        where, cells = record
        if not checked:
            check_columns(("title", "filepath", "neg_caption"), cells.keys(), where=where)
            checked = True
        items = _items_in(cells.get("neg_caption"))
        negatives = None if items is None else tuple(map(PublishedNegative, items))
        yield PublishedCaption(where, None, cells.get("filepath"), cells.get("title"), negatives)


def _sugarcrepe(path: AnyPath) -> Items:
    """Yield `{"0": {"filename", "caption", "negative_caption"}}`; the file's name is the type.

    SugarCrepe++ has lists of such objects, each with a second true caption, `caption2`.
    """
    content = json_of(path)
    if content and isinstance(content, list):
        content = {str(number): item for number, item in enumerate(content)}
    if not isinstance(content, dict) or not all(isinstance(v, dict) for v in content.values()):
        raise UsageError(
            f'{path}: expected {{"0": {{"filename", "caption", "negative_caption"}}}}, found '
            f"{shape(content)}"
        )
    stem = PurePath(plain_name(path.name)).stem
    kind, _, about = stem.partition("_")
    known = kind in TYPES and about in SUBTYPES
    for number, (key, cells) in enumerate(content.items()):
        where = f"{path.name}, {key}"
        if number == 0:
            check_columns(("filename", "caption", "negative_caption"), cells.keys(), where=where)
        text = cells.get("negative_caption")
        published = PublishedNegative(text, kind, about) if known else PublishedNegative(text)
        row_id = f"sugarcrepe:{stem}:{key}"
        second = cells.get("caption2")
        positives = () if second is None else (PublishedNegative(second),)
        yield PublishedCaption(
            where, row_id, cells.get("filename"), cells.get("caption"), (published,), positives
        )


def _jsonl(path: AnyPath) -> Items:
    """Yield one object per line: caption, negative(s), positive(s); image, id, type, subtype."""
    return _of_records(objects_in(path))


def _csv(path: AnyPath) -> Items:
    """Yield the rows of a table with the columns of `_jsonl`; negatives is a list."""
    delimiter = _delimiter(path)
    form = Form(delimiter, quoted=delimiter != "\t")
    return _of_records(delimited_records(path, form, header=None))


FORMATS: Final[Mapping[str, Callable[[AnyPath], Items]]] = {
    "negclip-jsonl": _negclip_jsonl,
    "negclip-tsv": _negclip_tsv,
    "sugarcrepe": _sugarcrepe,
    "jsonl": _jsonl,
    "csv": _csv,
    **{name: layout.read for name, layout in LAYOUTS.items()},
}
_POSITIVES: Final = frozenset({"positive", "positives"})
NEGCLIP_KEYS: Final = {"id", "image", "caption", "negatives"}


def _of_records(records: Records) -> Items:
    checked = False
    for record in records:
        if isinstance(record, Skip):
            yield record
            continue
        where, cells = record
        if not checked:
            check_columns(("caption",), cells.keys(), where=where)
            if not _POSITIVES & cells.keys():
                wanted = "negatives" if "negatives" in cells else "negative"
                check_columns((wanted,), cells.keys(), where=where)
            checked = True
        yield _of_record(where, cells)


def _of_record(where: str, cells: Mapping[str, object]) -> PublishedCaption:
    items = _listed(cells, "negatives", "negative")
    negatives = None if items is None else tuple(_negative_of(item, cells) for item in items)
    others = (_listed(cells, "positives", "positive") or []) if _POSITIVES & cells.keys() else []
    positives = tuple(_negative_of(item, {}) for item in others)
    return PublishedCaption(
        where,
        cells.get("id"),
        _image_in(cells),
        cells.get("caption"),
        negatives,
        positives,
        *_composite_in(cells),
    )


def _listed(cells: Mapping[str, object], many: str, one: str) -> list[object] | None:
    """Return the items of a list column, or of a column with one or several texts."""
    if many in cells:
        return _items_in(cells[many])
    if one not in cells and _POSITIVES & cells.keys():
        return []
    cell = cells.get(one)
    return cell if isinstance(cell, list) else cell_texts(cell, "auto")


def _composite_in(cells: Mapping[str, object]) -> tuple[tuple[object, ...], object]:
    images = cells.get("images")
    is_composite = isinstance(images, list) and len(images) == 2
    return (tuple(images), cells.get("layout")) if is_composite else ((), None)  # type: ignore[arg-type]


def _image_in(cells: Mapping[str, object]) -> object:
    """Return the image of a row, which `negatives export --to jsonl` writes as a list."""
    images = cells.get("images")
    return images[0] if isinstance(images, list) and len(images) == 1 else cells.get("image")


def _negative_of(item: object, cells: Mapping[str, object]) -> PublishedNegative:
    """Return a negative: a text, or an object with a text, as `negatives export` writes it."""
    if isinstance(item, Mapping):
        text = item["text"] if "text" in item else item.get("caption")
        return PublishedNegative(text, item.get("type"), item.get("subtype"), item.get("rule"))
    return PublishedNegative(item, cells.get("type"), cells.get("subtype"))


def _items_in(cell: object) -> list[object] | None:
    """Return a list, also if it is written as JSON or as Python."""
    if isinstance(cell, list):
        return cell
    return list_in(cell) if isinstance(cell, str) else None


def _delimiter(path: AnyPath) -> str:
    return "\t" if "\t" in first_line(path) else ","
