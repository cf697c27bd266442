"""Published files of negatives: what each format says of a caption, unchecked.

NegCLIP: Yuksekgonul et al., "When and why vision-language models behave like bags-of-words", ICLR
2023. SugarCrepe: Hsieh et al., NeurIPS 2023 Datasets and Benchmarks.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Final, NamedTuple

from data.errors import UsageError
from data.records import SUBTYPES, TYPES, Skip
from data.sources.caption_cells import cell_texts, list_in
from data.sources.files import check_columns, contents, existing, json_of, shape
from data.sources.packed import kind_of, plain_name
from data.sources.table_files import (
    Form,
    Record,
    Records,
    delimited_records,
    first_line,
    json_records,
)
from data.storage import AnyPath, entries

NO_LIST: Final = "negatives are no list"


class PublishedNegative(NamedTuple):
    """What a file says of one negative or positive; None where it says nothing."""

    text: object
    type: object = None
    subtype: object = None
    rule: object = None


class PublishedCaption(NamedTuple):
    """What a file says of one caption; `negatives` is None where they cannot be read.

    `positives`: other texts that are true; none where the file says nothing of them. `images` and
    `layout`: of a composite.
    """

    where: str
    id: object
    image: object
    caption: object
    negatives: tuple[PublishedNegative, ...] | None
    positives: tuple[PublishedNegative, ...] = ()
    images: tuple[object, ...] = ()
    layout: object = None


Items = Iterator[PublishedCaption | Skip]


def files_of(path: AnyPath, format_name: str) -> tuple[AnyPath, ...]:
    """Return the files to read: one, or all of a folder of SugarCrepe's.

    Raises:
        UsageError: there is no such file, or no such files in the folder.
    """
    if existing(path).is_file():
        return (path,)
    is_folder = format_name == "sugarcrepe"
    found = [entry for entry in entries(path) if is_folder and entry.is_file]
    files = tuple(entry.path for entry in found if kind_of(entry.name) == ".json")
    if not files:
        raise UsageError(
            f"{path}: expected a file, or a folder of SugarCrepe's .json files; found "
            f"{contents(path)}"
        )
    return files


def detect_format(path: AnyPath) -> str:
    """Return the format of a file by its suffix and its first line.

    Raises:
        UsageError: neither tells.
    """
    suffix = kind_of(path.name)
    if existing(path).is_dir() or suffix == ".json":
        return "sugarcrepe"
    if suffix in {".jsonl", ".ndjson"}:
        first = next((cells for _, cells in _objects(path)), {})
        return "negclip-jsonl" if set(first) == _NEGCLIP_KEYS and _is_texts(first) else "jsonl"
    if suffix in {".tsv", ".csv"}:
        return "negclip-tsv" if "neg_caption" in first_line(path) else "csv"
    raise UsageError(
        f"{path}: cannot tell its format by its name; say it with --format {', '.join(FORMATS)}"
    )


def _negclip_jsonl(path: AnyPath) -> Items:
    """Yield `{"id", "image", "caption", "negatives": [text, ...]}`, one a line."""
    for number, (where, cells) in enumerate(_objects(path)):
        if number == 0:
            check_columns(sorted(_NEGCLIP_KEYS), cells.keys(), where=where)
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
    """Yield one object a line: caption, negative(s), positive(s); image, id, type, subtype."""
    return _of_records(_objects(path))


def _csv(path: AnyPath) -> Items:
    """Yield the rows of a table with the columns that `_jsonl` has; negatives is a list."""
    delimiter = _delimiter(path)
    form = Form(delimiter, quoted=delimiter != "\t")
    return _of_records(delimited_records(path, form, header=None))


FORMATS: Final[Mapping[str, Callable[[AnyPath], Items]]] = {
    "negclip-jsonl": _negclip_jsonl,
    "negclip-tsv": _negclip_tsv,
    "sugarcrepe": _sugarcrepe,
    "jsonl": _jsonl,
    "csv": _csv,
}
_POSITIVES: Final = frozenset({"positive", "positives"})
_NEGCLIP_KEYS = {"id", "image", "caption", "negatives"}


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
    """Return the items of a column that holds a list, or of one that holds one or several texts."""
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
    """Return a negative: a text, or an object as `negatives export --to jsonl` writes it."""
    if isinstance(item, Mapping):
        return PublishedNegative(
            item.get("text"), item.get("type"), item.get("subtype"), item.get("rule")
        )
    return PublishedNegative(item, cells.get("type"), cells.get("subtype"))


def _items_in(cell: object) -> list[object] | None:
    """Return a list that is one, or that is written as JSON or as Python writes it."""
    if isinstance(cell, list):
        return cell
    return list_in(cell) if isinstance(cell, str) else None


def _objects(path: AnyPath) -> Iterator[Record]:
    return json_records(path, path.name, expected="with a caption and its negatives")


def _is_texts(cells: Mapping[str, object]) -> bool:
    items = cells["negatives"]
    return isinstance(items, list) and all(isinstance(item, str) for item in items)


def _delimiter(path: AnyPath) -> str:
    return "\t" if "\t" in first_line(path) else ","
