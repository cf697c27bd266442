"""Token ids of captions and negatives, made once and kept beside the shards.

Each shard has a file of integer lists, named after the tokenizer's fingerprint and with the shard's
SHA-256 in it, so that another tokenizer or shard has another file. Files are memory-mapped. They
are created atomically, so any number of processes may make them at once.

A negative with the same ids as its caption (its edit is beyond the context length) has no ids: it
is masked when drawn, and counted. A positive of that kind is never drawn.

Siblings are a row's neighbours in its shard with the same images, since a source yields the
captions of an image one after another. If a row names its siblings itself, those are used.
"""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.caches import cache_folder
from data.columns import Lists, map_lists, write_columns
from data.commit import attempt_path, sync_and_hash, sync_folder
from data.disk import is_full, writing
from data.errors import UsageError
from data.records import POSITIVE_TYPES, TYPES
from training.batches.rows import RowPlace, Rows, Texts
from training.batches.tokenizer import Encode, Tokenizer

Ids = NDArray[np.int32]

_TEXTS_AT_ONCE = 4096
_FORM = 3  # of the files
_SIBLING = POSITIVE_TYPES.index("sibling")
_REORDER = POSITIVE_TYPES.index("reorder")


class RowIds(NamedTuple):
    """The ids of a row, int32; unusable negatives have none, but keep their place."""

    caption: Ids
    negatives: tuple[Ids, ...]
    types: tuple[str, ...]


class PositivePlace(NamedTuple):
    """A positive's place in a shard: a row and the index in it; OF_CAPTION: the row's caption."""

    row: int
    number: int


OF_CAPTION: Final = -1


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The ids of a split's rows; `files` has one for each shard."""

    files: tuple[Path, ...]

    def of(self, place: RowPlace) -> RowIds:
        """Return the ids of a row, not copied."""
        lists = self._lists(place.shard)
        return RowIds(
            lists["caption"].row(place.row),
            _cut(lists["negatives"].row(place.row), lists["lengths"].row(place.row)),
            tuple(TYPES[code] for code in lists["types"].row(place.row).tolist()),
        )

    def positives_of(self, place: RowPlace, *, siblings: bool) -> list[PositivePlace]:
        """Return the places of a row's usable positives, in order.

        `siblings`: whether the image's other captions follow them.
        """
        lists = self._lists(place.shard)
        usable = lists["positive_lengths"].row(place.row) > 0
        codes = lists["positive_types"].row(place.row).tolist()
        own = [PositivePlace(place.row, number) for number in np.flatnonzero(usable).tolist()]
        found = [each for each in own if codes[each.number] != _SIBLING]
        if siblings and _SIBLING in codes:
            found += [each for each in own if codes[each.number] == _SIBLING]
        elif siblings:
            caption, (first, end) = (
                lists["caption"].row(place.row),
                lists["siblings"].row(place.row),
            )
            others = [row for row in range(first, end) if row != place.row]
            found += [
                PositivePlace(row, OF_CAPTION)
                for row in others
                if not np.array_equal(lists["caption"].row(row), caption)
            ]
        return found

    def positive(self, shard: int, place: PositivePlace) -> Ids:
        """Return the ids of a positive, not copied; an unusable one has none."""
        if place.number == OF_CAPTION:
            return self._lists(shard)["caption"].row(place.row)
        return self.stored_positives(RowPlace(shard, place.row))[place.number]

    def is_reordered(self, shard: int, place: PositivePlace) -> bool:
        """Tell whether a positive has the caption's words in another order."""
        if place.number == OF_CAPTION:
            return False
        codes = self._lists(shard)["positive_types"].row(place.row)
        return bool(codes[place.number] == _REORDER)

    def stored_positives(self, place: RowPlace) -> tuple[Ids, ...]:
        """Return the ids of a row's own positives in their places; unusable ones have none."""
        lists = self._lists(place.shard)
        return _cut(lists["positives"].row(place.row), lists["positive_lengths"].row(place.row))

    def _lists(self, shard: int) -> dict[str, Lists]:
        if shard not in self._mapped:
            self._mapped[shard] = map_lists(self.files[shard])[0]
        return self._mapped[shard]

    @cached_property
    def _mapped(self) -> dict[int, dict[str, Lists]]:
        return {}

    def __getstate__(self) -> dict[str, object]:
        return {"files": self.files}


