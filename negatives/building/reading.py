"""The source as blocks of captions: the tasks of a build's first stage."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from data.errors import UsageError
from data.manifest import Manifest
from data.records import Caption, Skip
from data.shards import blocks_of
from data.sources.files import split_name
from data.sources.raw_captions import NO_ROWS
from negatives.building.plan import Plan
from negatives.building.stage import Task
from negatives.skipping import HELD_OUT, Doubts
from negatives.tallies import Content


class Reading:
    """One pass over the source: its blocks as tasks, and counts.

    By reason, `skipped` counts unusable rows, `left_out` files that were not read, `doubtful`
    captions that may be misread; `first` is the first place of each reason.
    """

    def __init__(self, plan: Plan) -> None:
        """Start before the first caption."""
        self._plan = plan
        self._digest = hashlib.sha256()
        self._num_read = 0
        self._num_blocks = 0
        self._doubts = Doubts(getattr(plan.source, "several", None))
        self.skipped: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.doubtful: Counter[str] = Counter()
        self.first: dict[str, str] = {}

    def tasks(self) -> Iterator[Task[tuple[Caption, ...]]]:
        """Yield the blocks; captions of an image stay in one block where possible."""
        for split, captions in self._blocks():
            digest = digest_of(captions)
            self._digest.update(digest.encode())
            yield Task(f"{split}-{self._num_blocks:05d}", tuple(captions), digest)
            self._num_blocks += 1

    def digest(self) -> str:
        """Return the hash of all captions read so far."""
        return self._digest.hexdigest()

    def refuse_other_source(self, manifest: Manifest) -> None:
        """Read the source to its end.

        Raises:
            UsageError: it differs from what the manifest's build read.
        """
        for _ in self.tasks():
            pass
        if self.digest() != manifest.source["digest"]:
            raise UsageError(
                f"{self._plan.out}: contains a finished build, but the source has changed since; "
                "build into another folder"
            )

    def tallies(self) -> Content:
        """Return the counts."""
        return {
            "skipped": dict(self.skipped),
            "files_left_out": dict(self.left_out),
            "doubtful": dict(self.doubtful),
        }

    def _blocks(self) -> Iterator[tuple[str, list[Caption]]]:
        size = self._plan.config.negatives.shard_captions
        names: set[str] = set()
        splits = self._plan.source.splits()
        for item in self._plan.source.left_out():
            self._count(self.left_out, item.reason, item.where)
        for split in splits:
            name = split_name(split)
            if name in names:
                raise UsageError(
                    f"two splits would be named {name!r}, one of them {split!r}; build each "
                    "alone (data.source.only_splits)"
                )
            names.add(name)
            for block in blocks_of(self._captions(split), size):
                yield name, block

    def _captions(self, split: str) -> Iterator[Caption]:
        """Yield a split's captions, reading nothing beyond the limit."""
        limit = self._plan.config.data.limit
        if self._num_read == limit:
            return
        for item in hold_out(self._plan.source.read(split), self._plan.config.data.hold_out):
            if isinstance(item, Skip):
                is_file = item.reason == NO_ROWS
                self._count(self.left_out if is_file else self.skipped, item.reason, item.where)
                continue
            self._num_read += 1
            if (reason := self._doubts.of(item)) is not None:
                self._count(self.doubtful, reason, item.id)
            yield item
            if self._num_read == limit:
                return

    def _count(self, counts: Counter[str], reason: str, where: str) -> None:
        counts[reason] += 1
        self.first.setdefault(reason, where)


def hold_out(items: Iterable[Caption | Skip], number: int) -> Iterator[Caption | Skip]:
    """Yield items with the last `number` captions of each image as skips; each image keeps one."""
    if not number:
        yield from items
        return
    of_image: list[Caption] = []
    for item in items:
        if isinstance(item, Skip):
            yield item
            continue
        if of_image and (item.image != of_image[0].image or not item.image):
            yield from _without_last(of_image, number)
            of_image = []
        of_image.append(item)
    yield from _without_last(of_image, number)


def _without_last(captions: Sequence[Caption], number: int) -> Iterator[Caption | Skip]:
    num_kept = max(1, len(captions) - number)
    yield from captions[:num_kept]
    for caption in captions[num_kept:]:
        yield Skip(HELD_OUT, caption.id)


def digest_of(captions: Sequence[Caption]) -> str:
    """Return a hash of captions, so that a restart detects a changed source."""
    digest = hashlib.sha256()
    for caption in captions:
        for part in caption:
            digest.update(part.encode("utf-8", "surrogatepass"))
            digest.update(b"\x1f")
    return digest.hexdigest()
