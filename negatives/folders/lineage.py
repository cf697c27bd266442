"""The manifest of a folder that was not built: its counts and its parents."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

from data.commit import Json
from data.config import fingerprint, plain
from data.errors import UsageError
from data.manifest import FILE_NAME, Manifest, Shard, problems_of, read_manifest
from data.pulling import unpacked
from data.records import Row
from data.schema import VERSION
from data.shards import read_rows
from data.storage import AnyPath
from negatives.config import NegativesConfig
from negatives.folders.versions import writer_versions
from negatives.tallies import Content, sum_contents

_COUNTED = (
    "captions", "skipped", "negatives_by_type", "negatives_by_rule", "empty_because",
    "positives_by_type", "positives_by_rule",
)  # fmt: skip

Report = Callable[[int], None]
"""Told the number of captions just done."""


class Counts:
    """Counts of a new folder's content, taken while its rows are written."""

    def __init__(self) -> None:
        """Start at zero."""
        self._counters: dict[str, Counter[str]] = {field: Counter() for field in _COUNTED}
        self._counters["captions"].update(all=0, with_negative=0)

    def add(self, row: Row, *, why_empty: str) -> Row:
        """Count a row, and `why_empty` if it has no negative; return the row."""
        counters = self._counters
        counters["captions"]["all"] += 1
        counters["captions"]["with_negative"] += bool(row.negatives)
        for negative in row.negatives:
            counters["negatives_by_type"][f"{negative.type}/{negative.subtype}"] += 1
            counters["negatives_by_rule"][negative.rule] += 1
        if not row.negatives:
            counters["empty_because"][why_empty] += 1
        if row.positives:
            counters["captions"]["with_positive"] += 1
        for positive in row.positives:
            counters["positives_by_type"][f"{positive.type}/{positive.subtype}"] += 1
            counters["positives_by_rule"][positive.rule] += 1
        return row

    def skip(self, reason: str) -> None:
        """Count something unusable in the source."""
        self._counters["skipped"][reason] += 1

    @property
    def num_skips(self) -> int:
        """Return how often anything was skipped."""
        return self._counters["skipped"].total()

    def describe_skips(self) -> str:
        """Return the reasons with their counts, for a message."""
        return json.dumps(dict(sorted(self._counters["skipped"].items())))

    def content(self) -> Content:
        """Return the counts in the manifest's form; those of a draw are empty."""
        return sum_contents([self._counters])


class Parent(NamedTuple):
    """A finished folder from which another is made; `record` is its entry in a lineage."""

    folder: AnyPath
    manifest: Manifest
    record: Json

    def shards_of(self, split: str) -> tuple[AnyPath, ...]:
        """Return the files of a split; () if there is no such split."""
        shards = self.manifest.shards
        return tuple(self.folder / shard.file for shard in shards if shard.split == split)

    def rows_of(self, split: str, *, report: Report) -> Iterator[Row]:
        """Yield the rows of a split; report each shard when it is done."""
        for path in self.shards_of(split):
            num_rows = 0
            for row in read_rows(path):
                num_rows += 1
                yield row
            report(num_rows)

    def shard_rows(self) -> int:
        """Return the number of captions per shard in its configuration."""
        section = cast("Json", self.manifest.config.get("negatives") or {})
        return int(cast("int", section.get("shard_captions", NegativesConfig().shard_captions)))


def open_parent(folder: AnyPath) -> Parent:
    """Open a finished folder after checking every byte and row, so that no damage is passed on.

    One published on the Hub (`hf://datasets/user/name`) is fetched first.

    Raises:
        UsageError: it is not finished, or damaged.
    """
    folder = unpacked(folder)
    manifest = read_manifest(folder)
    for problem in problems_of(folder, manifest):
        raise UsageError(f"{folder}: {problem}; `negatives verify` gives the whole account")
    record: Json = {
        "fingerprint": manifest.fingerprint,
        "sha256": hashlib.sha256((folder / FILE_NAME).read_bytes()).hexdigest(),
        "versions": manifest.versions,
        "tallies": manifest.tallies,
    }
    return Parent(folder, manifest, record)


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The part of a manifest besides shards and counts; see `data.manifest.Manifest`."""

    config: Json
    seed: int
    source: Json
    producers: list[Json]
    lineage: list[Json]


def manifest_of(account: Account, shards: tuple[Shard, ...], tallies: Content) -> Manifest:
    """Return the manifest of a folder written by this version, without rejects."""
    content = {**plain(account), "versions": writer_versions()}
    return Manifest(
        schema=VERSION,
        fingerprint=fingerprint(content),
        shards=shards,
        rejects=(),
        fluency=(),
        tallies=tallies,
        **content,
    )
