"""Merge finished folders: a caption in several of them gets the negatives of all."""

from collections import Counter
from collections.abc import Iterator, Sequence

from data.commit import Json
from data.config import plain
from data.errors import UsageError
from data.lookup import RowTable
from data.manifest import Manifest, Shard
from data.records import Negative, Positive, Row
from data.storage import AnyPath
from data.texts import normalise
from negatives.folders.lineage import Account, Counts, Parent, Report, manifest_of, open_parent
from negatives.folders.writing import NewFolder, write_folder


def merge_folders(
    folders: Sequence[AnyPath], out: AnyPath, *, report: Report = lambda _num_captions: None
) -> tuple[Manifest, dict[str, int]]:
    """Write the rows of all folders into the new folder `out`; return what was dropped as well.

    Rows of one split with the same id are joined. Of negatives that are equal up to case and
    punctuation the first is kept, and likewise of positives; a positive that repeats a negative is
    dropped. The rows of the first folder come first, then those that the second adds, and so on.
    The ids of all folders but the first are held in memory, one split at a time. The manifest has
    the first folder's seed; the lineage has every parent's. New shards have the first folder's
    number of captions.

    Raises:
        UsageError: a folder is damaged or named twice, or one id has different captions.
    """
    if len(folders) < 2:
        raise UsageError(f"expected two folders or more to merge, found {len(folders)}")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise UsageError("expected each folder once, found one of them twice")
    parents = [open_parent(folder) for folder in folders]
    merging = _Merging(parents, report)
    splits = tuple(dict.fromkeys(split for p in parents for split in p.manifest.splits()))
    written = write_folder(
        NewFolder(out, "merge", parents[0].shard_rows()),
        ((split, merging.rows(split)) for split in splits),
        manifest=merging.manifest,
    )
    return written, merging.dropped()


class _Merging:
    """The parents, the joint list of producers, and counts taken while rows are joined."""

    def __init__(self, parents: Sequence[Parent], report: Report) -> None:
        self._report = report
        self._parents = parents
        self._counts = Counts()
        self._dropped: Counter[str] = Counter()
        self._producers: list[Json] = []
        self._numbers = [self._unite(parent.manifest.producers) for parent in parents]

    def rows(self, split: str) -> Iterator[Row]:
        """Yield the rows of a split, each once."""
        later = [RowTable(parent.shards_of(split)) for parent in self._parents[1:]]
        tables: list[RowTable | None] = [None, *later]
        for number, parent in enumerate(self._parents):
            own = tables[number]
            for row in parent.rows_of(split, report=self._report):
                if own is not None and own.take(row.id) is None:
                    continue  # already joined with an earlier folder's
                others = {
                    other: found
                    for other, table in enumerate(tables[number + 1 :], start=number + 1)
                    if table is not None and (found := table.take(row.id)) is not None
                }
                yield self._join({number: row, **others})

    def manifest(self, shards: tuple[Shard, ...]) -> Manifest:
        """Return the manifest of the merged folder."""
        manifests = [parent.manifest for parent in self._parents]
        records: list[Json] = [
            {
                **parent.record,
                "seed": parent.manifest.seed,
                "config": parent.manifest.config,
                "source": parent.manifest.source,
                "lineage": parent.manifest.lineage,
            }
            for parent in self._parents
        ]
        sources: list[Json] = []
        for manifest in manifests:
            sources += [] if manifest.source in sources else [manifest.source]
        entry: Json = {
            "command": "merge",
            "options": {},
            "parents": records,
            "dropped": self.dropped(),
        }
        account = Account(
            config={
                **_common_data(manifests),
                "negatives": {"shard_captions": self._parents[0].shard_rows()},
            },
            seed=manifests[0].seed,
            source=sources[0]
            if len(sources) == 1
            else {"name": "merge", "sources": sources, "licence": _licence(sources)},
            producers=self._producers,
            lineage=[entry],
        )
        return manifest_of(account, shards, self._counts.content())

    def dropped(self) -> dict[str, int]:
        """Return how many negatives and positives were dropped, by reason."""
        return dict(sorted(self._dropped.items()))

    def _join(self, rows: dict[int, Row]) -> Row:
        """Join the rows of several folders, by folder number, into one."""
        first_number, first = next(iter(rows.items()))
        negatives: list[Negative] = []
        seen: set[str] = set()
        for number, row in rows.items():
            if _shown(row) != _shown(first):
                raise UsageError(
                    f"the id {row.id!r} has the caption {first.caption!r} ({first.image}) in "
                    f"{self._parents[first_number].folder}, but {row.caption!r} ({row.image}) in "
                    f"{self._parents[number].folder}; expected folders of one source, or folders "
                    "with different ids"
                )
            for negative in row.negatives:
                key = normalise(negative.text)
                if number != first_number and key in seen:
                    self._dropped["negatives: equal text"] += 1
                    continue
                seen.add(key)
                negatives.append(
                    negative._replace(producer=self._numbers[number][negative.producer])
                )
        positives = tuple(self._joined_positives(rows, seen))
        row = first._replace(negatives=tuple(negatives), positives=positives)
        return self._counts.add(row, why_empty="no negative in any of the folders")

    def _joined_positives(self, rows: dict[int, Row], negatives: set[str]) -> Iterator[Positive]:
        """Yield the positives of all rows, each text once, without those that repeat a negative."""
        seen: set[str] = set()
        for number, row in rows.items():
            for positive in row.positives:
                key = normalise(positive.text)
                if key in negatives or key in seen:
                    fault = "equal to a negative" if key in negatives else "equal text"
                    self._dropped[f"positives: {fault}"] += 1
                    continue
                seen.add(key)
                yield positive._replace(producer=self._numbers[number][positive.producer])

    def _unite(self, producers: list[Json]) -> list[int]:
        """Add producers to the joint list; return the index of each."""
        for producer in producers:
            if producer not in self._producers:
                self._producers.append(producer)
        return [self._producers.index(producer) for producer in producers]


def _licence(sources: Sequence[Json]) -> str:
    """Return an SPDX expression of all licences; unknown ones are NOASSERTION."""
    licences = dict.fromkeys(str(source.get("licence") or "NOASSERTION") for source in sources)
    return " AND ".join(plain(list(licences)))


def _common_data(manifests: Sequence[Manifest]) -> Json:
    """Return the data's configuration, which locates images, if all folders have the same."""
    sections = [manifest.config.get("data") for manifest in manifests]
    is_one = sections[0] is not None and all(section == sections[0] for section in sections)
    return {"data": sections[0]} if is_one else {}


def _shown(row: Row) -> tuple[str, tuple[str, ...], str, str]:
    return row.id, row.images, row.layout, row.caption
