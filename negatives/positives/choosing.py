"""Which positives a caption gets: each slot is drawn from once, worded, and kept if it is new.

If there is a corpus model, it accepts edits that reorder or replace as it accepts negatives: in
fair pairs, so that a caption and its positive are equally likely, as are an edit and the one that
undoes it. As many captions of a block change one way as the other (evening.py). Edits that turn a
whole sentence around are accepted as they are.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import exp, inf
from typing import Any, NamedTuple, cast

import numpy as np

from data.edits import Edit, splits_a_unit
from data.records import Caption, Positive, short_score
from data.streams import Stream
from data.texts import normalise
from data.units import units_of
from negatives.choose import Chosen, Producer, Tally
from negatives.generator import ParsedCaptions, asking_rules, chooser_of, naming, producers_of
from negatives.guards.context import MAX_TOKENS
from negatives.llm.asking import AskingRule, LlmAnswers, asks, proposals_of
from negatives.parse import Parse
from negatives.policy import Policy
from negatives.positives import POSITIVE_RULES
from negatives.positives.agreement import disagreement, translated
from negatives.positives.evening import direction_of, evened
from negatives.rules import make_rule
from negatives.sampling import Acceptance
from negatives.scorers import CorpusScorer, Scorer
from negatives.slots import Rule, Slot
from negatives.wording import glue, wording_of
from negatives.words import lexicon as lexicons
from negatives.words.lexicon import Lexicon

_FAIR = {"reorder": "swap", "replace": "replace"}
"""The types that are drawn in fair pairs, each with the type of negatives whose weights it has."""

_NO_NAMES = np.zeros(0, np.uint64)


class PositiveChooser(NamedTuple):
    """What choosing positives needs beside the captions.

    `acceptance`: that of the corpus model; None if the policy has none.
    """

    producers: Sequence[Producer]
    acceptance: Acceptance | None
    seed: int
    lexicon: Lexicon


class Asked(NamedTuple):
    """The answers to what rules asked about a block, and a parser of texts."""

    answers: LlmAnswers
    parse_all: Callable[[Sequence[str]], Iterable[Parse]]


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
    make = partial(make_rule, lexicon=lexicon, rules=POSITIVE_RULES, what="rule of positives")
    producers = producers_of(specs, make, first_number=first_number)
    corpus = policy.corpus
    acceptance = Acceptance(1.0, corpus.max_log_ratio) if corpus else None
    return PositiveChooser(producers, acceptance, seed, lexicon)


def all_asking_rules(
    rules: Sequence[Mapping[str, Any]],
    positives: Sequence[Mapping[str, Any]],
    policy: Policy,
    *,
    seed: int,
) -> list[AskingRule]:
    """Return the rules of negatives and of positives that ask a language model."""
    chooser = positive_chooser(positives, policy, seed, first_number=0)
    found = asking_rules(chooser_of(rules, policy, seed))
    return found + [each.rule for each in chooser.producers if asks(each.rule)]


def choose_positives(  # noqa: PLR0913 - a block, what is known of it, and who chooses
    block: ParsedCaptions,
    chosen: Sequence[Chosen],
    chooser: PositiveChooser,
    scorers: Sequence[Scorer | None],
    *,
    even: bool,
    asked: Asked | None = None,
) -> list[FoundPositives]:
    """Return the positives of each caption of a block.

    `chosen`: the negatives of each caption: no text is both. `scorers`: those of the policy,
    opened; the corpus model is asked, if it is among them. `even`: whether as many captions of the
    block change one way as the other; if not, a caption's positives depend on it alone. The clauses
    of `absence` are drawn elsewhere (negatives/negation). `asked`: the answers of a language model
    and a parser for them; without these, the rules that ask offer nothing.

    Raises:
        ShardError: a rule failed on a caption.
    """
    if not chooser.producers:
        return [NO_POSITIVES] * len(block)
    offers, faults = _offers(block, chooser, asked)
    ratios = _log_ratios(block, offers, chooser, scorers)
    most = chooser.acceptance.max_log_ratio if chooser.acceptance else inf
    near = [place for place, ratio in enumerate(ratios) if ratio is None or abs(ratio) <= most]
    weights: list[float | None] = [None] * len(offers)
    directions = [
        direction_of(offers[place].slot, offers[place].parse.text) if even else None
        for place in near
    ]
    for place, weight in zip(
        near, evened(directions, [ratios[p] or 0.0 for p in near]), strict=True
    ):
        weights[place] = weight
    by_caption: list[list[_Drawn]] = [[] for _ in block]
    for offer, ratio, weight in zip(offers, ratios, weights, strict=True):
        by_caption[offer.caption].append(_Drawn(offer, ratio, weight))
    return [
        _choose(caption, parse, each, drawn, chooser, faults=faults.get(place, Counter()))
        for place, ((caption, parse), each, drawn) in enumerate(
            zip(block, chosen, by_caption, strict=True)
        )
    ]


class _Offer(NamedTuple):
    """A slot with one alternative; `caption`: the caption's index in the block."""

    caption: int
    parse: Parse
    producer: Producer
    slot: Slot


class _Drawn(NamedTuple):
    """An offer, its log-ratio if it is known, and the one for its acceptance; None: never."""

    offer: _Offer
    ratio: float | None
    weight: float | None


