"""Conceptual Captions (CC3M)."""

from collections.abc import Iterator
from dataclasses import dataclass

from data.records import Caption, Skip
from data.sources.delimited import Form, delimited_records
from data.sources.files import Files, files_of, find_files
from data.sources.found import Found, captions_of
from data.sources.licences import LICENCES
from data.sources.packed import kind_of
from data.sources.several import Several
from data.sources.table import ROW_ID, Columns, Record, records_of, rows_of, with_row_ids
from data.sources.tars import tar_rows
from data.storage import AnyPath

_HEADER = ("caption", "url")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cc3m:
    """Conceptual Captions (CC3M): the published tsv, or downloaded pictures in webdataset tars.

    ROOT/Train_GCC-training.tsv: a dog asleep on a sofa<tab>http://example.com/dog.jpg
    ROOT/cc3m-train-0000.tar: 000000001.jpg, 000000001.txt, ...

    Tars are read where there are some. Of the tsv the image key is the URL, and the id
    `cc3m:train:41` counts lines from 0; each line is an image of its own. `several` is as in
    webdataset.
    """

    root: AnyPath
    several: Several = "auto"
    split: str | None = None
    only_splits: tuple[str, ...] | None = None

    @property
    def licence(self) -> str:
        """Return the terms under which the captions are given."""
        return LICENCES["cc3m"]

    def splits(self) -> tuple[str, ...]:
        """Return what the names of the files tell: train, validation."""
        return tuple(self._files().splits)

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the files."""
        paths = files_of(split, self._files().splits)
        if kind_of(paths[0].name) == ".tar":
            rows = tar_rows(paths, root=self.root, json_keys=(), several=self.several)
        else:
            rows = self._tsv_rows(paths, split)
        return captions_of(rows, source="cc3m")

    def left_out(self) -> tuple[Skip, ...]:
        """Return the files under `root` that are not read."""
        return self._files().left_out

    def _files(self) -> Files:
        found = find_files(self.root, suffixes=(".tsv",), split=self.split, prefer=".tar")
        return found.only(self.only_splits)

    def _tsv_rows(self, paths: tuple[AnyPath, ...], split: str) -> Iterator[Found | Skip]:
        records = records_of(self.root, paths, _records)
        columns = Columns(("caption",), "url", ROW_ID, self.several)
        return rows_of(with_row_ids(records, f"cc3m:{split}"), columns, split=split)


def _records(path: AnyPath, name: str) -> Iterator[Record | Skip]:
    return delimited_records(path, Form("\t", quoted=False), header=_HEADER, name=name)
