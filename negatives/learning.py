"""From parsed blocks to a model of the corpus: counts merged, captions regrouped, weights fitted.

Workers count their blocks while they parse them (`count_block`), move the counts of images that
share captions with images of another fold (`recount_block`), merge all counts as a tree
(`count_files.py`), and lay out slots of a sample of captions (`sample_block`); the driver fits.
Counts are whole numbers and the weights are rounded: the model does not depend on who did what.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data.commit import Unit, attempt_path, commit, finished
from data.records import Caption
from data.storage import version_of
from data.texts import normalised
from negatives.choose import Chooser, Policy, offers_of
from negatives.count_files import (
    Collect,
    load_arrays,
    merged_files,
    read_keys,
    save_arrays,
    write_counts,
)
from negatives.fluency.captions import view_of
from negatives.fluency.corpus import CorpusModel, Offered, Sample, read_model, write_model
from negatives.fluency.counting import tally_block
from negatives.fluency.counts import NUM_FOLDS, merged, table_of
from negatives.fluency.fitting import fitted
from negatives.fluency.folds import folds_of, image_key, keys_of, own_folds
from negatives.fluency.words import Words, hash_of
from negatives.guards import NO_SIBLINGS, Siblings, context_of, mentioned
from negatives.guards.siblings import siblings_in
from negatives.parse import Parse
from negatives.parse_files import read_parses
from negatives.producers import chooser_of, naming
from negatives.slots import Slot
from negatives.words import lexicon as lexicons

SAMPLE_CAPTIONS = 50_000  # whose slots are laid out to fit weights and biases


class RecountTask(NamedTuple):
    """Parses of a block, some of whose captions belong to other folds; `folds`: of each caption."""

    parses: Path
    folder: Path
    name: str
    folds: np.ndarray[Any, np.dtype[np.uint8]]


class SampleTask(NamedTuple):
    """Parses of a block, of which a share of the captions is to be laid out in features."""

    parses: Path
    folder: Path
    name: str
    model: Path
    rules: tuple[Mapping[str, Any], ...]
    policy: Policy
    seed: int
    share: float


class Learned(NamedTuple):
    """A model's folder, and the files in which blocks were laid out as a whole, by block."""

    folder: Path
    samples: Mapping[str, Path]


class LearnOptions(NamedTuple):
    """What a build chooses by: its rules, policy and seed."""

    rules: tuple[Mapping[str, Any], ...]
    policy: Policy
    seed: int


@lru_cache(maxsize=1)
def words() -> Words:
    """Return this process's words, numbered as they come."""
    return Words(lexicons.load())


def model_in(folder: Path) -> CorpusModel:
    """Return the model in a folder, read once for as long as it is the same."""
    return _model_in(folder, version_of(folder / "model.json"))


@lru_cache(maxsize=1)
def _model_in(folder: Path, version: str) -> CorpusModel:  # noqa: ARG001 - part of the key
    return read_model(folder)


def chooser_with(
    folder: Path | None, rules: Sequence[Mapping[str, Any]], policy: Policy, seed: int
) -> Chooser:
    """Return the chooser of a configuration that thins as the model in a folder says.

    Raises:
        UsageError: a rule or an option is unknown.
    """
    if folder is not None:
        policy = replace(policy, keep={**model_in(folder).keep, **policy.keep})
    return chooser_of(rules, policy, seed)


def count_block(path: Path, captions: Sequence[Caption], parses: Sequence[Parse]) -> None:
    """Write what a block adds to the counts, each caption in the fold of its image's own hash."""
    keys = keys_of(captions)
    views = [view_of(parse, words()) for parse in parses]
    write_counts(path, tally_block(views, own_folds(keys).tolist(), words()), keys)


def recount_block(task: RecountTask) -> Unit:
    """Write the difference that moved captions make, or return it if that was done before."""
    unit = finished(task.folder, task.name)
    if unit is not None:
        return unit
    block = list(read_parses(task.parses))
    own = own_folds(keys_of([caption for caption, _ in block]))
    moved = np.flatnonzero(task.folds != own)
    views = [view_of(block[place][1], words()) for place in moved.tolist()]
    there = tally_block(views, task.folds[moved].tolist(), words())
    here = tally_block(views, own[moved].tolist(), words())
    path = attempt_path(task.folder, task.name, "counts")
    write_counts(path, merged([there, here._replace(counts=-here.counts)]))
    return commit(task.folder, task.name, {"counts": path}, {"rows": len(moved)})


