"""A block of captions is a shard is a unit of work: its two passes, as a worker runs them.

Pass 1, `parse_block`: captions -> OUT/work/parses. Pass 2, `choose_block`: parses -> rows and
rejects. Both commit by the protocol of data/commit.py and return at once what is already finished.
"""

import gc
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from data.commit import Json, Unit, attempt_path, commit, finished
from data.errors import UsageError
from data.records import Caption, Reject, Row
from data.shards import write_rejects, write_rows
from data.texts import normalised
from negatives.choose import Chooser, Chosen, Offers, Policy, choose, offers_of, weighed
from negatives.draws import Scores
from negatives.fluency.candidates import MOST_CANDIDATES
from negatives.guards import Siblings
from negatives.guards.siblings import siblings_in
from negatives.learning import chooser_with, count_block, model_in, read_sample, words
from negatives.llm.blocks import AnswersFile, with_answers
from negatives.parse import Parse
from negatives.parse_files import read_parses, write_parses
from negatives.producers import naming
from negatives.scorer import Scorer, ScorerOptions, drawn_again, scorer_in
from negatives.skipping import NO_WORDS, NOT_ENGLISH
from negatives.slots import Slot
from negatives.tallies import Tallies
from negatives.words import lexicon as lexicons
from negatives.words.lexicon import Lexicon

MIN_ENGLISH = 0.7  # share of a caption's words that must be English


class ParseTask(NamedTuple):
    """Captions of one split, to be parsed into `folder`, and counted for a model of the corpus."""

    folder: Path
    name: str
    captions: tuple[Caption, ...]
    model: str
    batch_size: int
    max_characters: int
    language: str
    counts: bool


class ChooseTask(NamedTuple):
    """The parses of one block, from which rows are to be made in `folder`.

    `model`: the folder of the corpus model that weighs the candidates, None for no model.
    `sample`: the file in which the block's slots were laid out for it, if all of them were.
    `scorer`: the language model that reads the finalists, where the policy asks for one.
    `answers`: what the block's asking rules were told, None if there are none.
    """

    parses: Path
    folder: Path
    name: str
    rules: tuple[Mapping[str, Any], ...]
    policy: Policy
    seed: int
    rejects: bool
    model: Path | None
    sample: Path | None
    scorer: ScorerOptions
    answers: AnswersFile | None = None


def digest_of(captions: Sequence[Caption]) -> str:
    """Return a hash of captions, by which a restart sees that the source is still the same."""
    digest = hashlib.sha256()
    for caption in captions:
        for part in caption:
            digest.update(part.encode("utf-8", "surrogatepass"))
            digest.update(b"\x1f")
    return digest.hexdigest()


def load_all(model: str) -> None:
    """Load what a worker keeps from block to block, before its first one comes.

    Raises:
        UsageError: there is no such model.
    """
    from negatives.spacy_parse import load_model  # noqa: PLC0415 - a driver needs no spaCy

    lexicons.load()
    load_model(model)
    gc.freeze()  # what was loaded stays: no collection need look through it, once in a few blocks


def parse_block(task: ParseTask) -> Unit:
    """Parse a block, or return it if that was done before.

    Raises:
        UsageError: what was done before was done from other captions.
    """
    digest = digest_of(task.captions)
    unit = finished(task.folder, task.name)
    if unit is not None:
        if unit.facts["digest"] != digest:
            raise UsageError(
                f"{task.name}: the source has changed since this build began; "
                "build into a new folder, or with --resume never"
            )
        return unit
    captions, skipped, first = _usable(task)
    from negatives.spacy_parse import parse_texts  # noqa: PLC0415 - a driver needs no spaCy

    texts = [caption.text for caption in captions]
    parses = list(parse_texts(texts, model=task.model, batch_size=task.batch_size))
    path = attempt_path(task.folder, task.name, "parses")
    write_parses(path, captions, parses)
    attempts = {"parses": path}
    if task.counts:
        attempts["counts"] = attempt_path(task.folder, task.name, "counts")
        count_block(attempts["counts"], captions, parses)
    facts: Json = {
        "digest": digest,
        "rows": len(captions),
        "tallies": {"skipped": dict(skipped)},
        "first": first,
    }
    return commit(task.folder, task.name, attempts, facts)


