"""The layout of a published file, and the files of a folder to read."""

from collections.abc import Mapping
from typing import Final

from data.errors import UsageError
from data.remote import Entry
from data.sources.files import contents, existing
from data.sources.lines import encoding_of
from data.sources.packed import UNREADABLE, kind_of, open_unpacked
from data.sources.table_files import first_line
from data.storage import AnyPath, entries
from negatives.folders.items import objects_in
from negatives.folders.layouts import LAYOUTS
from negatives.folders.published import FORMATS, NEGCLIP_KEYS

_LINES: Final = frozenset({".jsonl", ".ndjson"})
_TOLD: Final = frozenset({".json", ".csv", *_LINES})
"""Suffixes of files that may be in an authors' layout."""
_HEAD_BYTES: Final = 1 << 16


def files_of(path: AnyPath, format_name: str) -> tuple[AnyPath, ...]:
    """Return the files to read: one file, or those of SugarCrepe or an authors' layout in a folder.

    Raises:
        UsageError: there is no such file, or no such files in the folder.
    """
    layout = LAYOUTS.get(format_name)
    folders, kind = (layout.folders, layout.kind) if layout else (("",), ".json")
    is_file = existing(path).is_file()
    if is_file and folders == ("",):
        return (path,)
    if not is_file and (layout or format_name == "sugarcrepe"):
        found = [entry for name in folders for entry in _entries(path / name if name else path)]
        files = tuple(e.path for e in found if e.is_file and kind_of(e.name) == kind)
        if files:
            return files
    if folders != ("",):
        raise UsageError(f"{path}: expected a folder with {' and '.join(folders)} in it")
    raise UsageError(
        f"{path}: expected a file, or a folder of SugarCrepe's .json files; found {contents(path)}"
        if layout is None
        else f"{path}: expected a file, or a folder of {kind} files; found {contents(path)}"
    )


def detect_format(path: AnyPath) -> str:
    """Return the format of a file by its suffix and its first line.

    Raises:
        UsageError: neither is known.
    """
    suffix = kind_of(path.name)
    if existing(path).is_dir():
        return _of_folder(path)
    if suffix == ".tar":
        return "triplet-clip"
    if suffix in _TOLD and (marked := _marked(path)):
        return marked
    if suffix == ".json":
        return "sugarcrepe"
    if suffix in _LINES:
        first = next((cells for _, cells in objects_in(path)), {})
        return "negclip-jsonl" if set(first) == NEGCLIP_KEYS and _is_texts(first) else "jsonl"
    if suffix in {".tsv", ".csv"}:
        return "negclip-tsv" if "neg_caption" in first_line(path) else "csv"
    raise UsageError(
        f"{path}: its name does not tell its format; give it with --format {', '.join(FORMATS)}"
    )


def _of_folder(path: AnyPath) -> str:
    """Return the format of a folder, by its subfolders or else by its first recognisable file."""
    found = entries(path)
    if set(LAYOUTS["hard-positives"].folders) <= {entry.name for entry in found if entry.is_dir}:
        return "hard-positives"
    first = next((e for e in found if e.is_file and kind_of(e.name) in {*_TOLD, ".tar"}), None)
    found_format = "" if first is None else detect_format(first.path)
    return found_format if found_format in LAYOUTS else "sugarcrepe"


def _marked(path: AnyPath) -> str | None:
    """Return the layout whose field names occur near the start of a file, None if there is none."""
    try:
        with open_unpacked(path) as file:
            head = _text(file.read(_HEAD_BYTES))
    except (OSError, *UNREADABLE):
        return None  # reading it will say why
    kind = ".json" if kind_of(path.name) in _LINES else kind_of(path.name)
    if kind == ".csv":
        head = head.partition("\n")[0]
    for name, layout in LAYOUTS.items():
        names = (mark if kind == ".csv" else f'"{mark}"' for mark in layout.marks)
        if layout.marks and layout.kind == kind and all(each in head for each in names):
            return name
    return None


def _text(head: bytes) -> str:
    return head.decode(encoding_of(head[:4]), errors="ignore")


def _entries(folder: AnyPath) -> list[Entry]:
    return entries(folder) if folder.is_dir() else []


def _is_texts(cells: Mapping[str, object]) -> bool:
    items = cells["negatives"]
    return isinstance(items, list) and all(isinstance(item, str) for item in items)
