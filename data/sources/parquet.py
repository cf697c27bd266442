"""Tables in parquet files."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from data.records import Caption, Skip
from data.sources.files import Splits, chosen, files_of, find_splits
from data.sources.found import Found, captions_of
from data.sources.grouping import together
from data.sources.table import Columns, rows_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Parquet:
    """Your own captions in parquet files (.parquet).

    the columns image (text) and caption (text, or a list of texts)

    Without an image column each row is an image of its own. The captions of an image are brought
    together, for which the files are read twice; `grouped` says that they stand together already.
    Without an id column ids are `parquet:{image}:{ordinal}`.
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
        columns = Columns(self.caption_columns, self.image_column, self.id_column)
        rows = partial(_rows, files_of(split, self._files()), columns, split)
        return captions_of(
            together(rows, grouped=self.grouped or self.image_column is None), source="parquet"
        )

    def _files(self) -> Splits:
        found = find_splits(self.root, suffixes=(".parquet",), split=self.split)
        return chosen(found, self.only_splits)


def _rows(paths: tuple[Path, ...], columns: Columns, split: str) -> Iterator[Found | Skip]:
    from data.parquet import read_records  # noqa: PLC0415  (pyarrow's door: `sources` stays fast)

    records = (record for path in paths for record in read_records(path, columns=columns.all()))
    return rows_of(records, columns, split=split)
