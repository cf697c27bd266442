"""The only import of Hugging Face `datasets`, which happens when a dataset is opened."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from data.errors import RetryableError, UsageError
from data.records import Caption, Skip
from data.sources.caption_cells import Several
from data.sources.files import check_columns, choose_splits
from data.sources.table import Columns, table_captions
from data.sources.table_files import NAME_COLUMNS, Records
from data.storage import is_remote, path_of
from data.texts import one_line

if TYPE_CHECKING:
    from datasets import IterableDataset


@dataclass(frozen=True, kw_only=True, slots=True)
class Hub:
    """Any dataset of the Hugging Face hub, streamed, or a folder laid out like one.

    ROOT: USER/NAME, with columns such as caption (a text, or a list of texts)

    Without an image column each row is a separate image with the key `train/41`; if the column
    holds images, the key is the file name. With an image column the captions of each image are
    grouped, which streams the split twice; set `grouped` if they are already adjacent. Without an
    id column ids are `hub:{image}:{ordinal}`. `subset` is the dataset's configuration. A text that
    is a list in JSON's or Python's notation holds several captions; with `several: lines` so does a
    text of several lines; `several: never` turns both off.
    """

    root: str
    subset: str | None = None
    revision: str | None = None
    caption_columns: tuple[str, ...] = ("caption",)
    image_column: str | None = None
    id_column: str | None = None
    several: Several = "auto"
    grouped: bool = False
    only_splits: tuple[str, ...] | None = None
    licence: str = ""

    def splits(self) -> tuple[str, ...]:
        """Return the dataset's splits.

        Raises:
            UsageError: there is no such dataset, or `datasets` is not installed.
            RetryableError: the hub cannot be reached.
        """
        return tuple(choose_splits(_open(self.root, self.subset, self.revision), self.only_splits))

    def left_out(self) -> tuple[Skip, ...]:
        """Return nothing: `datasets` decides which files are read."""
        return ()

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions, images in order of appearance."""
        dataset = choose_splits(_open(self.root, self.subset, self.revision), (split,))[split]
        columns = Columns(self.caption_columns, self.image_column, self.id_column, self.several)
        records = partial(_records, dataset, list(columns.all()), f"{self.root}, {split}")
        return table_captions(records, columns, source="hub", split=split, grouped=self.grouped)


def _open(root: str, subset: str | None, revision: str | None) -> "dict[str, IterableDataset]":
    if is_remote(path_of(root)):
        raise UsageError(
            f'the source "hub" expects USER/NAME or a folder, found {root}; use '
            "parquet, jsonl, csv or webdataset for files by URL"
        )
    try:
        import datasets  # noqa: PLC0415  (an extra, and it takes a second)
    except ImportError as error:
        raise UsageError(
            'the source "hub" needs the library datasets: pip install "caption-negatives[hub]"'
        ) from error
    try:
        opened = datasets.load_dataset(root, subset, revision=revision, streaming=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise _translate_error(error, root) from error
    return dict(opened)


def _without_decoding(dataset: "IterableDataset") -> "IterableDataset":
    """Return the dataset with undecoded images ({"bytes", "path"}), since they are not used."""
    from datasets import Image  # noqa: PLC0415  (as in _open)

    for name, feature in dataset.features.items():
        if isinstance(feature, Image):
            dataset = dataset.cast_column(name, Image(decode=False))
    return dataset


def _records(dataset: "IterableDataset", wanted: list[str], where: str) -> Records:
    """Yield the records with the wanted columns, or all columns if the data set names none."""
    if dataset.features is not None:
        check_columns(wanted, dataset.features, where=where, advice=NAME_COLUMNS)
        dataset = _without_decoding(dataset.select_columns(wanted))
    cells_of_rows = iter(dataset)
    row = 0
    while True:
        try:
            cells = next(cells_of_rows, None)
        except (OSError, ValueError, RuntimeError) as error:
            raise _translate_error(error, f"{where}, row {row}") from error
        if cells is None:
            return
        yield f"{where}, row {row}", cells
        row += 1


def _translate_error(error: Exception, where: str) -> UsageError | RetryableError:
    message = f"{where}: the dataset cannot be read: {one_line(error)}"
    if isinstance(error, ConnectionError | TimeoutError):
        return RetryableError(message)
    if isinstance(error, RuntimeError):  # script data sets are no longer supported
        return UsageError(
            f"{message}; the Hub may have a parquet version:  "
            "--set data.source.revision=refs/convert/parquet"
        )
    return UsageError(f"{message}; check root, subset and revision")
