"""Count, merge, fit: parsed blocks -> a model of the corpus.

Workers count their blocks while parsing them. Then they move the counts of images that share
captions with images of another fold (`recount_block`), merge all counts as a tree
(`count_files.py`), and lay out the slots of a sample of captions (`lay_out_block`); the driver
fits. Counts are integers and weights are rounded, so the model does not depend on how work is
divided.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from data.commit import remove_tree
from data.storage import AnyPath
from data.texts import normalise
from negatives.building.count_files import (
    count_siblings,
    load_arrays,
    merge_files,
    read_keys,
    save_arrays,
    write_counts,
)
from negatives.building.parse_files import read_parses
from negatives.building.parsing import ParseStats
from negatives.building.stage import (
    Done,
    NewFile,
    NoCaptions,
    Site,
    Stage,
    Task,
    run_stage,
    without_collector,
)
from negatives.choose import Chooser
from negatives.exclusion.model import (
    NOTHING_EXCLUDED,
    Exclusion,
    exclusion_of,
    fit_words,
    has_siblings,
    hashes_of,
    names_of_one_thing,
)
from negatives.exclusion.rivals import NO_RIVALS, Rivals, find_rivals, rivals_of
from negatives.fluency.captions import index_caption
from negatives.fluency.corpus import (
    COMPARED,
    CorpusModel,
    Offered,
    Sample,
    write_model,
)
from negatives.fluency.counting import tally_block
from negatives.fluency.counts import NUM_FOLDS, Folds, merge_tallies, negate, table_of
from negatives.fluency.fitting import fit_parameters
from negatives.fluency.folds import Keys, folds_of, image_key, keys_of, own_folds
from negatives.fluency.words import Hashes, hash_of
from negatives.generator import chooser_of, offers_of, rivals_for
from negatives.guards import NO_SIBLINGS, Siblings, context_of, find_mentioned
from negatives.guards.siblings import siblings_in
from negatives.policy import CorpusScoring, Policy
from negatives.scorers import corpus_model, words
from negatives.words import lexicon as lexicons

SAMPLE_CAPTIONS = 50_000  # captions whose slots are laid out to fit weights and biases


class LearnOptions(NamedTuple):
    """Options of fitting: the rules, the policy's scoring, and the seed."""

    rules: tuple[Mapping[str, Any], ...]
    policy: Policy
    seed: int


class RecountTask(NamedTuple):
    """Parses of a block with captions that belong to other folds.

    `folds`: of each caption; `image_folds`: of the image of each.
    """

    parses: AnyPath
    folds: Folds
    image_folds: Folds


class CountStats(NamedTuple):
    """The number of captions counted again."""

    captions: int


class LayoutStats(NamedTuple):
    """The number of captions whose slots were laid out."""

    captions: int


class LearnedModel(NamedTuple):
    """A model's folder; `layouts`: files of laid-out slots by block, where all were laid out."""

    folder: AnyPath
    layouts: Mapping[str, AnyPath]


def learn(
    parsed: Mapping[str, Done[ParseStats]], options: LearnOptions, site: Site, folder: AnyPath
) -> LearnedModel:
    """Learn a model from parsed blocks and write it into a folder.

    Until it is complete it stays in this run's own folder: another run of the same build may be
    further along, and must not read incomplete files.

    Memory: the counts of the corpus (some 60 bytes per distinct n-gram or pair) and, while folds
    are found, two hashes per caption (some 120 bytes per caption).
    """
    model = _count(parsed, site)
    draft = folder.with_name(f"{folder.name}-{uuid.uuid4().hex[:12]}")
    write_model(draft, model)
    exclusion, rivals = _compare_words(model, site, draft)
    model = replace(model, exclusion=exclusion, rivals=rivals)
    write_model(draft, model, only=COMPARED)
    share = min(1.0, SAMPLE_CAPTIONS / model.num_captions)
    work = partial(lay_out_block, options, draft, share)
    tasks = [Task(name, done.path("parses")) for name, done in parsed.items()]
    laid_out = run_stage(Stage(name="fit", tasks=tasks, work=work, stats=LayoutStats), site)
    files = {name: done.path("layout") for name, done in laid_out.items()}
    found = fit_parameters(
        [read_layout(path) for path in files.values()],
        max_log_ratio=_scoring(options.policy).max_log_ratio,
    )
    write_model(folder, replace(model, **found._asdict()), keep=True)
    remove_tree(draft)
    return LearnedModel(folder, files if share == 1.0 else {})


def _scoring(policy: Policy) -> CorpusScoring:
    assert policy.corpus is not None, "a build learns a model where the corpus scores"
    return policy.corpus


def _count(parsed: Mapping[str, Done[ParseStats]], site: Site) -> CorpusModel:
    """Return the model with its counts, each caption in the fold that the corpus assigns."""
    keys = {name: read_keys(done.path("counts")) for name, done in parsed.items()}
    folds = folds_of(list(keys.values()))
    tasks = [
        Task(
            name,
            RecountTask(parsed[name].path("parses"), its_folds, folds.of_images(its_keys.images)),
        )
        for name, its_keys in keys.items()
        if ((its_folds := folds.of(its_keys)) != own_folds(its_keys.images)).any()
        or (folds.of_images(its_keys.images) != own_folds(its_keys.images)).any()
    ]
    recounted = run_stage(
        Stage(name="count", tasks=tasks, work=recount_block, stats=CountStats), site
    )
    files = [done.path("counts") for done in parsed.values()]
    files += [done.path("counts") for done in recounted.values()]
    return CorpusModel(
        table=table_of(merge_files(files, site)),
        folds=folds,
        exclusion=NOTHING_EXCLUDED,
        rivals=NO_RIVALS,
        weights={},
        names=np.zeros(0, np.uint64),
        biases=np.zeros((0, NUM_FOLDS), np.float32),
        yields={},
        num_captions=sum(len(each.images) for each in keys.values()),
    )


