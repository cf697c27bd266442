"""A build's speed, relative to parsing alone, and memory: `python -m benchmarks.speed`.

Each round times, one after another on the same captions: spaCy's `nlp.pipe` alone in one process
(without its loading), and the whole of `negatives build` with one worker and with two (from the
start of the program to its end). Figures are medians over the rounds. Peak memory is the largest
resident set of any process of a build, at the full number of captions and at a quarter of it.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from data.records import Caption
from negatives.building.plan import make_source
from negatives.models import model_name
from negatives.spacy_parse import load_model

BATCH_SIZE = 256


def read_texts(source: str, root: str | None, limit: int) -> list[str]:
    """Return the texts of the first captions of a source."""
    spec = {"name": source, **({"root": root} if root else {})}
    opened, _ = make_source(spec)

    def texts() -> Iterator[str]:
        for split in opened.splits():
            for item in opened.read(split):
                if isinstance(item, Caption):
                    yield item.text

    return list(islice(texts(), limit))


def seconds_of_pipe(texts: list[str]) -> float:
    """Return the seconds that tagging and parsing alone take."""
    nlp = load_model(model_name())
    start = time.perf_counter()
    for _ in nlp.pipe(texts, batch_size=BATCH_SIZE):
        pass
    return time.perf_counter() - start


def seconds_and_peak(
    *, source: str, root: str | None, limit: int, workers: int, preset: str
) -> tuple[float, int]:
    """Return the seconds that a whole build takes, and its peak memory per process, in bytes."""
    code = (
        "import resource, subprocess, sys;"
        "done = subprocess.run(sys.argv[1:], check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("negatives")), "build", "--quiet"]
        command += ["--source", source, *(["--root", root] if root else [])]
        command += ["--preset", preset, "--limit", str(limit), "--workers", str(workers)]
        command += ["--out", str(Path(folder, "out"))]
        start = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", code, *command], check=True, capture_output=True, text=True
        )
        return time.perf_counter() - start, int(done.stdout) * 1024


@click.command()
@click.option("--source", default="scenes", show_default=True)
@click.option("--root", default=None)
@click.option("--limit", default=20_000, show_default=True, help="Captions a build.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--preset", default="natural", show_default=True)
def main(*, source: str, root: str | None, limit: int, rounds: int, preset: str) -> None:
    """Print captions per second: parsing alone, a whole build with one worker, with two."""
    texts = read_texts(source, root, limit)
    num_captions = len(texts)
    seconds_of_pipe(texts[:2000])  # load the model, warm the caches
    rates: dict[str, list[float]] = {"pipe": [], "one": [], "two": []}
    peaks: list[int] = []
    for _ in range(rounds):
        rates["pipe"].append(num_captions / seconds_of_pipe(texts))
        for name, workers in (("one", 1), ("two", 2)):
            seconds, peak = seconds_and_peak(
                source=source, root=root, limit=limit, workers=workers, preset=preset
            )
            rates[name].append(num_captions / seconds)
            peaks.append(peak)
    _, small_peak = seconds_and_peak(
        source=source, root=root, limit=num_captions // 4, workers=1, preset=preset
    )
    pipe, one, two = (statistics.median(rates[name]) for name in ("pipe", "one", "two"))
    click.echo(f"{num_captions:,} captions of {source}, {rounds} rounds, medians, {preset}")
    click.echo(f"nlp.pipe alone         {pipe:8,.0f} captions/s")
    click.echo(f"build, one worker      {one:8,.0f} captions/s   {one / pipe:.2f} of pipe")
    click.echo(f"build, two workers     {two:8,.0f} captions/s   {two / one:.2f} of one worker")
    click.echo(f"peak memory a process  {max(peaks) / 2**20:8,.0f} MB")
    click.echo(f"  at a quarter         {small_peak / 2**20:8,.0f} MB")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    click.echo(f"  of nlp.pipe alone    {own:8,.0f} MB")


if __name__ == "__main__":
    main()
