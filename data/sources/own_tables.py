"""Tables of the user's own captions: csv, jsonl and parquet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources.caption_cells import Several
from data.sources.files import Files, FileSource, files_of
from data.sources.packed import kind_of
from data.sources.table import Columns, table_captions
from data.sources.table_files import (
    Form,
    Records,
    delimited_records,
    json_records,
    parquet_records,
    records_of,
)
from data.storage import AnyPath


class _Kind(NamedTuple):
    """A kind of table: the source's name, the suffixes of its files, and a reader."""

    source: str
    suffixes: tuple[str, ...]
    read: Callable[[AnyPath, str], Records]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Table(FileSource):
    """Shared by the three; each adds the reader of one file."""

    caption_columns: tuple[str, ...] = ("caption",)
    image_column: str | None = "image"
    id_column: str | None = None
    several: Several = "auto"
    grouped: bool = False
    licence: str = ""

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions, images in order of appearance."""
        paths = files_of(split, self.files().splits)
        kind = self._kind()
        return table_captions(
            partial(records_of, self.root, paths, kind.read),
            self._columns(),
            source=kind.source,
            split=split,
            grouped=self.grouped,
        )

    def files(self) -> Files:
        """Return the tables."""
        return self.files_with(*self._kind().suffixes)

    def _columns(self) -> Columns:
        return Columns(self.caption_columns, self.image_column, self.id_column, self.several)

    def _kind(self) -> _Kind:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True, slots=True)
class Jsonl(_Table):
    """Your own captions, one JSON object per line (.jsonl).

    {"image": "val/0001.jpg", "caption": "a dog on a sofa"} A caption may be a list of texts;
    without an image column each line is a separate image.

    A file may also be one JSON list of such objects. The captions of each image are grouped, which
    reads the file twice; set `grouped` if they are already adjacent. Without an id column ids are
    `jsonl:{image}:{ordinal}`. A text that is a list in JSON's or Python's notation holds several
    captions; with `several: lines` so does a text of several lines; `several: never` turns both
    off.
    """

    def _kind(self) -> _Kind:
        return _Kind("jsonl", (".jsonl", ".ndjson"), json_records)


@dataclass(frozen=True, kw_only=True, slots=True)
class Csv(_Table):
    """Your own captions in a table (.csv, .tsv).

    image,caption
    val/0001.jpg,"a dog, asleep on a sofa"

    A .tsv has tabs and no quotes, other files have commas and quotes; `delimiter` and `quoted`
    override this, and `header` names the columns if the file does not. The captions of each image
    are grouped, which reads the file twice; set `grouped` if they are already adjacent. Without an
    id column ids are `csv:{image}:{ordinal}`. A field that is a list in JSON's or Python's notation
    holds several captions; with `several: lines` so does a text of several lines; `several: never`
    turns both off.
    """

    delimiter: str | None = None
    quoted: bool | None = None
    header: tuple[str, ...] | None = None

    def _kind(self) -> _Kind:
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise UsageError(f"delimiter: expected one character, found {self.delimiter!r}")
        return _Kind("csv", (".csv", ".tsv"), self._records)

    def _records(self, path: AnyPath, name: str) -> Records:
        delimiter = self.delimiter or ("\t" if kind_of(name) == ".tsv" else ",")
        quoted = delimiter != "\t" if self.quoted is None else self.quoted
        form = Form(delimiter, quoted=quoted, is_option=True)
        return delimited_records(path, form, header=self.header, name=name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Parquet(_Table):
    """Your own captions in parquet files (.parquet).

    the columns image (text) and caption (text, or a list of texts)

    Without an image column each row is a separate image. The captions of each image are grouped,
    which reads the files twice; set `grouped` if they are already adjacent. Without an id column
    ids are `parquet:{image}:{ordinal}`. A text that is a list in JSON's or Python's notation holds
    several captions; with `several: lines` so does a text of several lines; `several: never` turns
    both off.
    """

    def _kind(self) -> _Kind:
        read = partial(parquet_records, columns=self._columns().all())
        return _Kind("parquet", (".parquet",), read)