def sample_block(task: SampleTask) -> Unit:
    """Write the features of a sample of a block's slots, or return it if that was done before.

    Raises:
        ShardError: a rule failed on a caption.
    """
    unit = finished(task.folder, task.name)
    if unit is not None:
        return unit
    chooser = chooser_of(task.rules, task.policy, task.seed)
    block = [
        (caption, parse)
        for caption, parse in read_parses(task.parses)
        if hash_of(f"sample {task.seed} {image_key(caption)}") < task.share * 2**64
    ]
    slots: list[tuple[Caption, Parse, list[Slot]]] = []
    for caption, parse in block:
        with naming(caption):
            offered = offers_of(parse, chooser)
        slots.append((caption, parse, [slot for offers in offered for slot, _ in offers]))
    sample = model_in(task.model).sample(slots, words(), known=task.policy.known)
    siblings = (
        siblings_in(block, chooser.lexicon) if task.policy.guards else [NO_SIBLINGS] * len(block)
    )
    refused = _refused(slots, siblings, sample, chooser)
    path = attempt_path(task.folder, task.name, "sample")
    save_arrays(path, sample._replace(refused=refused))
    return commit(task.folder, task.name, {"sample": path}, {"rows": len(block)})


def learn(work: Path, parsed: Sequence[Unit], collect: Collect, options: LearnOptions) -> Learned:
    """Make the model of the blocks that were parsed into WORK/parses.

    Keeps in memory, here, the counts of the corpus (some 60 bytes a different n-gram or pair) and
    two hashes a caption while folds are found (some 120 bytes a caption then).
    """
    blocks = {unit.name: work / "parses" / unit.files["parses"].file for unit in parsed}
    counts = [work / "parses" / unit.files["counts"].file for unit in parsed]
    model = _counted(work, blocks, counts, collect)
    folder = work / "fluency"
    write_model(folder, model)
    share = min(1.0, SAMPLE_CAPTIONS / model.num_captions)
    tasks = [
        SampleTask(
            parses, work / "samples", name, folder,
            options.rules, options.policy, options.seed, share,
        )
        for name, parses in blocks.items()
    ]  # fmt: skip
    samples = collect(sample_block, tasks)
    files = {name: work / "samples" / samples[name].files["sample"].file for name in blocks}
    laid_out = [read_sample(path) for path in files.values()]
    found = fitted(laid_out, reach=options.policy.reach)
    write_model(folder, replace(model, **found._asdict()))
    return Learned(folder, files if share == 1.0 else {})


def _counted(
    work: Path, blocks: Mapping[str, Path], counts: Sequence[Path], collect: Collect
) -> CorpusModel:
    """Return the model with its counts, each caption's in the fold that the corpus gives it.

    `counts`: the files of what the blocks add, in the order of `blocks`.
    """
    keys = [read_keys(path) for path in counts]
    folds = folds_of(keys)
    tasks = [
        RecountTask(parses, work / "recounts", name, its_folds)
        for (name, parses), its_keys in zip(blocks.items(), keys, strict=True)
        if ((its_folds := folds.of(its_keys)) != own_folds(its_keys)).any()
    ]
    recounted = collect(recount_block, tasks) if tasks else {}
    moved = [work / "recounts" / recounted[task.name].files["counts"].file for task in tasks]
    return CorpusModel(
        table=table_of(merged_files([*counts, *moved], work / "merges", collect)),
        folds=folds,
        weights={},
        names=np.zeros(0, np.uint64),
        biases=np.zeros((0, NUM_FOLDS), np.float32),
        keep={},
        num_captions=sum(len(each.images) for each in keys),
    )


def _refused(
    block: Offered, siblings: Sequence[Siblings], sample: Sample, chooser: Chooser
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell of each candidate that is alive whether a sibling refuses it."""
    refused = np.zeros(len(sample.alive), bool)
    starts = np.cumsum(sample.sizes) - sample.sizes
    laid_out = iter(zip((sample.alive_sizes() > 1).tolist(), starts.tolist(), strict=True))
    is_laid_out = iter(sample.is_laid_out.tolist())
    for (caption, parse, slots), said in zip(block, siblings, strict=True):
        places = [next(laid_out) if next(is_laid_out) else (False, 0) for _ in slots]
        wanted = [
            (slot, start)
            for slot, (has_alternatives, start) in zip(slots, places, strict=True)
            if has_alternatives
        ]
        if wanted and said.lemmas:
            context = context_of(parse, normalised(caption.text), said, chooser.lexicon)
            for slot, start in wanted:
                answers = mentioned(slot, context)
                refused[start + 1 : start + 1 + len(answers)] = answers
    return refused[sample.alive]


def read_sample(path: Path) -> Sample:
    """Return what `sample_block` wrote."""
    return Sample(*load_arrays(path, len(Sample._fields)))