def choose_block(task: ChooseTask) -> Unit:
    """Make the rows of a block, or return it if that was done before.

    Raises:
        ShardError: a rule failed on a caption.
    """
    unit = finished(task.folder, task.name)
    if unit is not None:
        return unit
    chooser = chooser_with(task.model, task.rules, task.policy, task.seed)
    scorer = scorer_in(task.scorer) if task.policy.reads() else None
    block = list(read_parses(task.parses))
    chooser, faults = with_answers(chooser, [parse for _, parse in block], task.answers)
    rows: list[Row] = []
    rejects: list[Reject] = []
    tallies = Tallies()
    offered = offers_of_block(block, chooser, task.model, task.sample)
    siblings = siblings_in(block, chooser.lexicon)
    found = choose_all(block, siblings, offered, chooser, scorer)
    for (caption, _), chosen in zip(block, found, strict=True):
        rows.append(Row(*caption, chosen.negatives))
        rejects += chosen.rejects
        tallies.add(chosen)
    tallies.add_fates(faults)
    attempts = {"data": attempt_path(task.folder, task.name, "data")}
    write_rows(attempts["data"], rows)
    if task.rejects:
        attempts["rejects"] = attempt_path(task.folder, task.name, "rejects")
        write_rejects(attempts["rejects"], rejects)
    facts: Json = {"rows": len(rows), "rejects": len(rejects), "tallies": tallies.content()}
    return commit(task.folder, task.name, attempts, facts)


def choose_all(
    block: Sequence[tuple[Caption, Parse]],
    siblings: Iterable[Siblings],
    offered: Sequence[Offers],
    chooser: Chooser,
    scorer: Scorer | None,
) -> list[Chosen]:
    """Return what the policy makes of each caption; `scorer` reads the finalists of all together.

    Raises:
        ShardError: a rule failed on a caption.
    """
    chosen: list[Chosen] = []
    for (caption, parse), said, offers in zip(block, siblings, offered, strict=True):
        with naming(caption):
            chosen.append(choose(caption, parse, said, offers, chooser))
    if scorer is None:
        return chosen
    return drawn_again([caption for caption, _ in block], chosen, chooser, scorer)


def _usable(task: ParseTask) -> tuple[list[Caption], Counter[str], dict[str, str]]:
    """Return the captions to be parsed; of the others the counts and first ids by reason."""
    lexicon = lexicons.load()
    captions: list[Caption] = []
    skipped: Counter[str] = Counter()
    first: dict[str, str] = {}
    for caption in task.captions:
        fault = None
        if len(caption.text) > task.max_characters:
            fault = f"longer than {task.max_characters} characters"
        elif task.language == "en":
            fault = _language_fault(caption.text, lexicon)
        if fault is None:
            captions.append(caption)
        else:
            skipped[fault] += 1
            first.setdefault(fault, caption.id)
    return captions, skipped, first


def _language_fault(text: str, lexicon: Lexicon) -> str | None:
    """Return why a caption does not count as English, None if it does.

    One unknown word is no fault where two others are known ("A man waterskies.").
    """
    words = [word for word in normalised(text).split() if any(c.isalpha() for c in word)]
    if not words:
        return NO_WORDS
    share = lexicon.english_share(words)
    one_unknown = round(share * len(words)) >= len(words) - 1
    return None if share >= MIN_ENGLISH or (one_unknown and len(words) >= 3) else NOT_ENGLISH


def offers_of_block(
    block: Sequence[tuple[Caption, Parse]],
    chooser: Chooser,
    model: Path | None,
    sample: Path | None = None,
) -> list[Offers]:
    """Return what the rules offer for each caption, weighed by the model if there is one.

    `sample`: the file in which all slots of the block were laid out before, if they were.

    Raises:
        ShardError: a rule failed on a caption.
    """
    offered: list[Offers] = []
    for caption, parse in block:
        with naming(caption):
            offered.append(offers_of(parse, chooser))
    if chooser.policy.weights == "neural":
        return [weighed(found, map(_alike, _slots(found))) for found in offered]
    if model is None:
        return offered
    slots = [
        (caption, parse, _slots(found))
        for (caption, parse), found in zip(block, offered, strict=True)
    ]
    corpus = model_in(model)
    laid_out = (
        read_sample(sample) if sample else corpus.sample(slots, words(), known=chooser.policy.known)
    )
    scores = iter(corpus.scores(laid_out))
    return [weighed(found, scores) for found in offered]


def _slots(offers: Offers) -> list[Slot]:
    return [offer.slot for of_producer in offers for offer in of_producer]


def _alike(slot: Slot) -> Scores | None:
    """Return scores that let all of a slot through, None where one drawn of them has to do."""
    num_candidates = 1 + len(slot.alternatives)
    return [0.0] * num_candidates if num_candidates <= MOST_CANDIDATES else None
