"""Published negatives -> our rows, each negative as an edit of its caption.

Texts are only stripped of white space at their ends. A caption whose negatives are all unusable is
kept without any, and every reason is counted.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath

from data import records
from data.commit import Json, sync_and_hash
from data.config import plain
from data.edits import edit_between
from data.errors import UsageError
from data.manifest import Manifest, Shard
from data.records import (
    POSITIVE_TYPES,
    SUBTYPES,
    TYPES,
    Caption,
    Negative,
    Positive,
    Row,
    Skip,
    images_of,
)
from data.sources.files import find_splits, split_name
from data.sources.packed import plain_name
from data.sources.raw_captions import RawCaption, captions_of, key_of
from data.storage import AnyPath
from data.texts import nearest, normalise
from negatives.config import NegativesConfig
from negatives.folders.detecting import detect_format, files_of
from negatives.folders.items import PublishedCaption, PublishedNegative
from negatives.folders.layouts import LAYOUTS
from negatives.folders.lineage import Account, Counts, Report, manifest_of
from negatives.folders.published import FORMATS, NO_LIST
from negatives.folders.usable import LONG, MAX_CHARACTERS, fault_of, type_of, word_in
from negatives.folders.writing import NewFolder, write_folder


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportOptions:
    """How to read a file.

    `format`: one of FORMATS, or "auto" to recognise it by its name and first line. `type`,
    `subtype`: for negatives without one in the file. `source_name`: the start of ids where the file
    has none, or only a number; None for the name of the file or its layout. `split`: None for the
    one in the file's name, "test" for benchmarks.
    """

    format: str = "auto"
    type: str = "unknown"
    subtype: str = "unknown"
    source_name: str | None = None
    split: str | None = None
    licence: str = ""


def import_published(
    path: AnyPath,
    out: AnyPath,
    *,
    options: ImportOptions,
    report: Report = lambda _num_captions: None,
) -> Manifest:
    """Write the negatives of a published file into the new folder `out`.

    Raises:
        UsageError: the file has another format, or has no usable caption, or no usable negative or
            positive.
    """
    options = _resolve(path, options)
    files = files_of(path, options.format)
    counts = Counts()
    producers, identities = _producers(files, options)
    shard_rows = NegativesConfig().shard_captions
    account = Account(
        config={"import": plain(options), "negatives": {"shard_captions": shard_rows}},
        seed=0,
        source={
            "name": options.source_name,
            "file": path.resolve().name,
            "files": identities,
            "licence": options.licence,
        },
        producers=producers,
        lineage=[{"command": "import", "options": plain(options), "files": identities}],
    )

    def manifest(shards: tuple[Shard, ...]) -> Manifest:
        if not shards:
            raise UsageError(
                f"{path}: no caption could be used; skipped: {counts.describe_skips()}; is it "
                f"{options.format}?"
            )
        tallies = counts.content()
        if not (tallies["negatives_by_type"] or tallies["positives_by_type"]):
            raise UsageError(_nothing_of(path, counts, options.format))
        return manifest_of(account, shards, tallies)

    return write_folder(
        NewFolder(out, "import", shard_rows),
        [(str(options.split), _Reading(options, counts).rows(files))],
        manifest=manifest,
        report=report,
    )


def _nothing_of(path: AnyPath, counts: Counts, format_name: str) -> str:
    """Return why a file that has captions gives no folder."""
    if counts.num_skips:
        return (
            f"{path}: none of its negatives or positives could be used; skipped: "
            f"{counts.describe_skips()}; is it {format_name}?"
        )
    return (
        f"{path}: expected negatives or positives, found captions without any; name a file that "
        "has some, or make them with `negatives build`"
    )


def _resolve(path: AnyPath, options: ImportOptions) -> ImportOptions:
    """Return the options, completed from the file's name."""
    known = ("auto", *FORMATS)
    if options.format not in known:
        raise UsageError(f"unknown format {options.format!r}; {nearest(options.format, known)}")
    for name, value, allowed in (
        ("type", options.type, TYPES),
        ("subtype", options.subtype, SUBTYPES),
    ):
        if value not in allowed:
            raise UsageError(f"unknown {name} {value!r}; {nearest(value, allowed)}")
    format_name = detect_format(path) if options.format == "auto" else options.format
    files = files_of(path, format_name)
    layout = LAYOUTS.get(format_name)
    stated = "test" if format_name == "sugarcrepe" else layout.split if layout else ""
    split = stated or next(iter(find_splits(files[0], suffixes=(), split=None)))
    is_named = layout or format_name == "sugarcrepe"
    name = format_name if is_named else split_name(_stem(files[0]))
    return replace(
        options,
        format=format_name,
        split=split_name(options.split or split),
        source_name=options.source_name or name,
    )


def _stem(file: AnyPath) -> str:
    return PurePath(plain_name(file.name)).stem


