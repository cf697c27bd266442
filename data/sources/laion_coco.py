"""LAION-COCO."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from data.records import Caption, Skip
from data.sources.caption_cells import Several
from data.sources.files import Files, FileSource, files_of
from data.sources.licences import LICENCES
from data.sources.packed import kind_of
from data.sources.raw_captions import captions_of
from data.sources.table import Columns, table_captions
from data.sources.table_files import parquet_records, records_of
from data.sources.tars import tar_rows


@dataclass(frozen=True, kw_only=True, slots=True)
class LaionCoco(FileSource):
    """LAION-COCO: the published parquet, or downloaded images in webdataset tars.

    ROOT/*.parquet with the columns URL, top_caption and all_captions
    ROOT/00000.tar: 000000001.jpg, 000000001.txt, 000000001.json, ...

    Tars take precedence. `caption_columns` names columns of the parquet (text, or lists of texts),
    or keys of the .json in a tar; the default is top_caption, and the .txt. In parquet the image
    key is the URL, and the id `laion_coco:train:41` counts rows from 0 (followed by `:0`, `:1` if a
    row has several captions); each row is a separate image. `several` works as in webdataset.
    """

    caption_columns: tuple[str, ...] | None = None
    image_column: str = "URL"
    several: Several = "auto"

    @property
    def licence(self) -> str:
        """Return the licence of the captions."""
        return LICENCES["laion_coco"]

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the files."""
        paths = files_of(split, self.files().splits)
        if kind_of(paths[0].name) == ".tar":
            keys = self.caption_columns or ()
            rows = tar_rows(paths, root=self.root, json_keys=keys, several=self.several)
            return captions_of(rows, source="laion_coco")
        captions = self.caption_columns or ("top_caption",)
        columns = Columns(captions, self.image_column, None, self.several, numbered=True)
        each = partial(parquet_records, columns=columns.all())
        read = partial(records_of, self.root, paths, each)
        return table_captions(read, columns, source="laion_coco", split=split)

    def files(self) -> Files:
        """Return the tables, or tars if there are any."""
        return self.files_with(".parquet", prefer=".tar")