def tokens_of(
    rows: Rows,
    tokenizer: Tokenizer,
    *,
    cache: Path | None = None,
    report: Callable[[int], None] = lambda _num_rows: None,
) -> Tokens:
    """Return the ids of all rows, making missing files; `report` is called for each shard.

    The files are in `cache`, by default in `tokens` beside the shards, or in the user's cache if
    that cannot be written.

    Raises:
        UsageError: the tokenizer gives no ids for a text, or no folder can be written.
        OSError: the disk is full.
    """
    folders = _folders(rows, tokenizer, cache)
    shards = range(len(rows.shards))
    return Tokens(files=tuple(_file(rows, n, tokenizer, folders, report) for n in shards))


def num_cut(tokens: Tokens) -> int:
    """Return the number of negatives with the same ids as their caption."""
    lengths = (map_lists(path)[0]["lengths"].values for path in tokens.files)
    return sum(int((values == 0).sum()) for values in lengths)


def with_negative(tokens: Tokens, types: Collection[str] | None) -> NDArray[np.bool_]:
    """Return for each row of the split, also those left out, whether it has a usable negative.

    `types`: the types that are drawn; None: any.
    """
    codes = None if types is None else [TYPES.index(name) for name in types]
    parts = [np.zeros(0, np.bool_)]
    for path in tokens.files:
        lists = map_lists(path)[0]
        lengths, kinds = lists["lengths"], lists["types"]
        usable = lengths.values > 0
        if codes is not None:
            usable &= np.isin(kinds.values, codes)
        before = np.concatenate([[0], np.cumsum(usable)])[lengths.offsets]
        parts.append(before[1:] > before[:-1])
    return np.concatenate(parts)


def with_positive(tokens: Tokens, *, siblings: bool) -> NDArray[np.bool_]:
    """Return for each row of the split, also those left out, whether it has a usable positive.

    Siblings that repeat the caption count as well.
    """
    parts = [np.zeros(0, np.bool_)]
    for path in tokens.files:
        lists = map_lists(path)[0]
        lengths, types = lists["positive_lengths"], lists["positive_types"]
        usable = lengths.values > 0
        if not siblings:
            usable &= types.values != _SIBLING
        before = np.concatenate([[0], np.cumsum(usable)])[lengths.offsets]
        first_and_end = lists["siblings"].values.reshape(-1, 2)
        alone = first_and_end[:, 1] - first_and_end[:, 0] == 1
        parts.append((before[1:] > before[:-1]) | (siblings & ~alone))
    return np.concatenate(parts)


def _cut(ids: Ids, lengths: Ids) -> tuple[Ids, ...]:
    """Return consecutive texts."""
    bounds = np.cumsum(lengths).tolist()
    starts = [0, *bounds[:-1]]
    return tuple(ids[start:end] for start, end in zip(starts, bounds, strict=False))


def _folders(rows: Rows, tokenizer: Tokenizer, cache: Path | None) -> tuple[Path, ...]:
    name = tokenizer.fingerprint[:16]
    if cache is not None:
        return (cache / name,)
    manifest = rows.manifest.fingerprint[:16]
    return rows.folder / "tokens" / name, cache_folder() / "tokens" / f"{manifest}-{name}"