def _offers(
    block: ParsedCaptions, chooser: PositiveChooser, asked: Asked | None
) -> tuple[list[_Offer], dict[int, Tally]]:
    """Return all slots of the captions, in order, each with one alternative drawn uniformly.

    Also return what was wrong with a model's answers, by the captions' indices.
    """
    found: list[_Offer] = []
    faults: dict[int, Tally] = {}
    for place, (caption, parse) in enumerate(block):
        with naming(caption):
            for producer in chooser.producers:
                stream = Stream(chooser.seed, caption.id, "positive", producer.stream)
                if asks(producer.rule):
                    if asked is None:
                        continue
                    slots, reasons = proposals_of(producer.rule, parse, asked.answers)
                    tally = faults.setdefault(place, Counter())
                    tally.update({(producer.name, why): num for why, num in reasons.items()})
                else:
                    slots = list(cast("Rule", producer.rule)(parse))
                for slot in slots:
                    edit = slot.alternatives[stream.below(len(slot.alternatives))]
                    found.append(
                        _Offer(place, parse, producer, slot._replace(alternatives=(edit,)))
                    )
    return (found if asked is None else _agreeing(found, asked, chooser.lexicon, faults)), faults


def _agreeing(
    offers: Sequence[_Offer], asked: Asked, lexicon: Lexicon, faults: dict[int, Tally]
) -> list[_Offer]:
    """Return the offers without those of a model that do not say the same as the caption."""
    texts = {
        number: translated(
            offer.slot.alternatives[0].apply(offer.parse.text), offer.parse.text, lexicon
        )
        for number, offer in enumerate(offers)
        if asks(offer.producer.rule)
    }
    parses = dict(zip(texts, asked.parse_all(list(texts.values())), strict=True))
    kept: list[_Offer] = []
    for number, offer in enumerate(offers):
        why = disagreement(offer.parse, parses[number], lexicon) if number in parses else None
        if why is None:
            kept.append(offer)
        else:
            faults.setdefault(offer.caption, Counter())[offer.producer.name, why] += 1
    return kept


def _log_ratios(
    block: ParsedCaptions,
    offers: Sequence[_Offer],
    chooser: PositiveChooser,
    scorers: Sequence[Scorer | None],
) -> list[float | None]:
    """Return the log-ratio of each offer that the corpus model weighs, None for the others.

    The model's biases compensate for guards of negatives, so they are left out. What it cannot lay
    out or knows too little about is out of reach. Edits that change the order keep the words, so
    these need not have been seen together.
    """
    first = scorers[0] if scorers else None
    if chooser.acceptance is None or not isinstance(first, CorpusScorer):
        return [None] * len(offers)
    unbiased = replace(first.model, names=_NO_NAMES)
    found: list[float | None] = [None] * len(offers)
    for kind, like in _FAIR.items():
        places = [place for place, offer in enumerate(offers) if offer.slot.type == kind]
        slots: list[list[Slot]] = [[] for _ in block]
        for place in places:
            slots[offers[place].caption].append(offers[place].slot._replace(type=like))
        asked = [(caption, parse, own) for (caption, parse), own in zip(block, slots, strict=True)]
        coverage = first.min_context_coverage if kind == "replace" else 0.0
        scorer = CorpusScorer(model=unbiased, min_context_coverage=coverage)
        for place, ratios in zip(places, scorer.log_ratios(asked), strict=True):
            found[place] = next(iter(ratios), -inf)
    return found


def _choose(  # noqa: PLR0913 - a caption and all that was found for it
    caption: Caption,
    parse: Parse,
    chosen: Chosen,
    drawn: Sequence[_Drawn],
    chooser: PositiveChooser,
    *,
    faults: Tally,
) -> FoundPositives:
    seen = {normalise(caption.text), *(normalise(negative.text) for negative in chosen.negatives)}
    wording = wording_of(parse, chooser.lexicon)
    positives: list[Positive] = []
    tally: Tally = Counter(faults)
    streams: dict[str, Stream] = {}
    for (_, _, producer, slot), ratio, weight in drawn:
        tally[producer.name, "slots"] += 1
        name = producer.stream
        stream = streams.setdefault(name, Stream(chooser.seed, caption.id, "accepted", name))
        if weight is None or not stream.chance(exp(min(0.0, weight))):
            tally[producer.name, _why_not(ratio, weight, chooser)] += 1
            continue
        edit = glue(wording, slot.alternatives[0])
        outcome = fault_of(edit, parse, seen)
        tally[producer.name, outcome or "accepted"] += 1
        if outcome is None and edit is not None:
            text = edit.apply(caption.text)
            seen.add(normalise(text))
            kind = (slot.type, slot.subtype, producer.name, producer.method)
            positives.append(Positive(text, *kind, edit, short_score(ratio), producer.number))
    return FoundPositives(tuple(positives), tally)


def _why_not(ratio: float | None, weight: float | None, chooser: PositiveChooser) -> str:
    """Return why an offer is not drawn, in the terms of negatives/sampling.py if it has one."""
    if weight is not None:
        return "stays"
    if ratio == -inf:
        return "not laid out"
    most = chooser.acceptance.max_log_ratio if chooser.acceptance else inf
    return "no way back" if ratio is None or abs(ratio) <= most else "out of reach"


def fault_of(edit: Edit | None, parse: Parse, seen: set[str]) -> str | None:
    """Return why a worded positive is rejected; None if it is not."""
    if edit is None:
        return "wording cannot be undone"
    text = edit.apply(parse.text)
    if splits_a_unit(edit, units_of(parse.text), units_of(text)):
        return "splits a character or markup"
    if len(parse.tokens) > MAX_TOKENS and edit.replacements[0].start >= parse.tokens[MAX_TOKENS][0]:
        return "beyond the text encoder"
    return "equal text" if normalise(text) in seen else None
