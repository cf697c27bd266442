"""Tables in csv and tsv files."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources.delimited import delimited_records
from data.sources.files import Splits, chosen, files_of, find_splits
from data.sources.found import Found, captions_of
from data.sources.grouping import together
from data.sources.table import Columns, Record, rows_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Csv:
    """Your own captions in a table (.csv, .tsv).

    image,caption
    val/0001.jpg,"a dog, asleep on a sofa"

    A .tsv has tabs and no quotes, any other file commas and quotes; `delimiter` and `quoted` say
    otherwise, `header` names the columns of a file that does not. The captions of an image are
    brought together, for which the file is read twice; `grouped` says that they stand together
    already. Without an id column ids are `csv:{image}:{ordinal}`.
    """

    root: Path
    caption_columns: tuple[str, ...] = ("caption",)
    image_column: str | None = "image"
    id_column: str | None = None
    delimiter: str | None = None
    quoted: bool | None = None
    header: tuple[str, ...] | None = None
    grouped: bool = False
    split: str | None = None
    only_splits: tuple[str, ...] | None = None
    licence: str = ""

    def splits(self) -> tuple[str, ...]:
        """Return `split`, or what the names of files or folders tell."""
        return tuple(self._files())

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions, images in order of appearance."""
        rows = partial(self._rows, files_of(split, self._files()), split)
        return captions_of(
            together(rows, grouped=self.grouped or self.image_column is None), source="csv"
        )

    def _files(self) -> Splits:
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise UsageError(f"delimiter: expected one character, found {self.delimiter!r}")
        found = find_splits(self.root, suffixes=(".csv", ".tsv"), split=self.split)
        return chosen(found, self.only_splits)

    def _rows(self, paths: tuple[Path, ...], split: str) -> Iterator[Found | Skip]:
        columns = Columns(self.caption_columns, self.image_column, self.id_column)
        records = (record for path in paths for record in self._records(path))
        return rows_of(records, columns, split=split)

    def _records(self, path: Path) -> Iterator[Record | Skip]:
        delimiter = self.delimiter or ("\t" if path.suffix == ".tsv" else ",")
        quoted = delimiter != "\t" if self.quoted is None else self.quoted
        return delimited_records(
            path,
            delimiter=delimiter,
            quoted=quoted,
            header=self.header,
            remedy="mend the row, or take quotes as they are (--set data.source.quoted=false)",
        )
