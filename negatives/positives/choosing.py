"""Which positives a caption gets: every slot is drawn from once, worded, and kept if it is new.

Where a corpus model is there, it accepts what reorders or replaces as it accepts negatives: in fair
pairs, so that caption and positive are as likely as each other, and so both edits of a kind. What
rewrites is taken as it is: no negative has its form, so there is nothing to be even with.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

import numpy as np

from data.edits import Edit, splits_a_unit
from data.records import Caption, Positive
from data.streams import Stream
from data.texts import normalise
from data.units import units_of
from negatives.choose import Chosen, Producer, Tally
from negatives.generator import ParsedCaptions, naming
from negatives.guards.context import MAX_TOKENS
from negatives.parse import Parse
from negatives.policy import Policy
from negatives.positives import POSITIVE_RULES
from negatives.rules import make_rule
from negatives.sampling import Acceptance, LogRatios, Offer, pair_draws
from negatives.scorers import CorpusScorer, Scorer
from negatives.slots import Rule, Slot
from negatives.wording import glue, wording_of
from negatives.words import lexicon as lexicons
from negatives.words.lexicon import Lexicon

_FAIR = {"reorder": "swap", "replace": "replace"}
"""The types that are drawn in fair pairs, each with the type of negatives whose weights it has."""

_NO_NAMES = np.zeros(0, np.uint64)


class PositiveChooser(NamedTuple):
    """All that choosing positives needs beside the captions.

    `acceptance`: how the corpus model accepts, None where the policy asks none.
    """

    producers: Sequence[Producer]
    acceptance: Acceptance | None
    seed: int
    lexicon: Lexicon


class FoundPositives(NamedTuple):
    """The positives of one caption; `tally` counts (rule, outcome)."""

    positives: tuple[Positive, ...]
    tally: Tally


NO_POSITIVES = FoundPositives((), Counter())


def positive_chooser(
    specs: Sequence[Mapping[str, Any]], policy: Policy, seed: int, *, first_number: int
) -> PositiveChooser:
    """Return the chooser of positives that a configuration asks for.

    `first_number`: of its producers in the manifest's list, after those of the negatives.

    Raises:
        UsageError: a rule or an option is unknown.
    """
    lexicon = lexicons.load()
    times: Counter[str] = Counter()
    producers: list[Producer] = []
    for number, spec in enumerate(specs, first_number):
        name = str(spec["rule"])
        times[name] += 1
        stream = name if times[name] == 1 else f"{name}#{times[name]}"
        rule = make_rule(spec, lexicon=lexicon, rules=POSITIVE_RULES, what="rule of positives")
        producers.append(Producer(name, stream, rule, number))
    corpus = policy.corpus
    acceptance = Acceptance(1.0, corpus.max_log_ratio) if corpus else None
    return PositiveChooser(tuple(producers), acceptance, seed, lexicon)


def choose_positives(
    block: ParsedCaptions,
    chosen: Sequence[Chosen],
    chooser: PositiveChooser,
    scorers: Sequence[Scorer | None],
) -> list[FoundPositives]:
    """Return the positives of each caption of a block.

    `chosen`: the negatives of each caption: no text is both. `scorers`: those of the policy,
    opened; the corpus model is asked, if it is among them.

    Raises:
        ShardError: a rule failed on a caption.
    """
    if not chooser.producers:
        return [NO_POSITIVES] * len(block)
    offered = [_slots_of(caption, parse, chooser) for caption, parse in block]
    ratios = _log_ratios(block, offered, chooser, scorers)
    return [
        _choose(caption, parse, each, slots, chooser, ratios)
        for (caption, parse), each, slots in zip(block, chosen, offered, strict=True)
    ]


def _slots_of(caption: Caption, parse: Parse, chooser: PositiveChooser) -> list[list[Slot]]:
    with naming(caption):
        return [list(cast("Rule", producer.rule)(parse)) for producer in chooser.producers]


def _log_ratios(
    block: ParsedCaptions,
    offered: Sequence[Sequence[Sequence[Slot]]],
    chooser: PositiveChooser,
    scorers: Sequence[Scorer | None],
) -> Iterator[LogRatios] | None:
    """Return the log-ratios of what is drawn in fair pairs, slot after slot; None without a model.

    The biases of the model make up for guards of negatives, so they are left out.
    """
    first = scorers[0] if scorers else None
    if chooser.acceptance is None or not isinstance(first, CorpusScorer):
        return None
    asked = [
        (caption, parse, [
            slot._replace(type=_FAIR[slot.type])
            for of_rule in slots for slot in of_rule if slot.type in _FAIR
        ])
        for (caption, parse), slots in zip(block, offered, strict=True)
    ]  # fmt: skip
    unbiased = replace(first.model, names=_NO_NAMES)
    scorer = CorpusScorer(model=unbiased, min_context_coverage=0.0)
    return iter(scorer.log_ratios(asked))


def _choose(  # noqa: PLR0913, PLR0917 - a caption, what is known of it, and who chooses
    caption: Caption,
    parse: Parse,
    chosen: Chosen,
    slots: Sequence[Sequence[Slot]],
    chooser: PositiveChooser,
    ratios: Iterator[LogRatios] | None,
) -> FoundPositives:
    seen = {normalise(caption.text), *(normalise(negative.text) for negative in chosen.negatives)}
    wording = wording_of(parse, chooser.lexicon)
    positives: list[Positive] = []
    tally: Tally = Counter()
    for producer, of_rule in zip(chooser.producers, slots, strict=True):
        stream = Stream(chooser.seed, caption.id, "positive", producer.stream)
        for slot in of_rule:
            is_fair = ratios is not None and slot.type in _FAIR
            drawn = _draw(slot, next(ratios) if is_fair and ratios else None, stream, chooser)
            tally[producer.name, "slots"] += 1
            if isinstance(drawn, str):
                tally[producer.name, drawn] += 1
                continue
            edit, score = drawn
            worded = glue(wording, edit)
            outcome = _fault(worded, parse, seen)
            tally[producer.name, outcome or "accepted"] += 1
            if outcome is None and worded is not None:
                text = worded.apply(caption.text)
                seen.add(normalise(text))
                kind = (slot.type, slot.subtype, producer.name, producer.method)
                positives.append(Positive(text, *kind, worded, score, producer.number))
    return FoundPositives(tuple(positives), tally)


def _draw(
    slot: Slot, log_ratios: LogRatios | None, stream: Stream, chooser: PositiveChooser
) -> tuple[Edit, float | None] | str:
    """Return an alternative of a slot with its log-ratio, or why there is none."""
    acceptance = chooser.acceptance
    if log_ratios is None or acceptance is None:
        return slot.alternatives[stream.below(len(slot.alternatives))], None
    offers = [Offer(slot, log_ratios)]
    drawn = next(pair_draws(offers, stream, acceptance_of=lambda *_: acceptance, keep={}))
    return drawn if isinstance(drawn, str) else (slot.alternatives[drawn.position], drawn.score)


def _fault(edit: Edit | None, parse: Parse, seen: set[str]) -> str | None:
    """Return why a worded positive is refused; None if it is not."""
    if edit is None:
        return "wording cannot be undone"
    text = edit.apply(parse.text)
    if splits_a_unit(edit, units_of(parse.text), units_of(text)):
        return "splits a character or markup"
    if len(parse.tokens) > MAX_TOKENS and edit.replacements[0].start >= parse.tokens[MAX_TOKENS][0]:
        return "beyond the text encoder"
    return "equal text" if normalise(text) in seen else None
