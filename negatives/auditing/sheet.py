"""A sheet for human judging: which negatives are judged, and what a reader sees of them.

Readers learn neither source nor type: items of several folders are mixed, named by a hash, and
shown in one plain form (equal spacing, final marks and first letters), since a final " ." would
give a published set away. The key, a file that readers do not get, tells what each item is.
"""

import heapq
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from data.edits import Edit, edit_between
from data.errors import UsageError
from data.manifest import read_all_rows, read_manifest
from data.records import Negative, Row
from data.storage import AnyPath
from data.streams import Stream


class Question(NamedTuple):
    """A question about each item; a `blind` one is asked before the caption is shown."""

    name: str
    text: str
    hint: str
    blind: bool


QUESTIONS: Final = (
    Question(
        "grammatical",
        "Is this grammatical, as captions go?",
        "Captions are often no whole sentences; that is no fault.",
        blind=True,
    ),
    Question(
        "plausible",
        "Could it be the caption of a photograph?",
        "Rare is plausible; senseless or impossible is not.",
        blind=True,
    ),
    Question(
        "false",
        "Is this text certainly false of the photograph that the caption describes?",
        "Yes only if no photograph that fits the caption would fit this text as well.",
        blind=False,
    ),
)


class Item(NamedTuple):
    """What a reader sees: a meaningless name, a true caption, and the text to judge."""

    item: str
    caption: str
    text: str


class KeyEntry(NamedTuple):
    """The source of an item, with its texts as they are in their folder."""

    item: str
    folder: str
    type: str
    subtype: str
    rule: str
    id: str
    caption: str
    text: str


class Sheet(NamedTuple):
    """Items in the order in which they are asked, and the key to them, sorted."""

    items: tuple[Item, ...]
    key: tuple[KeyEntry, ...]


def draw_sheet(folders: Sequence[tuple[AnyPath, int]], *, seed: int) -> Sheet:
    """Draw the given number of negatives from each folder and shuffle them.

    Raises:
        UsageError: a folder is not finished, has no negative, or is given twice.
    """
    names = _names([folder for folder, _ in folders])
    key: dict[str, KeyEntry] = {}
    for name, (folder, size) in zip(names, folders, strict=True):
        rows = read_all_rows(folder, read_manifest(folder))
        drawn = stratified_sample(rows, size, seed=seed)
        if not drawn:
            raise UsageError(f"{folder}: no negatives to judge; leave the folder out")
        for row, negative in drawn:
            entry = _entry(name, row, negative, seed=seed)
            key[entry.item] = entry
    entries = sorted(key.values())
    order = Stream(seed, "annotate", "order").shuffled(entries)
    items = (Item(entry.item, plain_form(entry.caption), plain_form(entry.text)) for entry in order)
    return Sheet(tuple(items), tuple(entries))


def stratified_sample(rows: Iterable[Row], size: int, *, seed: int) -> list[tuple[Row, Negative]]:
    """Return `size` negatives, or all, each (type, subtype) with its share of all negatives.

    Within a stratum every negative is as likely as another. One pass; memory for `size` negatives a
    stratum. Shares are rounded by largest remainder, so a plain mean estimates the folder's.
    """
    counts: Counter[str] = Counter()
    kept: dict[str, list[tuple[float, int, Row, Negative]]] = {}
    number = 0
    for row in rows:
        for index, negative in enumerate(row.negatives):
            number += 1
            stratum = f"{negative.type}/{negative.subtype}"
            counts[stratum] += 1
            rank = Stream(seed, "annotate", row.id, index).unit()
            heap = kept.setdefault(stratum, [])
            heapq.heappush(heap, (-rank, -number, row, negative))
            if len(heap) > size:
                heapq.heappop(heap)
    shares = shared_out(counts, size)
    return [
        (row, negative)
        for stratum in sorted(kept)
        for _, _, row, negative in heapq.nlargest(shares[stratum], kept[stratum])
    ]


def shared_out(counts: Mapping[str, int], size: int) -> dict[str, int]:
    """Return each stratum's part of `size`, in proportion, by largest remainder."""
    total = sum(counts.values())
    if size >= total:
        return dict(counts)
    shares = {name: size * count // total for name, count in counts.items()}
    by_remainder = sorted(counts, key=lambda name: (-(size * counts[name] % total), name))
    for name in by_remainder[: size - sum(shares.values())]:
        shares[name] += 1
    return shares


_SPACE_BEFORE = re.compile(r"\s+(?=[.,;:!?]|n't\b|'(?:s|re|ve|ll|d|m)\b)", re.IGNORECASE)
_FINAL_MARK = re.compile(r"[\s.!]+$")
_FIRST = re.compile(r"^\w")


def plain_form(text: str) -> str:
    """Return a text with the spacing, final mark and first letter that all items have."""
    spaced = _SPACE_BEFORE.sub("", " ".join(text.split()))
    return _FIRST.sub(lambda found: found.group().upper(), _FINAL_MARK.sub("", spaced))


def difference(item: Item) -> Edit | None:
    """Return the edit from caption to text, computed alike for every source; None if equal."""
    return edit_between(item.caption, item.text)


def _names(folders: Sequence[AnyPath]) -> list[str]:
    """Return the folders' last parts, or whole paths where those are equal."""
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise UsageError("a folder is given twice; name each once")
    last = [folder.resolve().name for folder in folders]
    return last if len(set(last)) == len(last) else [str(folder) for folder in folders]


def _entry(folder: str, row: Row, negative: Negative, *, seed: int) -> KeyEntry:
    item = digest(str(seed), folder, row.id, row.caption, negative.text)
    kinds = (negative.type, negative.subtype, negative.rule)
    return KeyEntry(item, folder, *kinds, row.id, row.caption, negative.text)


def digest(*parts: str) -> str:
    """Return a short hash that reveals nothing about the parts."""
    return blake2b(json.dumps(parts).encode(), digest_size=8).hexdigest()
