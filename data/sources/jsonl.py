"""One JSON object a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources.files import Files, excerpt, files_of, find_files, json_of, parse_json
from data.sources.found import Found, captions_of
from data.sources.grouping import together
from data.sources.lines import lines_of
from data.sources.several import Several
from data.sources.table import Columns, Record, records_of, rows_of
from data.storage import AnyPath

_ADVICE = "mend the line: each has one whole JSON object"


@dataclass(frozen=True, kw_only=True, slots=True)
class Jsonl:
    """Your own captions, one JSON object a line (.jsonl).

    {"image": "val/0001.jpg", "caption": "a dog on a sofa"}
    A caption may be a list of texts; without an image column each line is an image of its own.

    A file may also be one JSON list of such objects. The captions of an image are brought together,
    for which the file is read twice; `grouped` says that they stand together already. Without an id
    column ids are `jsonl:{image}:{ordinal}`. A text that is a list, as JSON or Python write it,
    holds several captions; with `several: lines` so does one of several lines, with `several:
    never` none does.
    """

    root: AnyPath
    caption_columns: tuple[str, ...] = ("caption",)
    image_column: str | None = "image"
    id_column: str | None = None
    several: Several = "auto"
    grouped: bool = False
    split: str | None = None
    only_splits: tuple[str, ...] | None = None
    licence: str = ""

    def splits(self) -> tuple[str, ...]:
        """Return `split`, or what the names of files or folders tell."""
        return tuple(self._files().splits)

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions, images in order of appearance."""
        rows = partial(self._rows, files_of(split, self._files().splits), split)
        return captions_of(
            together(rows, grouped=self.grouped or self.image_column is None), source="jsonl"
        )

    def left_out(self) -> tuple[Skip, ...]:
        """Return the files under `root` that are not read."""
        return self._files().left_out

    def _files(self) -> Files:
        found = find_files(self.root, suffixes=(".jsonl", ".ndjson"), split=self.split)
        return found.only(self.only_splits)

    def _rows(self, paths: tuple[AnyPath, ...], split: str) -> Iterator[Found | Skip]:
        columns = Columns(self.caption_columns, self.image_column, self.id_column, self.several)
        return rows_of(records_of(self.root, paths, _records), columns, split=split)


def _records(path: AnyPath, name: str) -> Iterator[Record]:
    is_first = True
    for number, line in lines_of(path):
        text = line.strip()
        if not text:
            continue
        if is_first and text.startswith("["):
            yield from _items(path, name)
            return
        is_first = False
        value = parse_json(text, path=path, first_line=number, advice=_ADVICE)
        yield f"{name}, line {number}", _object(value, where=f"{path}, line {number}")


def _items(path: AnyPath, name: str) -> Iterator[Record]:
    """Yield the objects of a file that is one JSON list."""
    content = json_of(path)
    for number, value in enumerate(content if isinstance(content, list) else [content]):
        yield f"{name}, item {number}", _object(value, where=f"{path}, item {number}")


def _object(value: object, *, where: str) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    raise UsageError(
        f'{where}: expected an object such as {{"image": "a.jpg", "caption": "a dog"}}, found '
        f"{excerpt(repr(value), 0)}"
    )
