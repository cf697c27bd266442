"""The manifest: written last, so that a folder with one is complete; checked when opened.

It records no time, host or number of workers: equal work gives an equal manifest, byte for byte.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from data.commit import Json, sync_and_hash, write_atomically
from data.errors import UsageError
from data.records import (
    LAYOUTS,
    METHODS,
    POSITIVE_TYPES,
    SUBTYPES,
    TYPES,
    Negative,
    Positive,
    Reject,
    Row,
)
from data.schema import READABLE
from data.shards import read_rejects, read_rows
from data.sources.files import contents, existing
from data.storage import AnyPath, sizes_in

FILE_NAME = "manifest.json"
FLUENCY = "fluency"
"""The folder of a build's corpus model."""

_SHARDS = ("shards", "rejects")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """A file of rows: its path in the folder, its split, rows, bytes and SHA-256."""

    file: str
    split: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtraFile:
    """A file that is not a shard: its path in the folder, bytes and SHA-256."""

    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a folder of shards holds and how it was made.

    `config` is the whole configuration that shaped the content; `fingerprint` hashes it together
    with the versions. `source` has the name, the licence and the digest of the captions read.
    `fluency` lists the files of the corpus model, if the build made one. `Negative.producer`
    indexes `producers`. `tallies` counts captions, negatives by type and rule, and every rejection
    by rule and reason. `lineage` lists the manifests that a filtered, merged or imported folder was
    made from.
    """

    schema: int
    seed: int
    config: Json
    fingerprint: str
    source: Json
    versions: dict[str, str]
    producers: list[Json]
    shards: tuple[Shard, ...]
    rejects: tuple[Shard, ...]
    fluency: tuple[ExtraFile, ...]
    tallies: dict[str, dict[str, int]]
    lineage: list[Json]

    def __repr__(self) -> str:
        """Return a summary in one line; `to_json` returns everything."""
        splits = ", ".join(self.splits())
        return f"Manifest({self.fingerprint!r}, splits: {splits}, {self.num_rows():,} rows)"

    def splits(self) -> tuple[str, ...]:
        """Return the names of the splits, in the order of their shards."""
        return tuple(dict.fromkeys(shard.split for shard in self.shards))

    def all_files(self) -> "tuple[Shard | ExtraFile, ...]":
        """Return all files."""
        return (*self.shards, *self.rejects, *self.fluency)

    def num_rows(self) -> int:
        """Return the number of rows in all shards."""
        return sum(shard.rows for shard in self.shards)


def to_json(manifest: Manifest) -> str:
    """Return the text of the manifest file."""
    return json.dumps(asdict(manifest), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_manifest(folder: AnyPath, manifest: Manifest) -> None:
    """Write the manifest: from now on the folder is complete."""
    write_atomically(folder / FILE_NAME, to_json(manifest))


def read_manifest(folder: AnyPath) -> Manifest:
    """Return the manifest of a finished folder, after checking the sizes of its files.

    Raises:
        UsageError: there is none, it is damaged or of another version, or a shard is missing or has
            another size.
    """
    manifest = manifest_without_sizes(folder)
    sizes = _sizes(folder)
    for stored in manifest.all_files():
        problem = _size_problem(stored, sizes)
        if problem:
            raise UsageError(f"{folder}: {problem}; run `negatives verify` for all problems")
    return manifest


def _instead(folder: AnyPath) -> str:
    """Return what the folder holds instead of a manifest, and what to do."""
    if (folder / "work").is_dir():
        return "run the same command again to resume the build"
    return f"found {contents(folder) if folder.is_dir() else 'a file'}; give the folder of a build"


def manifest_without_sizes(folder: AnyPath) -> Manifest:
    """Return the manifest of a folder without checking its files.

    Raises:
        UsageError: there is none, or it is damaged or of another version.
    """
    path = folder / FILE_NAME
    if not path.exists():
        raise UsageError(
            f"{existing(folder)}: not a finished build (no {FILE_NAME}); {_instead(folder)}"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path}: damaged: {error}") from error
    expected = {field.name for field in fields(Manifest)}
    if not isinstance(content, dict) or set(content) != expected:
        raise UsageError(f"{path}: not a manifest of this package")
    if content["schema"] not in READABLE:
        raise UsageError(
            f"{path}: expected schema version {' or '.join(map(str, READABLE))}, found "
            f"{content['schema']!r}; upgrade caption-negatives to read it"
        )
    try:
        files = {kind: tuple(Shard(**item) for item in content[kind]) for kind in _SHARDS}
        fluency = tuple(ExtraFile(**item) for item in content["fluency"])
    except TypeError as error:
        raise UsageError(f"{path}: damaged: its list of files is invalid") from error
    return Manifest(**{**content, **files, "fluency": fluency})


def read_all_rows(folder: AnyPath, manifest: Manifest) -> Iterator[Row]:
    """Yield the rows of all shards, in order.

    Raises:
        UsageError: a shard cannot be read.
    """
    for shard in manifest.shards:
        yield from read_rows(folder / shard.file)


def problems_of(folder: AnyPath, manifest: Manifest) -> Iterator[str]:
    """Check every byte and every row against the manifest; yield a line for each problem."""
    sizes = _sizes(folder)
    for stored in manifest.all_files():
        problem = _size_problem(stored, sizes) or _byte_problem(folder, stored)
        if problem:
            yield problem
        elif isinstance(stored, Shard):
            yield from _shard_problems(folder, stored, manifest)
    known = {stored.file for stored in manifest.all_files()}
    yield from (f"{file}: not in the manifest" for file in sorted({*sizes} - known))


def _sizes(folder: AnyPath) -> dict[str, int]:
    """Return the sizes in bytes of all files that a manifest may list, by path."""
    kinds = ("data", "rejects", FLUENCY)
    return {f"{kind}/{n}": size for kind in kinds for n, size in sizes_in(folder / kind).items()}


def _size_problem(stored: Shard | ExtraFile, sizes: Mapping[str, int]) -> str | None:
    size = sizes.get(stored.file)
    if size is None:
        return f"{stored.file}: missing"
    return None if size == stored.bytes else f"{stored.file}: {size} bytes, expected {stored.bytes}"


def _byte_problem(folder: AnyPath, stored: Shard | ExtraFile) -> str | None:
    sha256 = sync_and_hash(folder / stored.file)[1]
    if sha256 != stored.sha256:
        return f"{stored.file}: damaged, SHA-256 {sha256} instead of {stored.sha256}"
    return None


def _shard_problems(folder: AnyPath, shard: Shard, manifest: Manifest) -> Iterator[str]:
    num_rows = 0
    try:
        for problems in _problems_by_row(folder, shard, manifest):
            num_rows += 1
            yield from (f"{shard.file}: {line}" for line in problems)
    except (UsageError, ValueError) as error:
        yield f"{shard.file}: {error}"
        return
    if num_rows != shard.rows:
        yield f"{shard.file}: {num_rows} rows, expected {shard.rows}"


def _problems_by_row(folder: AnyPath, shard: Shard, manifest: Manifest) -> Iterator[Iterator[str]]:
    num_producers = len(manifest.producers)
    if shard in manifest.shards:
        for row in read_rows(folder / shard.file):
            yield row_problems(row, num_producers=num_producers)
        return
    rows = read_rows(folder / "data" / Path(shard.file).name)  # the rows that the rejects belong to
    captions = {row.id: row.caption for row in rows}
    for reject in read_rejects(folder / shard.file):
        yield _reject_problems(reject, captions.get(reject.id), num_producers=num_producers)


_VOCABULARIES: Mapping[str, tuple[str, ...]] = {"subtype": SUBTYPES, "method": METHODS}


def row_problems(row: Row, *, num_producers: int) -> Iterator[str]:
    """Yield what is wrong with a row: edits that do not give the text, unknown names."""
    if row.layout not in LAYOUTS:
        yield f"row {row.id}: layout {row.layout!r} is unknown"
    elif (row.layout == "single") != (len(row.images) < 2):
        yield f"row {row.id}: {len(row.images)} images with the layout {row.layout}"
    all_edited: tuple[Negative | Positive, ...] = (*row.negatives, *row.positives)
    for edited in all_edited:
        if not _leads_to(edited, row.caption):
            yield f"row {row.id}: the edits do not give {edited.text!r}"
        types = TYPES if isinstance(edited, Negative) else POSITIVE_TYPES
        for name, allowed in {"type": types, **_VOCABULARIES}.items():
            if getattr(edited, name) not in allowed:
                yield f"row {row.id}: {name} {getattr(edited, name)!r} is unknown"
        if not 0 <= edited.producer < num_producers:
            yield f"row {row.id}: producer {edited.producer} is not in the manifest"


def _reject_problems(reject: Reject, caption: str | None, *, num_producers: int) -> Iterator[str]:
    if caption is None:
        yield f"reject of {reject.id}: no such row"
    elif not _leads_to(reject, caption):
        yield f"reject of {reject.id}: the edits do not give {reject.text!r}"
    if reject.type not in TYPES:
        yield f"reject of {reject.id}: type {reject.type!r} is unknown"
    if not 0 <= reject.producer < num_producers:
        yield f"reject of {reject.id}: producer {reject.producer} is not in the manifest"


def _leads_to(edited: Negative | Positive | Reject, caption: str) -> bool:
    try:
        return edited.edit.apply(caption) == edited.text
    except ValueError:
        return False
