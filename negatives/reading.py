"""The source as blocks of captions: the tasks of a build's first pass."""

import hashlib
from collections import Counter
from collections.abc import Iterator

from data.errors import UsageError
from data.manifest import Manifest
from data.records import Caption, Skip
from negatives.blocks import ParseTask, digest_of
from negatives.plan import Plan


class Reading:
    """One pass over the source: its blocks as tasks, and what was seen on the way.

    `names` are the blocks' names, in order; `skipped` counts rows that could not be used.
    """

    def __init__(self, plan: Plan) -> None:
        """Read nothing yet."""
        self._plan = plan
        self._digest = hashlib.sha256()
        self.names: list[str] = []
        self.skipped: Counter[str] = Counter()

    def parse_tasks(self) -> Iterator[ParseTask]:
        """Yield the first pass's tasks; a block never splits an image's captions in common use."""
        plan, config = self._plan, self._plan.config.negatives
        for split, captions in self._blocks():
            name = f"{split}-{len(self.names):05d}"
            self.names.append(name)
            self._digest.update(digest_of(captions).encode())
            yield ParseTask(
                folder=plan.work / "parses",
                name=name,
                captions=captions,
                model=plan.model,
                batch_size=config.batch_size,
                max_characters=config.max_characters,
                language=plan.config.data.language,
            )

    def digest(self) -> str:
        """Return the hash of all captions read so far."""
        return self._digest.hexdigest()

    def refuse_other_source(self, manifest: Manifest) -> None:
        """Read the source to its end.

        Raises:
            UsageError: it is not what the manifest's build has read.
        """
        for _ in self.parse_tasks():
            pass
        if self.digest() != manifest.source["digest"]:
            raise UsageError(
                f"{self._plan.out}: holds a finished build, but the source has changed since; "
                "build into another folder"
            )

    def _blocks(self) -> Iterator[tuple[str, tuple[Caption, ...]]]:
        limit = self._plan.config.data.limit
        size = self._plan.config.negatives.shard_captions
        num_read = 0
        for split in self._plan.source.splits():
            block: list[Caption] = []
            for item in self._plan.source.read(split):
                if isinstance(item, Skip):
                    self.skipped[item.reason] += 1
                    continue
                if num_read == limit:
                    break
                new_image = not block or item.image != block[-1].image
                if (len(block) >= size and new_image) or len(block) >= 2 * size:
                    yield split, tuple(block)
                    block = []
                block.append(item)
                num_read += 1
            if block:
                yield split, tuple(block)
