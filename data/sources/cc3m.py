"""Conceptual Captions (CC3M)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.records import Caption, Skip
from data.sources.delimited import delimited_records
from data.sources.files import Splits, chosen, files_of, find_splits
from data.sources.found import Found, captions_of
from data.sources.licences import LICENCES
from data.sources.table import ROW_ID, Columns, rows_of, with_row_ids
from data.sources.tars import tar_rows

_HEADER = ("caption", "url")
_COLUMNS = Columns(("caption",), "url", ROW_ID)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cc3m:
    """Conceptual Captions (CC3M): the published tsv, or downloaded pictures in webdataset tars.

    ROOT/Train_GCC-training.tsv: a dog asleep on a sofa<tab>http://example.com/dog.jpg
    ROOT/cc3m-train-0000.tar: 000000001.jpg, 000000001.txt, ...

    Tars are read where there are some. Of the tsv the image key is the URL, and the id
    `cc3m:train:41` counts lines from 0; each line is an image of its own.
    """

    root: Path
    split: str | None = None
    only_splits: tuple[str, ...] | None = None

    @property
    def licence(self) -> str:
        """Return the terms under which the captions are given."""
        return LICENCES["cc3m"]

    def splits(self) -> tuple[str, ...]:
        """Return what the names of the files tell: train, validation."""
        return tuple(self._files())

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the files."""
        paths = files_of(split, self._files())
        if paths[0].suffix == ".tar":
            rows = tar_rows(paths, root=self.root, json_keys=())
        else:
            rows = _tsv_rows(paths, split=split)
        return captions_of(rows, source="cc3m")

    def _files(self) -> Splits:
        found = find_splits(self.root, suffixes=(".tsv",), split=self.split, prefer=".tar")
        return chosen(found, self.only_splits)


def _tsv_rows(paths: tuple[Path, ...], *, split: str) -> Iterator[Found | Skip]:
    records = (
        record
        for path in paths
        for record in delimited_records(path, delimiter="\t", quoted=False, header=_HEADER)
    )
    return rows_of(with_row_ids(records, f"cc3m:{split}"), _COLUMNS, split=split)