def _compare_words(model: CorpusModel, site: Site, folder: AnyPath) -> tuple[Exclusion, Rivals]:
    """Return the siblings' counts of pairs of words, one fold at a time."""
    if not has_siblings(model.table):
        return NOTHING_EXCLUDED, NO_RIVALS
    tasks = [Task(f"without-{fold}", fold) for fold in range(NUM_FOLDS)]
    work = partial(compare_words, folder)
    done = run_stage(Stage(name="exclude", tasks=tasks, work=work, stats=NoCaptions), site)
    found = [load_arrays(each.path("pairs"), 2) for each in done.values()]
    return (
        exclusion_of([keys for keys, _ in found]),
        rivals_of([pairs for _, pairs in found], lexicons.load()),
    )


def compare_words(model: AnyPath, fold: int, new_file: NewFile) -> NoCaptions:
    """Write synonyms and rival nouns learned from all folds but one."""
    table = corpus_model(model).table
    fitted = fit_words(table, _lemma_hashes(), fold)
    rivals = find_rivals(table, fitted, lexicons.load())
    save_arrays(new_file("pairs"), [names_of_one_thing(fitted), rivals])
    return NoCaptions()


@cache
def _lemma_hashes() -> Mapping[str, Hashes]:
    """Return the hashes of the lexicon's lemmas, computed once per process."""
    return hashes_of(lexicons.load().lemmas())


@without_collector()
def recount_block(task: RecountTask, new_file: NewFile) -> CountStats:
    """Write the change of the counts that moved captions cause."""
    block = list(read_parses(task.parses))
    keys = keys_of([caption for caption, _ in block])
    own = own_folds(keys.images)
    moved = np.flatnonzero(task.folds != own)
    views = [index_caption(block[index][1], words()) for index in moved.tolist()]
    there = tally_block(views, task.folds[moved].tolist(), words())
    here = tally_block(views, own[moved].tolist(), words())
    moved_images = np.flatnonzero(task.image_folds != own)
    parses = [block[place][1] for place in moved_images.tolist()]
    their_keys = Keys(keys.images[moved_images], keys.texts[moved_images])
    said_there = count_siblings(parses, their_keys, task.image_folds[moved_images])
    said_here = count_siblings(parses, their_keys, own[moved_images])
    tallies = [there, negate(here), said_there, negate(said_here)]
    write_counts(new_file("counts"), merge_tallies(tallies))
    return CountStats(len(moved))


@without_collector()
def lay_out_block(
    options: LearnOptions, model: AnyPath, share: float, parses: AnyPath, new_file: NewFile
) -> LayoutStats:
    """Write the features of the slots of a share of a block's captions.

    Raises:
        ShardError: a rule failed on a caption.
    """
    chooser = chooser_of(options.rules, options.policy, options.seed)
    corpus = corpus_model(model)
    block = [
        (caption, parse)
        for caption, parse in read_parses(parses)
        if hash_of(f"sample {options.seed} {image_key(caption)}") < share * 2**64
    ]
    slots: list[Offered] = [
        (caption, parse, [offer.slot for of_rule in offers for offer in of_rule])
        for (caption, parse), (offers, _) in zip(
            block, offers_of(block, chooser, rivals=rivals_for(block, corpus)), strict=True
        )
    ]
    layout = corpus.sample(
        slots, words(), min_context_coverage=_scoring(options.policy).min_context_coverage
    )
    guards = options.policy.guards
    siblings = siblings_in(block, chooser.lexicon) if guards else [NO_SIBLINGS] * len(block)
    refused = _refusals(slots, siblings, layout, chooser)
    save_arrays(new_file("layout"), layout._replace(refused=refused))
    return LayoutStats(len(block))


def read_layout(path: AnyPath) -> Sample:
    """Return the layout that `lay_out_block` wrote."""
    return Sample(*load_arrays(path, len(Sample._fields)))


def _refusals(
    block: Sequence[Offered], siblings: Sequence[Siblings], sample: Sample, chooser: Chooser
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell for each remaining candidate whether a sibling rejects it."""
    refused = np.zeros(len(sample.supported), bool)
    starts = np.cumsum(sample.sizes) - sample.sizes
    laid_out = iter(zip((sample.supported_sizes() > 1).tolist(), starts.tolist(), strict=True))
    is_laid_out = iter(sample.is_laid_out.tolist())
    for (caption, parse, slots), its_siblings in zip(block, siblings, strict=True):
        layouts = [next(laid_out) if next(is_laid_out) else (False, 0) for _ in slots]
        wanted = [
            (slot, start)
            for slot, (has_alternatives, start) in zip(slots, layouts, strict=True)
            if has_alternatives
        ]
        if wanted and its_siblings.lemmas:
            context = context_of(parse, normalise(caption.text), its_siblings, chooser.lexicon)
            for slot, start in wanted:
                answers = find_mentioned(slot, context)
                refused[start + 1 : start + 1 + len(answers)] = answers
    return refused[sample.supported]
