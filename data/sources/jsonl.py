"""One JSON object a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources.files import Splits, chosen, excerpt, files_of, find_splits, lines_of, parse_json
from data.sources.found import Found, captions_of
from data.sources.grouping import together
from data.sources.table import Columns, Record, rows_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Jsonl:
    """Your own captions, one JSON object a line (.jsonl).

    {"image": "val/0001.jpg", "caption": "a dog on a sofa"}
    A caption may be a list of texts; without an image column each line is an image of its own.

    The captions of an image are brought together, for which the file is read twice; `grouped`
    says that they stand together already. Without an id column ids are `jsonl:{image}:{ordinal}`.
    """

    root: Path
    caption_columns: tuple[str, ...] = ("caption",)
    image_column: str | None = "image"
    id_column: str | None = None
    grouped: bool = False
    split: str | None = None
    only_splits: tuple[str, ...] | None = None
    licence: str = ""

    def splits(self) -> tuple[str, ...]:
        """Return `split`, or what the names of files or folders tell."""
        return tuple(self._files())

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions, images in order of appearance."""
        paths = files_of(split, self._files())
        columns = Columns(self.caption_columns, self.image_column, self.id_column)
        rows = together(
            partial(_rows, paths, columns, split), grouped=self.grouped or self.image_column is None
        )
        return captions_of(rows, source="jsonl")

    def _files(self) -> Splits:
        found = find_splits(self.root, suffixes=(".jsonl", ".ndjson"), split=self.split)
        return chosen(found, self.only_splits)


def _rows(paths: tuple[Path, ...], columns: Columns, split: str) -> Iterator[Found | Skip]:
    return rows_of((record for path in paths for record in _records(path)), columns, split=split)


def _records(path: Path) -> Iterator[Record]:
    for number, line in lines_of(path):
        text = line.rstrip("\r\n")
        if not text.strip():
            continue
        value = parse_json(text, path=path, first_line=number)
        if not isinstance(value, dict):
            raise UsageError(
                f'{path}, line {number}: expected an object such as {{"image": "a.jpg", '
                f'"caption": "a dog"}}, found {excerpt(text, 0)}'
            )
        yield f"{path.name}, line {number}", value
