"""Training captions that are also in a benchmark, whose score is then not a fair test."""

from collections.abc import Sequence

from data.manifest import read_manifest
from data.shards import read_rows
from data.storage import AnyPath
from data.texts import normalise
from training.evaluation.benchmarks import Benchmark
from training.evaluation.benchmarks.shards import Trained
from training.evaluation.run import texts_of
from training.evaluation.tasks import Classification


def overlap_notes(
    benchmarks: Sequence[Benchmark], shards: AnyPath, *, trained: Trained
) -> tuple[str, ...]:
    """Return a note for each benchmark that shares captions, prompts excepted, with shards.

    Case, punctuation and spacing are ignored. Negatives count too, as texts that were trained on.
    All splits are read if the one of training is unknown.

    Raises:
        UsageError: the shards cannot be read.
    """
    texts = {
        benchmark.name: {
            normalise(text)
            for task in benchmark.tasks
            if not isinstance(task, Classification)
            for text in texts_of(task)
        }
        for benchmark in benchmarks
    }
    captions: set[str] = set()
    negatives: set[str] = set()
    manifest = read_manifest(shards)
    split = trained.split_of(manifest)
    for shard in manifest.shards:
        for row in read_rows(shards / shard.file) if split in {None, shard.split} else ():
            captions.add(normalise(row.caption))
            negatives.update(normalise(negative.text) for negative in row.negatives)
    counts = {
        name: (len(asked & captions), len(asked & negatives)) for name, asked in texts.items()
    }
    return tuple(
        f"{name}: {num_captions:,} of its {len(texts[name]):,} texts are captions of the "
        f"shards that were trained on, {num_negatives:,} are negatives"
        for name, (num_captions, num_negatives) in counts.items()
        if num_captions or num_negatives
    )
