"""LAION-COCO."""

from collections.abc import Iterator
from dataclasses import dataclass

from data.records import Caption, Skip
from data.sources.files import Files, files_of, find_files
from data.sources.found import captions_of
from data.sources.licences import LICENCES
from data.sources.packed import kind_of
from data.sources.several import Several
from data.sources.table import ROW_ID, Columns, parquet_records, rows_of, with_row_ids
from data.sources.tars import tar_rows
from data.storage import AnyPath


@dataclass(frozen=True, kw_only=True, slots=True)
class LaionCoco:
    """LAION-COCO: the published parquet, or downloaded pictures in webdataset tars.

    ROOT/*.parquet with the columns URL, top_caption and all_captions
    ROOT/00000.tar: 000000001.jpg, 000000001.txt, 000000001.json, ...

    Tars are read where there are some. `caption_columns` names columns of the parquet (text, or
    lists of texts), or keys of the .json in a tar; without it top_caption and the .txt are read.
    Of parquet the image key is the URL, and the id `laion_coco:train:41` counts rows from 0 (with
    `:0`, `:1` after it where a row has several captions); each row is an image of its own.
    `several` is as in webdataset.
    """

    root: AnyPath
    caption_columns: tuple[str, ...] | None = None
    image_column: str = "URL"
    several: Several = "auto"
    split: str | None = None
    only_splits: tuple[str, ...] | None = None

    @property
    def licence(self) -> str:
        """Return the licence of the captions."""
        return LICENCES["laion_coco"]

    def splits(self) -> tuple[str, ...]:
        """Return `split`, or what the names of files or folders tell."""
        return tuple(self._files().splits)

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the files."""
        paths = files_of(split, self._files().splits)
        if kind_of(paths[0].name) == ".tar":
            keys = self.caption_columns or ()
            rows = tar_rows(paths, root=self.root, json_keys=keys, several=self.several)
        else:
            captions = self.caption_columns or ("top_caption",)
            columns = Columns(captions, self.image_column, ROW_ID, self.several)
            records = parquet_records(self.root, paths, (*captions, self.image_column))
            rows = rows_of(with_row_ids(records, f"laion_coco:{split}"), columns, split=split)
        return captions_of(rows, source="laion_coco")

    def left_out(self) -> tuple[Skip, ...]:
        """Return the files under `root` that are not read."""
        return self._files().left_out

    def _files(self) -> Files:
        found = find_files(self.root, suffixes=(".parquet",), split=self.split, prefer=".tar")
        return found.only(self.only_splits)
