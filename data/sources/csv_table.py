"""Tables in csv and tsv files."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources.delimited import Form, delimited_records
from data.sources.files import Files, files_of, find_files
from data.sources.found import Found, captions_of
from data.sources.grouping import together
from data.sources.packed import kind_of
from data.sources.several import Several
from data.sources.table import Columns, Record, records_of, rows_of
from data.storage import AnyPath


@dataclass(frozen=True, kw_only=True, slots=True)
class Csv:
    """Your own captions in a table (.csv, .tsv).

    image,caption
    val/0001.jpg,"a dog, asleep on a sofa"

    A .tsv has tabs and no quotes, any other file commas and quotes; `delimiter` and `quoted` say
    otherwise, `header` names the columns of a file that does not. The captions of an image are
    brought together, for which the file is read twice; `grouped` says that they stand together
    already. Without an id column ids are `csv:{image}:{ordinal}`. A field that is a list, as JSON
    or Python write it, holds several captions; with `several: lines` so does one of several lines,
    with `several: never` none does.
    """

    root: AnyPath
    caption_columns: tuple[str, ...] = ("caption",)
    image_column: str | None = "image"
    id_column: str | None = None
    delimiter: str | None = None
    quoted: bool | None = None
    header: tuple[str, ...] | None = None
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
            together(rows, grouped=self.grouped or self.image_column is None), source="csv"
        )

    def left_out(self) -> tuple[Skip, ...]:
        """Return the files under `root` that are not read."""
        return self._files().left_out

    def _files(self) -> Files:
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise UsageError(f"delimiter: expected one character, found {self.delimiter!r}")
        found = find_files(self.root, suffixes=(".csv", ".tsv"), split=self.split)
        return found.only(self.only_splits)

    def _rows(self, paths: tuple[AnyPath, ...], split: str) -> Iterator[Found | Skip]:
        columns = Columns(self.caption_columns, self.image_column, self.id_column, self.several)
        return rows_of(records_of(self.root, paths, self._records), columns, split=split)

    def _records(self, path: AnyPath, name: str) -> Iterator[Record | Skip]:
        delimiter = self.delimiter or ("\t" if kind_of(name) == ".tsv" else ",")
        quoted = delimiter != "\t" if self.quoted is None else self.quoted
        form = Form(delimiter, quoted=quoted, is_option=True)
        return delimited_records(path, form, header=self.header, name=name)
