"""Whether two checkouts build the same bytes, and how fast: `python -m benchmarks.equal_bytes OLD`.

OLD is a checkout of an earlier commit. Both build with this Python and the same command, each with
its own code; every file under OUT/data and OUT/fluency is compared. With `--train`, both then train
`--steps` steps of a small model on scenes with each preset, and losses and gradients are compared.
Times are processor times, children included, so other programs on the machine matter little.
"""

import filecmp
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click

from data.command import run

HERE = Path(__file__).parent.parent
_MEASURED = {"images_per_s", "tokens_per_s", "wait_share", "peak_memory_mb"}
PRESETS = ("natural", "fsc-clip", "negclip", "svlc", "negation")


class Outcome(NamedTuple):
    """A command in two checkouts: whether both gave the same, and their processor seconds."""

    what: str
    same: bool
    old_s: float
    new_s: float

    def __str__(self) -> str:
        """Return a line of the report."""
        same = "the same" if self.same else "DIFFERENT"
        times = f"{self.old_s:7.1f} s {self.new_s:7.1f} s, {self.old_s / self.new_s:.2f} times"
        return f"{self.what:<24}{same:<10} {times} as fast"


def execute(checkout: Path, module: str, *arguments: str) -> float:
    """Run a command with a checkout's code; return its processor seconds."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    entry = f"from {module} import main; main()"
    command = [sys.executable, "-c", entry, *arguments]
    subprocess.run(command, cwd=checkout, env=environment, check=True)  # noqa: S603 - our own code
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def files_in(folder: Path) -> set[str]:
    """Return the files that should be equal, by their paths in a build's folder."""
    kinds = ("data", "fluency")
    paths = [path for kind in kinds for path in (folder / kind).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)) for path in paths}


def compare_builds(old: Path, preset: str, source: list[str], folder: Path) -> Outcome:
    """Build with both checkouts and compare."""
    seconds = []
    for name, checkout in (("old", old), ("new", HERE)):
        out = str(folder / name / preset)
        arguments = ["build", *source, "--preset", preset, "--out", out, "--quiet"]
        seconds.append(execute(checkout, "negatives.cli", *arguments))
    same = equal(folder / "old" / preset, folder / "new" / preset)
    return Outcome(f"build {preset}", same, *seconds)


def equal(one: Path, other: Path) -> bool:
    """Tell whether two builds wrote the same files, at least one, with the same bytes."""
    files = files_in(one)
    return (
        bool(files)
        and files == files_in(other)
        and all(filecmp.cmp(one / file, other / file, shallow=False) for file in files)
    )


def built_for_training(old: Path, folder: Path) -> str:
    """Build shards of scenes with the old checkout; return their folder."""
    shards = str(folder / "scenes")
    arguments = ["--source", "scenes", "--limit", "600", "--preset", "fsc-clip"]
    execute(old, "negatives.cli", "build", *arguments, "--out", shards, "--quiet")
    return shards


def told(line: str) -> dict[str, object]:
    """Return a run's record without times and memory."""
    return {name: value for name, value in json.loads(line).items() if name not in _MEASURED}


def compare_training(old: Path, preset: str, shards: str, steps: int, folder: Path) -> Outcome:
    """Train with both checkouts on the same shards, and compare their logs."""
    seconds, losses = [], []
    for name, checkout in (("old", old), ("new", HERE)):
        out = folder / f"run-{preset}-{name}"
        arguments = ["--shards", shards, "--model", "scenes-tiny", "--pretrained", "none"]
        arguments += ["--preset", preset]
        arguments += ["--limit-steps", str(steps), "--out", str(out), "--quiet"]
        options = ("batch_size=16", "epochs=100", "run.workers=0", "run.log_every=1")
        settings = [part for each in options for part in ("--set", f"training.{each}")]
        seconds.append(execute(checkout, "training.cli", *arguments, *settings))
        lines = (out / "log.jsonl").read_text(encoding="utf-8").splitlines()
        losses.append([told(line) for line in lines])
    same = losses[0] == losses[1] and all("loss" in each for each in losses[0]) and bool(losses[0])
    return Outcome(f"{preset}, {len(losses[0])} records", same, *seconds)


@click.command()
@click.argument("old", type=click.Path(path_type=Path, exists=True, resolve_path=True))
@click.option("--source", default="scenes", show_default=True)
@click.option("--root", type=click.Path(path_type=Path, exists=True, resolve_path=True))
@click.option("--limit", default=5000, show_default=True, help="Captions of each build.")
@click.option("--preset", "presets", multiple=True, default=PRESETS, show_default=True)
@click.option("--builds/--no-builds", default=True, show_default=True, help="Compare builds.")
@click.option("--steps", default=0, show_default=True, help="Of a training run; 0: none.")
@click.option("--train-preset", "trained_with", multiple=True, default=("fsc-clip",))
def main(  # noqa: PLR0913 - one a flag
    *,
    old: Path,
    source: str,
    root: Path | None,
    limit: int,
    presets: tuple[str, ...],
    builds: bool,
    steps: int,
    trained_with: tuple[str, ...],
) -> None:
    """Print a line for each build and each training run; exit with 1 if anything differs."""
    captions = ["--source", source, *(["--root", str(root)] if root else [])]
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        for preset in presets if builds else ():
            limited = [*captions, "--limit", str(limit)]
            outcomes.append(compare_builds(old, preset, limited, Path(folder)))
            click.echo(outcomes[-1])
        if steps:
            shards = built_for_training(old, Path(folder))
            for preset in trained_with:
                outcomes.append(compare_training(old, preset, shards, steps, Path(folder)))
                click.echo(outcomes[-1])
    sys.exit(0 if all(outcome.same for outcome in outcomes) else 1)


if __name__ == "__main__":
    run(main, name="equal_bytes")
