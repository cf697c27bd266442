"""LAION-COCO."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.records import Caption, Skip
from data.sources.files import Splits, chosen, files_of, find_splits
from data.sources.found import captions_of
from data.sources.licences import LICENCES
from data.sources.table import ROW_ID, Columns, Record, rows_of, with_row_ids
from data.sources.tars import tar_rows


@dataclass(frozen=True, kw_only=True, slots=True)
class LaionCoco:
    """LAION-COCO: the published parquet, or downloaded pictures in webdataset tars.

    ROOT/*.parquet with the columns URL, top_caption and all_captions
    ROOT/00000.tar: 000000001.jpg, 000000001.txt, 000000001.json, ...

    Tars are read where there are some. `caption_columns` names columns of the parquet (text, or
    lists of texts), or keys of the .json in a tar; without it top_caption and the .txt are read.
    Of parquet the image key is the URL, and the id `laion_coco:train:41` counts rows from 0 (with
    `:0`, `:1` after it where a row has several captions); each row is an image of its own.
    """

    root: Path
    caption_columns: tuple[str, ...] | None = None
    image_column: str = "URL"
    split: str | None = None
    only_splits: tuple[str, ...] | None = None

    @property
    def licence(self) -> str:
        """Return the licence of the captions."""
        return LICENCES["laion_coco"]

    def splits(self) -> tuple[str, ...]:
        """Return `split`, or what the names of files or folders tell."""
        return tuple(self._files())

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the files."""
        paths = files_of(split, self._files())
        if paths[0].suffix == ".tar":
            rows = tar_rows(paths, root=self.root, json_keys=self.caption_columns or ())
        else:
            captions = self.caption_columns or ("top_caption",)
            columns = Columns(captions, self.image_column, ROW_ID)
            records = _parquet_records(paths, columns)
            rows = rows_of(with_row_ids(records, f"laion_coco:{split}"), columns, split=split)
        return captions_of(rows, source="laion_coco")

    def _files(self) -> Splits:
        found = find_splits(self.root, suffixes=(".parquet",), split=self.split, prefer=".tar")
        return chosen(found, self.only_splits)


def _parquet_records(paths: tuple[Path, ...], columns: Columns) -> Iterator[Record | Skip]:
    from data.parquet import read_records  # noqa: PLC0415  (pyarrow's door: `sources` stays fast)

    names = (*columns.captions, columns.image or "")
    return (record for path in paths for record in read_records(path, columns=names))
