"""The straight line: source -> parses -> rows -> manifest.

Two passes over blocks of captions, each block committed once; then the shards are linked into
place and the manifest is written, last. Kill it anywhere and run it again: what is finished is
kept, and the bytes are those of an undisturbed run.
"""

import hashlib
import json
import platform
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from data.commit import Unit, link_into_place, sweep, write_atomically
from data.config import fingerprint, plain
from data.errors import ShardError, UsageError
from data.manifest import Manifest, Shard, write_manifest
from data.records import Caption, Skip
from data.schema import VERSION
from negatives.blocks import ChooseTask, ParseTask, choose_block, digest_of, parse_block
from negatives.config import BuildConfig
from negatives.executors import local
from negatives.plan import Plan, Report, Resume, finished_manifest, make_plan
from negatives.tallies import Content, merged

T = TypeVar("T")


def build(
    config: BuildConfig,
    *,
    out: Path,
    workers: int = 1,
    resume: Resume = "if-possible",
    report: Report = lambda _stage, _num_captions: None,
) -> Manifest:
    """Build the shards of a configuration in the folder `out`, or finish what was begun there.

    `report` is called with the stage ("parse", "choose") and the number of captions just done.

    Raises:
        UsageError: the configuration, the source or the folder is not fit for it.
        ShardError: blocks failed; the others are finished and kept.
    """
    plan = make_plan(config, out=out, workers=workers, report=report)
    started = time.time()
    reading = Reading(plan)
    manifest = finished_manifest(plan, resume)
    if manifest is not None:
        reading.refuse_other_source(manifest)
        return manifest
    parsed = _run(plan, "parse", parse_block, reading.parse_tasks())
    parsed = [unit for unit in _in_order(parsed, reading.names) if _count(unit, "rows")]
    if not parsed:
        skipped = json.dumps(reading.skipped, sort_keys=True)
        raise UsageError(f"no caption of the source could be used; skipped: {skipped}")
    chosen = _run(plan, "choose", choose_block, _choose_tasks(plan, parsed))
    chosen = _in_order(chosen, [unit.name for unit in parsed])
    manifest = _manifest(plan, reading, parsed, chosen)
    _finish(plan, manifest, chosen, started)
    return manifest


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


class Place(NamedTuple):
    """Where a unit's file goes: its kind, its path in the folder, and its split."""

    kind: str
    file: str
    split: str


def _choose_tasks(plan: Plan, parsed: list[Unit]) -> Iterator[ChooseTask]:
    for unit in parsed:
        yield ChooseTask(
            parses=plan.work / "parses" / unit.files["parses"].file,
            folder=plan.work / "rows",
            name=unit.name,
            rules=plan.config.rules,
            policy=plan.config.policy,
            seed=plan.config.negatives.seed,
            rejects=plan.config.negatives.rejects,
        )


def _run(plan: Plan, stage: str, function: Callable[[T], Unit], tasks: Iterable[T]) -> list[Unit]:
    """Run a pass; raise at its end if blocks failed."""
    units: list[Unit] = []
    failures: list[str] = []
    for result in local.run(function, tasks, workers=plan.workers):
        if isinstance(result, ShardError):
            failures.append(str(result))
        else:
            units.append(result)
            plan.report(stage, _count(result, "rows"))
    if failures:
        shown = "\n  ".join(failures[:10])
        raise ShardError(f"{len(failures)} blocks failed, {len(units)} are finished:\n  {shown}")
    return units


def _in_order(units: list[Unit], names: list[str]) -> list[Unit]:
    by_name = {unit.name: unit for unit in units}
    return [by_name[name] for name in names]


def _count(unit: Unit, name: str) -> int:
    return cast("int", unit.facts[name])


def _places(chosen: list[Unit]) -> Iterator[tuple[Unit, Place]]:
    """Yield where every file of the second pass goes: `data/SPLIT-00000-of-00012.arrow`."""
    splits = [unit.name.rpartition("-")[0] for unit in chosen]
    totals = Counter(splits)
    seen: Counter[str] = Counter()
    for unit, split in zip(chosen, splits, strict=True):
        number = f"{split}-{seen[split]:05d}-of-{totals[split]:05d}.arrow"
        seen[split] += 1
        for kind in unit.files:
            yield unit, Place(kind, f"{kind}/{number}", split)


def _manifest(plan: Plan, reading: Reading, parsed: list[Unit], chosen: list[Unit]) -> Manifest:
    shards: dict[str, list[Shard]] = {"data": [], "rejects": []}
    for unit, place in _places(chosen):
        file = unit.files[place.kind]
        shards[place.kind].append(
            Shard(
                file=place.file,
                split=place.split,
                rows=_count(unit, "rows" if place.kind == "data" else "rejects"),
                bytes=file.bytes,
                sha256=file.sha256,
            )
        )
    counts = [cast("Content", unit.facts["tallies"]) for unit in (*parsed, *chosen)]
    tallies = merged([{"skipped": dict(reading.skipped)}, *counts])
    identity = json.loads(json.dumps(plan.identity))
    source = {**identity["config"]["data"]["source"], "licence": plan.source.licence}
    return Manifest(
        schema=VERSION,
        seed=plan.config.negatives.seed,
        fingerprint=fingerprint(identity),
        source={**source, "digest": reading.digest()},
        shards=tuple(shards["data"]),
        rejects=tuple(shards["rejects"]),
        tallies=tallies,
        lineage=[],
        **identity,
    )


def _finish(plan: Plan, manifest: Manifest, chosen: list[Unit], started: float) -> None:
    """Show the shards, tell of the run, write the manifest, and only then drop the work."""
    for kind in ("data", "rejects"):
        sweep(plan.out / kind)
    for unit, place in _places(chosen):
        link_into_place(plan.work / "rows" / unit.files[place.kind].file, plan.out / place.file)
    run = {
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(time.time() - started, 1),
        "workers": plan.workers,
        "host": platform.node(),
        "python": platform.python_version(),
        "source": plain(plan.config.data.source),
    }
    write_atomically(plan.out / "run.json", json.dumps(run, indent=1, sort_keys=True) + "\n")
    write_manifest(plan.out, manifest)
    shutil.rmtree(plan.work)
