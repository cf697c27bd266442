"""Tables in parquet files."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from data.records import Caption, Skip
from data.sources.files import Files, files_of, find_files
from data.sources.found import Found, captions_of
from data.sources.grouping import together
from data.sources.several import Several
from data.sources.table import Columns, parquet_records, rows_of
from data.storage import AnyPath


@dataclass(frozen=True, kw_only=True, slots=True)
class Parquet:
    """Your own captions in parquet files (.parquet).

    the columns image (text) and caption (text, or a list of texts)

    Without an image column each row is an image of its own. The captions of an image are brought
    together, for which the files are read twice; `grouped` says that they stand together already.
    Without an id column ids are `parquet:{image}:{ordinal}`. A text that is a list, as JSON or
    Python write it, holds several captions; with `several: lines` so does one of several lines,
    with `several: never` none does.
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
            together(rows, grouped=self.grouped or self.image_column is None), source="parquet"
        )

    def left_out(self) -> tuple[Skip, ...]:
        """Return the files under `root` that are not read."""
        return self._files().left_out

    def _files(self) -> Files:
        found = find_files(self.root, suffixes=(".parquet",), split=self.split)
        return found.only(self.only_splits)

    def _rows(self, paths: tuple[AnyPath, ...], split: str) -> Iterator[Found | Skip]:
        columns = Columns(self.caption_columns, self.image_column, self.id_column, self.several)
        return rows_of(parquet_records(self.root, paths, columns.all()), columns, split=split)
