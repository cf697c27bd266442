"""Conceptual Captions (CC3M)."""

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
from data.sources.table_files import Form, Records, delimited_records, records_of
from data.sources.tars import tar_rows
from data.storage import AnyPath

_HEADER = ("caption", "url")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cc3m(FileSource):
    """Conceptual Captions (CC3M): the published tsv, or downloaded images in webdataset tars.

    ROOT/Train_GCC-training.tsv: a dog asleep on a sofa<tab>http://example.com/dog.jpg
    ROOT/cc3m-train-0000.tar: 000000001.jpg, 000000001.txt, ...

    Tars take precedence. In the tsv the image key is the URL, and the id `cc3m:train:41` counts
    lines from 0; each line is a separate image. `several` works as in webdataset.
    """

    several: Several = "auto"

    @property
    def licence(self) -> str:
        """Return the captions' licence."""
        return LICENCES["cc3m"]

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the files."""
        paths = files_of(split, self.files().splits)
        if kind_of(paths[0].name) == ".tar":
            rows = tar_rows(paths, root=self.root, json_keys=(), several=self.several)
            return captions_of(rows, source="cc3m")
        read = partial(records_of, self.root, paths, _records)
        columns = Columns(("caption",), "url", None, self.several, numbered=True)
        return table_captions(read, columns, source="cc3m", split=split)

    def files(self) -> Files:
        """Return the tables, or tars if there are any."""
        return self.files_with(".tsv", prefer=".tar")


def _records(path: AnyPath, name: str) -> Records:
    return delimited_records(path, Form("\t", quoted=False), header=_HEADER, name=name)