def _producers(files: tuple[AnyPath, ...], options: ImportOptions) -> tuple[list[Json], list[Json]]:
    """Return the producers, one per file, and the names and hashes of the files."""
    identities: list[Json] = [
        {"name": file.resolve().name, "sha256": sync_and_hash(file)[1]} for file in files
    ]
    return [
        {"method": "import", "format": options.format, "file": file} for file in identities
    ], identities


class _Reading:
    """One pass over the files: assigns ids and counts what cannot be used."""

    def __init__(self, options: ImportOptions, counts: Counts) -> None:
        self._options = options
        self._counts = counts
        self._num_by_image: Counter[str] = Counter()
        self._times: Counter[str] = Counter()

    def rows(self, files: tuple[AnyPath, ...]) -> Iterator[Row]:
        """Yield the rows of all files, in order; a row's producer is the index of its file."""
        for producer, file in enumerate(files):
            for item in FORMATS[self._options.format](file):
                row = item if isinstance(item, Skip) else self._row(item, producer)
                if isinstance(row, Skip):
                    self._counts.skip(row.reason)
                else:
                    published = not isinstance(item, Skip) and item.negatives
                    why_empty = "no usable negative" if published else "no negative in the file"
                    yield self._counts.add(row, why_empty=why_empty)

    def _row(self, item: PublishedCaption, producer: int) -> Row | Skip:
        image = key_of(item.image) or ""
        found = RawCaption(image or "none", item.caption, item.where, self._id(item, image))
        (caption,) = captions_of([found], source="")
        if isinstance(caption, Skip):
            return caption
        if len(caption.text) > MAX_CHARACTERS:
            return Skip(f"caption is {LONG}", item.where)
        negatives = self._negatives(caption, item, producer)
        positives = self._positives(caption, item, producer, negatives)
        row = Row(caption.id, images_of(image), caption.text, negatives, positives)
        if item.layout is None:
            return row
        images = tuple(key_of(each) or "" for each in item.images)
        if item.layout not in records.LAYOUTS[1:] or "" in images:
            return Skip("composite of an unknown layout", item.where)
        return row._replace(images=images, layout=str(item.layout))

    def _id(self, item: PublishedCaption, image: str) -> str:
        """Return the stated id if it is more than a number, else one of source and position."""
        source = self._options.source_name
        stated = key_of(item.id)
        if stated is None:
            ordinal = self._num_by_image[image]
            self._num_by_image[image] += 1
            stated = f"{source}:{image}:{ordinal}" if image else f"{source}:{ordinal}"
        elif stated.isdecimal():
            stated = f"{source}:{stated}"
        return self._unique(stated)

    def _unique(self, wanted: str) -> str:
        """Return the id, followed by `#2` and so on if it occurred before."""
        self._times[wanted] += 1
        times = self._times[wanted]
        return wanted if times == 1 else self._unique(f"{wanted}#{times}")

    def _negatives(
        self, caption: Caption, item: PublishedCaption, producer: int
    ) -> tuple[Negative, ...]:
        if item.negatives is None:
            self._counts.skip(NO_LIST)
            return ()
        negatives: list[Negative] = []
        seen: set[str] = set()
        for published in item.negatives:
            fault = fault_of(published, caption.text, seen)
            if fault is None:
                negatives.append(self._negative(caption, published, item.where, producer))
            else:
                self._counts.skip(fault)
        return tuple(negatives)

    def _negative(
        self, caption: Caption, published: PublishedNegative, where: str, producer: int
    ) -> Negative:
        text = str(published.text).strip()
        edit = edit_between(caption.text, text)
        assert edit is not None, "equal texts were refused before"
        options = self._options
        return Negative(
            text=text,
            type=word_in(published.type, options.type, TYPES, f"{where}: type"),
            subtype=word_in(published.subtype, options.subtype, SUBTYPES, f"{where}: subtype"),
            rule=key_of(published.rule) or str(options.source_name),
            method="import",
            edit=edit,
            score=None,  # the scorer behind a file's scores is unknown
            producer=producer,
        )

    def _positives(
        self,
        caption: Caption,
        item: PublishedCaption,
        producer: int,
        negatives: tuple[Negative, ...],
    ) -> tuple[Positive, ...]:
        positives: list[Positive] = []
        false, seen = {normalise(negative.text) for negative in negatives}, set[str]()
        for published in item.positives:
            fault = fault_of(published, caption.text, seen, what="positive")
            text = str(published.text).strip()
            if fault is None and normalise(text) in false:
                fault = "positive is a negative, too"
            edit = None if fault else edit_between(caption.text, text)
            if edit is None:
                self._counts.skip(fault or "positive equals its caption")
                continue
            where, default = item.where, type_of(caption.text, text)
            positives.append(Positive(
                text=text,
                type=word_in(published.type, default, POSITIVE_TYPES, f"{where}: type"),
                subtype=word_in(published.subtype, "unknown", SUBTYPES, f"{where}: subtype"),
                rule=key_of(published.rule) or str(self._options.source_name),
                method="import",
                edit=edit,
                score=None,
                producer=producer,
            ))  # fmt: skip
        return tuple(positives)