def _file(
    rows: Rows,
    shard: int,
    tokenizer: Tokenizer,
    folders: tuple[Path, ...],
    report: Callable[[int], None],
) -> Path:
    """Return the file of a shard, making it in the first writable folder if necessary."""
    name = Path(rows.shards[shard].file).name
    made_of = {"shard": rows.shards[shard].sha256, "tokenizer": tokenizer.fingerprint}
    note = json.dumps(made_of | {"form": _FORM})
    for folder in folders:
        if _is_of(folder / name, note):
            return folder / name
    columns = _columns(rows.texts(shard), tokenizer.encode)
    if len(columns["caption"]) != rows.shards[shard].rows:
        raise UsageError(f"{rows.shards[shard].file}: not the rows that the manifest states")
    refusals: dict[Path, OSError] = {}
    for folder in folders:
        try:
            _write(folder, name, columns, note)
        except OSError as error:
            refusals[folder] = error
        else:
            report(rows.shards[shard].rows)
            return folder / name
    if all(map(is_full, refusals.values())):
        raise next(iter(refusals.values()))
    named = " or in ".join(f"{folder} ({error.strerror})" for folder, error in refusals.items())
    raise UsageError(f"token ids cannot be kept in {named}; name another folder as cache")


def _is_of(path: Path, note: str) -> bool:
    """Tell whether a file exists, is complete, and is of this shard and tokenizer."""
    try:
        return path.exists() and map_lists(path)[1] == note
    except (UsageError, OSError):
        return False


def _write(folder: Path, name: str, columns: dict[str, list[list[int]]], note: str) -> None:
    draft = attempt_path(folder, name, "tokens")
    try:
        with writing(folder / name):
            write_columns(draft, strings={}, ragged=columns, note=note)
            sync_and_hash(draft)
        draft.rename(folder / name)
        sync_folder(folder)
    finally:
        draft.unlink(missing_ok=True)


def _columns(rows: Iterator[Texts], encode: Encode) -> dict[str, list[list[int]]]:
    names = ["caption", "negatives", "lengths", "types"]
    names += ["positives", "positive_lengths", "positive_types"]
    columns: dict[str, list[list[int]]] = {name: [] for name in names}
    shown: list[tuple[tuple[str, ...], str]] = []
    while block := list(islice(rows, _TEXTS_AT_ONCE)):
        texts = [text for row in block for text in (row.caption, *row.negatives, *row.positives)]
        encoded = iter(_encoded(texts, encode))
        for row in block:
            caption = next(encoded)
            negatives = _others(caption, islice(encoded, len(row.negatives)))
            positives = _others(caption, islice(encoded, len(row.positives)))
            columns["caption"].append(caption)
            columns["negatives"].append([token for ids in negatives for token in ids])
            columns["lengths"].append([len(ids) for ids in negatives])
            columns["types"].append([TYPES.index(name) for name in row.types])
            columns["positives"].append([token for ids in positives for token in ids])
            columns["positive_lengths"].append([len(ids) for ids in positives])
            types = [POSITIVE_TYPES.index(name) for name in row.positive_types]
            columns["positive_types"].append(types)
            shown.append((row.images, row.layout))
    return columns | {"siblings": _runs(shown)}


def _others(caption: list[int], texts: Iterator[list[int]]) -> list[list[int]]:
    """Return ids of texts, none for those with the caption's ids."""
    return [[] if ids == caption else ids for ids in texts]


def _runs(shown: list[tuple[tuple[str, ...], str]]) -> list[list[int]]:
    """Return for each row the start and end of the run of rows with the same images."""
    runs: list[list[int]] = []
    for (keys, _layout), run in groupby(shown):
        first, size = len(runs), len(list(run))
        alone = not keys  # rows without an image share none
        runs += [[row, row + 1] if alone else [first, first + size]
                 for row in range(first, first + size)]  # fmt: skip
    return runs


def _encoded(texts: list[str], encode: Encode) -> list[list[int]]:
    encoded = encode(texts)
    for text, ids in zip(texts, encoded, strict=True):
        if not ids:
            raise UsageError(f"the tokenizer gives no ids for {text!r}; expected an end of text")
    return encoded
