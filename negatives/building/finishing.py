"""The end of a build: shards linked into place, and the manifest that makes the folder complete."""

import json
import platform
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from data.commit import (
    Json,
    link_into_place,
    remove_tree,
    sweep,
    sync_and_hash,
    sync_folder,
    write_atomically,
)
from data.config import fingerprint, plain
from data.manifest import FLUENCY, ExtraFile, Manifest, Shard, write_manifest
from data.schema import VERSION
from data.storage import AnyPath
from negatives.building.choosing import ChooseStats
from negatives.building.parsing import ParseStats
from negatives.building.plan import Plan
from negatives.building.reading import Reading
from negatives.building.stage import Done
from negatives.fluency.corpus import MODEL_FILES
from negatives.folders.claims import refuse_if_taken
from negatives.skipping import RUN_FILE
from negatives.tallies import sum_contents


class OutputFile(NamedTuple):
    """The destination of a block's file: its kind, its path in the folder, and its split."""

    kind: str
    file: str
    split: str


def _output_files(
    chosen: Mapping[str, Done[ChooseStats]],
) -> Iterator[tuple[Done[ChooseStats], OutputFile]]:
    """Yield the destination of every file of the blocks: `data/SPLIT-00000-of-00012.arrow`."""
    splits = [name.rpartition("-")[0] for name in chosen]
    totals = Counter(splits)
    seen: Counter[str] = Counter()
    for done, split in zip(chosen.values(), splits, strict=True):
        number = f"{split}-{seen[split]:05d}-of-{totals[split]:05d}.arrow"
        seen[split] += 1
        for kind in done.files:
            yield done, OutputFile(kind, f"{kind}/{number}", split)


def manifest_of(
    plan: Plan,
    reading: Reading,
    parsed: Mapping[str, Done[ParseStats]],
    chosen: Mapping[str, Done[ChooseStats]],
) -> Manifest:
    """Return the manifest of a build whose stages are done.

    `parsed`: all blocks, including those without a usable caption.
    """
    shards: dict[str, list[Shard]] = {"data": [], "rejects": []}
    for done, output in _output_files(chosen):
        file, stats = done.files[output.kind], done.stats
        shards[output.kind].append(
            Shard(
                file=output.file,
                split=output.split,
                rows=stats.captions if output.kind == "data" else stats.rejects,
                bytes=file.bytes,
                sha256=file.sha256,
            )
        )
    skipped = [{"skipped": done.stats.skipped} for done in parsed.values()]
    counts = [done.stats.tallies for done in chosen.values()]
    tallies = sum_contents([reading.tallies(), *skipped, *counts])
    identity = json.loads(json.dumps(plan.identity))
    source = {**identity["config"]["data"]["source"], "licence": plan.source.licence}
    return Manifest(
        schema=VERSION,
        seed=plan.config.negatives.seed,
        fingerprint=fingerprint(identity),
        source={**source, "digest": reading.digest()},
        shards=tuple(shards["data"]),
        rejects=tuple(shards["rejects"]),
        fluency=tuple(_extra_file(path) for path in model_files(plan)),
        tallies=tallies,
        lineage=[],
        **identity,
    )


def model_files(plan: Plan) -> list[AnyPath]:
    """Return the files of the corpus model that the build made.

    Files are listed by name, because a killed run may have left temporary files beside them.
    """
    return [plan.work / FLUENCY / name for name in MODEL_FILES] if plan.learns() else []


def _extra_file(path: AnyPath) -> ExtraFile:
    size, sha256 = sync_and_hash(path)
    return ExtraFile(file=f"{FLUENCY}/{path.name}", bytes=size, sha256=sha256)


def finish(
    plan: Plan,
    manifest: Manifest,
    chosen: Mapping[str, Done[ChooseStats]],
    run_record: Json,
) -> None:
    """Link the shards, write run.json, then the manifest, and only then delete the work.

    `run_record`: further content of run.json.

    Raises:
        ShardError: another command has taken over the folder.
    """
    refuse_if_taken(plan.out, plan.mark())
    files = {
        plan.out / output.file: done.path(output.kind) for done, output in _output_files(chosen)
    }
    files |= {plan.out / FLUENCY / path.name: path for path in model_files(plan)}
    show_files(files)
    run = {
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "workers": plan.workers,
        "host": platform.node(),
        "python": platform.python_version(),
        "source": plain(plan.config.data.source),
        **run_record,
    }
    write_atomically(plan.out / RUN_FILE, json.dumps(run, indent=1, sort_keys=True) + "\n")
    write_manifest(plan.out, manifest)
    remove_tree(plan.work)


def show_files(files: Mapping[AnyPath, AnyPath]) -> None:
    """Link finished files to their destinations; delete anything else there."""
    folders = sorted({file.parent for file in files})
    for folder in folders:
        sweep(folder, keep=files)
    for file, source in files.items():
        link_into_place(source, file)
    for folder in folders:
        sync_folder(folder)


def first_occurrences(reading: Reading, blocks: Iterable[Done[ParseStats]]) -> dict[str, str]:
    """Return the first place of each reason for leaving something out."""
    found: dict[str, str] = {}
    for done in blocks:
        found = {**done.stats.first, **found}
    return reading.first | found
