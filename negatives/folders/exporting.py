"""Shards -> files for other trainers.

An export gets its name only when it is complete; a killed one leaves a hidden draft beside it,
which the next one deletes.
"""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

from data.commit import Committed, sync_and_hash, sync_folder
from data.disk import unwritable, writing
from data.errors import UsageError
from data.image_names import match_keys, missing, name_in
from data.images import ImageFolder, Store
from data.manifest import Manifest, read_manifest
from data.parquet import write_parquet
from data.schema import ROW_SCHEMA
from data.shards import map_batches, read_plain
from data.storage import AnyPath
from data.texts import nearest
from negatives.folders.lineage import Report
from negatives.folders.samples import Tars, why_not_one_image, write_samples

Plain = dict[str, Any]
TAR_SAMPLES: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportOptions:
    """What is exported.

    `to`: one of TARGETS. `splits`: None exports all. `images`: the folder of the images, for the
    paths of negclip-tsv and the images of webdataset. `tar_samples`: samples per tar of webdataset;
    None means TAR_SAMPLES.
    """

    to: str
    splits: tuple[str, ...] = ()
    images: AnyPath | None = None
    tar_samples: int | None = None


class ExportResult(NamedTuple):
    """What was written: captions, the files with their hashes, and captions left out by reason."""

    captions: int
    files: tuple[Committed, ...]
    left_out: dict[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """The shards to export, by split, and counts of what is left out."""

    shards: Mapping[str, tuple[AnyPath, ...]]
    options: ExportOptions
    report: Report
    left_out: Counter[str] = field(default_factory=Counter)

    def images(self) -> list[str]:
        """Return the image keys of all splits, each once."""
        batches = (
            batch
            for paths in self.shards.values()
            for path in paths
            for batch in map_batches(path, schema=ROW_SCHEMA)
        )
        keys = (batch.column("images").values.to_pylist() for batch in batches)
        return list(dict.fromkeys(chain.from_iterable(keys)))

    def open_images(self) -> Store | None:
        """Return the images by the captions' keys; None without a folder of images."""
        if self.options.images is None:
            return None
        folder, keys = ImageFolder(self.options.images), self.images()
        return match_keys(folder, keys) if len(folder.absent(keys)) == len(keys) else folder

    def rows(self) -> Iterator[Plain]:
        """Yield the rows of all splits."""
        for split in self.shards:
            yield from self.rows_of(split)

    def rows_of(self, split: str) -> Iterator[Plain]:
        """Yield the rows of one split as JSON values."""
        for path in self.shards[split]:
            num_rows = 0
            for row in read_plain(path):
                num_rows += 1
                yield row
            self.report(num_rows)


def export_folder(
    folder: AnyPath,
    output: Path,
    *,
    options: ExportOptions,
    report: Report = lambda _num_captions: None,
) -> ExportResult:
    """Write a finished folder in another format to `output`, which must be new.

    Raises:
        UsageError: the folder is not finished, an option does not fit, or nothing could be written.
    """
    _refuse_unfit(options)
    manifest = read_manifest(folder)
    splits = _splits(manifest, options)
    shards = {
        split: tuple(folder / shard.file for shard in manifest.shards if shard.split == split)
        for split in splits
    }
    job = Job(shards=shards, options=options, report=report)
    with _appearing(output) as draft:
        num_written = TARGETS[options.to](job, draft)
        left_out = dict(sorted(job.left_out.items()))
        if not num_written:
            raise UsageError(f"{folder}: nothing to export; left out: {json.dumps(left_out)}")
    paths = sorted(output.iterdir()) if output.is_dir() else [output]
    files = tuple(Committed(path.name, *sync_and_hash(path)) for path in paths)
    return ExportResult(num_written, files, left_out)


def _refuse_unfit(options: ExportOptions) -> None:
    if options.to not in TARGETS:
        raise UsageError(f"unknown format {options.to!r}; {nearest(options.to, TARGETS)}")
    if options.tar_samples is not None and options.to != "webdataset":
        raise UsageError(f"samples in a tar: only webdataset has tars, not {options.to}")
    if options.images is not None and options.to not in {"webdataset", "negclip-tsv"}:
        raise UsageError(f"{options.to} does not use images; leave out the folder of images")
    if options.tar_samples is not None and options.tar_samples < 1:
        raise UsageError(f"samples in a tar: expected 1 or more, found {options.tar_samples}")
    if options.images is not None and not options.images.is_dir():
        raise UsageError(f"{options.images}: expected a folder of images, found none")


def _splits(manifest: Manifest, options: ExportOptions) -> tuple[str, ...]:
    known = manifest.splits()
    for split in options.splits:
        if split not in known:
            raise UsageError(f"no split {split!r}; {nearest(split, known)}")
    splits = tuple(split for split in known if split in options.splits) or known
    if len(splits) > 1 and not options.splits and options.to != "webdataset":
        raise UsageError(
            f"{options.to} is one file, and there are the splits {', '.join(known)}; choose with "
            "--split, which is repeatable"
        )
    return splits


def _write_jsonl(job: Job, draft: Path) -> int:
    num_written = 0
    with draft.open("w", encoding="utf-8", newline="\n") as file:
        for row in job.rows():
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            num_written += 1
    return num_written


def _write_parquet(job: Job, draft: Path) -> int:
    num_written = 0

    def batches() -> Iterator[Any]:
        nonlocal num_written
        for path in (path for paths in job.shards.values() for path in paths):
            for batch in map_batches(path, schema=ROW_SCHEMA):
                yield batch
                num_written += batch.num_rows
                job.report(batch.num_rows)

    write_parquet(draft, batches(), schema=ROW_SCHEMA)
    return num_written


def _write_negclip_tsv(job: Job, draft: Path) -> int:
    """Write title, filepath, neg_caption (a Python list) and neg_image, an empty one.

    Readers of this format draw one of the negatives, so captions without any are left out.
    neg_image would list images to contrast with, which are unknown here.
    """
    images, store = job.options.images, job.open_images()
    num_written = 0
    with draft.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(("title", "filepath", "neg_caption", "neg_image"))
        for row in job.rows():
            texts = [negative["text"] for negative in row["negatives"]]
            problem = why_not_one_image(row["images"]) if texts else "no negative"
            if problem:
                job.left_out[problem] += 1
                continue
            (image,) = row["images"]
            name = image if store is None else name_in(store, image)
            path = name if images is None else str(images / name)
            table.writerow((row["caption"], path, repr(texts), "[]"))
            num_written += 1
    return num_written


def _write_webdataset(job: Job, draft: Path) -> int:
    draft.mkdir()
    images = job.open_images()
    if images is not None and len(absent := images.absent(keys := job.images())) == len(keys):
        raise UsageError(
            f"nothing to export, all images are missing: {missing(images, keys, absent)}"
        )
    tars = Tars(draft, images, job.options.tar_samples or TAR_SAMPLES)
    num_written = 0
    for split in job.shards:
        num_written += write_samples(
            split, job.rows_of(split), tars=tars, first_key=num_written, left_out=job.left_out
        )
    return num_written


TARGETS: Final[Mapping[str, Callable[[Job, Path], int]]] = {
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
    "negclip-tsv": _write_negclip_tsv,
    "webdataset": _write_webdataset,
}


@contextmanager
def _appearing(output: Path) -> Iterator[Path]:
    """Yield the path of a draft; rename it to `output` once it is complete.

    Raises:
        UsageError: `output` exists and is not an empty folder, or cannot be written.
    """
    if output.is_dir() and output.samefile(Path.cwd()):
        raise UsageError(f"{output}: the current folder; choose a new name")
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise UsageError(f"{output}: exists already; choose another name")
    draft = output.with_name(f".{output.name}.unfinished")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        _remove(draft)
        draft.touch(exist_ok=False)  # fail before the work if this place cannot be written
        draft.unlink()
    except OSError as error:
        raise unwritable(output, error) from error
    try:
        with writing(output):
            yield draft
    except BaseException:
        _remove(draft)
        raise
    for path in draft.iterdir() if draft.is_dir() else (draft,):
        sync_and_hash(path)
    if output.is_dir():
        output.rmdir()
    draft.rename(output)
    sync_folder(output.parent)


def _remove(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft)
    draft.unlink(missing_ok=True)
