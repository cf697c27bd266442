"""The door of Hugging Face `datasets`, imported when a dataset is opened and not before."""

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

    Without an image column each row is an image of its own, with the key `train/41`; of an image
    column that holds images, the key is their file name. With one the captions of an image are
    brought together, for which the split is streamed twice; `grouped` says that they stand
    together already. Without an id column ids are `hub:{image}:{ordinal}`. `subset` is
    the dataset's configuration. A text that is a list, as JSON or Python write it, holds several
    captions; with `several: lines` so does one of several lines, with `several: never` none does.
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
        """Return the splits that the dataset names.

        Raises:
            UsageError: there is no such dataset, or `datasets` is not installed.
            RetryableError: the hub cannot be reached.
        """
        return tuple(choose_splits(_open(self.root, self.subset, self.revision), self.only_splits))

    def left_out(self) -> tuple[Skip, ...]:
        """Return nothing: which files are read is for `datasets` to say."""
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
            f'the source "hub" expects USER/NAME or a folder, found {root}; files by URL are read '
            "by parquet, jsonl, csv and webdataset"
        )
    try:
        import datasets  # noqa: PLC0415  (an extra, and it takes a second)
    except ImportError as error:
        raise UsageError(
            'the source "hub" expects the library datasets, found none: '
            'pip install "caption-negatives[hub]"'
        ) from error
    try:
        opened = datasets.load_dataset(root, subset, revision=revision, streaming=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise _translate_error(error, root) from error
    return dict(opened)


def _without_decoding(dataset: "IterableDataset") -> "IterableDataset":
    """Return the dataset with its images left as {"bytes", "path"}: nobody looks at them."""
    from datasets import Image  # noqa: PLC0415  (as in _open)

    for name, feature in dataset.features.items():
        if isinstance(feature, Image):
            dataset = dataset.cast_column(name, Image(decode=False))
    return dataset


def _records(dataset: "IterableDataset", wanted: list[str], where: str) -> Records:
    """Yield the records with the wanted columns, or with all where the data set names none."""
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
    message = f"{where}: expected a dataset that can be read, found: {one_line(error)}"
    if isinstance(error, ConnectionError | TimeoutError):
        return RetryableError(message)
    if isinstance(error, RuntimeError):  # a data set that is a script, which is run no more
        return UsageError(
            f"{message}; the Hub may have it as parquet: "
            "--set data.source.revision=refs/convert/parquet"
        )
    return UsageError(f"{message}; check root, subset and revision")
