"""What each stage of a build costs, over sizes of the corpus: `python -m benchmarks.scale`.

    python -m benchmarks.scale --captions 10000,100000 --source scenes,replicated --root FLICKR8K

A line is a stage of a build with one worker, in a process of its own: processor seconds per
thousand captions (the figure to compare on a shared machine), wall seconds, the highest resident
set, and its growth. Then follow verification, the parquet files of `negatives publish --dry-run`,
and a reading of all rows as in the trainer. Kinds of text: benchmarks/scale_texts.py.

RESULTS holds a JSON file for each kind and size. A finished one is not measured again; of a stopped
build the finished stages are kept, and shown as such.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from benchmarks.scale_tables import Record, lines_of, over_sizes
from benchmarks.scale_texts import KINDS, source_of
from benchmarks.stages import Clock
from data.manifest import Manifest, problems_of
from negatives.auditing.findings import Audit
from negatives.building import build
from negatives.config import build_config
from negatives.folders.versions import code_version
from negatives.publishing.writing import Publication, write_files
from training.batches.rows import open_rows

_PLACES = ("work", "data", "fluency", "publish")
_GB = 10**9


class Measured:
    """A build that is being measured; a file holds all figures after every stage."""

    def __init__(self, out: Path, file: Path, case: "Case") -> None:
        """Start with no stage."""
        self.out = out
        self.clock = Clock(done=self.keep)
        self._file = file
        self._record: Record = {
            "kind": case.kind,
            "captions": case.num_captions,
            "block": case.block,
            "code": code_version(),
            "cores": os.cpu_count(),
            "finished": False,
            "bytes": {},
        }

    def keep(self, stage: str) -> None:
        """Write the figures after a stage."""
        sizes = self._record["bytes"]
        for place in _PLACES:
            sizes[place] = max(sizes.get(place, 0), bytes_below(self.out / place))
        if not sizes["data"]:
            sizes[f"work after {stage}"] = bytes_below(self.out / "work")
        self._write()

    def finish(self, **facts: object) -> None:
        """Write the figures of the whole build."""
        self.keep("all")
        self._record |= {"finished": True, **facts}
        self._write()

    def _write(self) -> None:
        stages = {name: asdict(stage) for name, stage in self.clock.stages.items()}
        text = json.dumps(self._record | {"stages": stages}, indent=1) + "\n"
        draft = self._file.with_suffix(".tmp")
        draft.write_text(text, encoding="utf-8")
        draft.rename(self._file)


def bytes_below(folder: Path) -> int:
    """Return the size of the files below a folder; hard links count once."""
    found = {}
    for path in folder.rglob("*"):
        status = path.stat()
        found[status.st_ino] = status.st_size
    return sum(found.values())


class Case(NamedTuple):
    """What is built: a kind of captions, their number, and the size of blocks."""

    kind: str
    num_captions: int
    block: int

    def file_in(self, results: Path) -> Path:
        """Return the file of the figures."""
        return results / f"{self.kind}-{self.num_captions}-{self.block}.json"


def measure(case: Case, *, root: Path, folder: Path, file: Path) -> None:
    """Build in `folder`, timing every stage, and write the figures to `file`."""
    kind, num_captions, block = case
    source = source_of(kind, num_captions=num_captions, root=root, folder=folder)
    out = folder / "out"
    measured = Measured(out, file, case)
    clock = measured.clock
    clock.switch("plan")
    sections = {
        "data": {"source": source, "limit": num_captions},
        "negatives": {"shard_captions": block},
    }
    config = build_config(sections)
    manifest = build(config, out=out, executor=clock.executor)
    for name, use in (("verify", _verify), ("publish", _publish), ("train", _train)):
        clock.switch(name)
        use(out, manifest)
        clock.switch("")
        measured.keep(name)
    measured.finish(
        rows=manifest.num_rows(),
        shards=len(manifest.shards),
        negatives=sum(manifest.tallies["negatives_by_type"].values()),
        manifest_bytes=(out / "manifest.json").stat().st_size,
        **corpus_facts(out / "fluency"),
    )


def corpus_facts(folder: Path) -> Record:
    """Return the number of keys of a corpus model, and its texts' distribution over folds."""
    folds = np.bincount(np.load(folder / "text_folds.npy"), minlength=1)
    return {
        "keys": len(np.load(folder / "keys.npy", mmap_mode="r")),
        "texts": int(folds.sum()),
        "largest_fold": float(folds.max() / folds.sum()),
    }


def _verify(out: Path, manifest: Manifest) -> None:
    for problem in problems_of(out, manifest):
        raise click.ClickException(problem)


def _publish(out: Path, manifest: Manifest) -> None:
    audit = Audit("scale", manifest.fingerprint, (), {}, {})
    publication = Publication(repository="nobody/scale", audit=audit, figures={}, licence="CC0-1.0")
    write_files(out, out / "publish", publication=publication)


def _train(out: Path, manifest: Manifest) -> None:
    rows = open_rows(out, split=manifest.splits()[0])
    for shard in range(len(rows.shards)):
        for _ in rows.texts(shard):
            pass


def measure_in_process(case: Case, *, root: Path, results: Path) -> None:
    """Measure in a process of its own, one thread for numpy, in a temporary folder."""
    free = shutil.disk_usage(tempfile.gettempdir()).free
    needed = case.num_captions * 10_000  # bytes; three times the measured size
    if free < needed:
        raise click.ClickException(f"{free / _GB:.0f} GB free, expected {needed / _GB:.0f}")
    command = [sys.executable, "-m", "benchmarks.scale", "--captions", str(case.num_captions)]
    command += [
        "--source",
        case.kind,
        "--block",
        str(case.block),
        "--root",
        str(root),
        "--results",
        str(results),
        "--here",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, env=environment)  # noqa: S603 - our own


@click.command()
@click.option("--captions", default="10000,100000", show_default=True, help="Sizes.")
@click.option("--source", default="scenes", show_default=True, help=f"Of {', '.join(KINDS)}.")
@click.option("--block", default=2500, show_default=True, help="Captions a block.")
@click.option("--root", type=click.Path(path_type=Path), default=".", help="Where Flickr8k lies.")
@click.option("--results", type=click.Path(path_type=Path), default="out/scale", show_default=True)
@click.option("--again", is_flag=True, help="Measure what was measured before, too.")
@click.option("--here", is_flag=True, hidden=True, help="In this process, one kind and size.")
def main(  # noqa: PLR0913 - one a flag
    *, captions: str, source: str, block: int, root: Path, results: Path, again: bool, here: bool
) -> None:
    """Measure what is missing, and print everything."""
    kinds, sizes = source.split(","), [int(size) for size in captions.split(",")]
    for kind in kinds:
        if kind not in KINDS:
            raise click.UsageError(f"--source: expected of {', '.join(KINDS)}, found {kind!r}")
    results.mkdir(parents=True, exist_ok=True)
    found: list[Record] = []
    for case in (Case(kind, size, block) for kind in kinds for size in sizes):
        file = case.file_in(results)
        if here:
            with tempfile.TemporaryDirectory() as folder:
                measure(case, root=root, folder=Path(folder), file=file)
            return
        if again or not is_finished(file):
            measure_in_process(case, root=root, results=results)
        found.append(json.loads(file.read_text(encoding="utf-8")))
        click.echo("\n".join(lines_of(found[-1])))
    click.echo("\n".join(over_sizes(found)))


def is_finished(file: Path) -> bool:
    """Tell whether a measurement exists and is complete."""
    return file.exists() and json.loads(file.read_text(encoding="utf-8"))["finished"]


if __name__ == "__main__":
    main()
