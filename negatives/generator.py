"""Parsed captions -> negatives: shared by builds and the Python functions."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from textwrap import shorten
from typing import Any, cast

from data.errors import ShardError
from data.records import Caption
from data.storage import AnyPath
from data.texts import one_line
from negatives.choose import Chooser, Chosen, Offers, Producer, Tally, choose, redraw
from negatives.fluency.candidates import MOST_CANDIDATES
from negatives.fluency.corpus import CorpusModel, Offered
from negatives.fluency.fitting import keep_probabilities
from negatives.guards import Siblings
from negatives.guards.tables import Pairs, names_of_one_thing
from negatives.llm.asking import AnyRule, AskingRule, LlmAnswers, asks, proposals_of
from negatives.parse import Parse
from negatives.policy import PairPolicy, Policy
from negatives.rules import make_rule
from negatives.rules.replace_learned import learns
from negatives.sampling import LogRatios, Offer
from negatives.scorers import CorpusScorer, Scorer, corpus_model
from negatives.slots import Rule, Slot
from negatives.words import lexicon as lexicons
from negatives.words.rivals import RivalsOutside

ParsedCaptions = Sequence[tuple[Caption, Parse]]
"""A block of captions with their parses."""


def chooser_of(rules: Sequence[Mapping[str, Any]], policy: Policy, seed: int) -> Chooser:
    """Return the chooser for a configuration.

    Raises:
        UsageError: a rule or an option is unknown.
    """
    lexicon = lexicons.load()
    return Chooser(producers_of(rules, partial(make_rule, lexicon=lexicon)), policy, seed, lexicon)


def producers_of(
    specs: Sequence[Mapping[str, Any]],
    make: Callable[[Mapping[str, Any]], AnyRule],
    *,
    first_number: int = 0,
) -> tuple[Producer, ...]:
    """Return the producers of a configuration's rules, numbered from `first_number`.

    A rule that is named twice gets two random streams.
    """
    times: Counter[str] = Counter()
    producers: list[Producer] = []
    for number, spec in enumerate(specs, first_number):
        name = str(spec["rule"])
        times[name] += 1
        stream = name if times[name] == 1 else f"{name}#{times[name]}"
        rule = make(spec)
        producers.append(Producer(name, stream, rule, number, "llm" if asks(rule) else "rule"))
    return tuple(producers)


def with_thinning(policy: Policy, corpus: AnyPath | None) -> Policy:
    """Return a policy that thins each kind to at most `max_share` of the expected negatives."""
    if corpus is None or not isinstance(policy, PairPolicy) or policy.max_share is None:
        return policy
    keep = keep_probabilities(corpus_model(corpus).yields, max_share=policy.max_share)
    return replace(policy, keep={**keep, **policy.keep})


def asking_rules(chooser: Chooser) -> list[AskingRule]:
    """Return the rules of a chooser that ask a language model."""
    return [producer.rule for producer in chooser.producers if asks(producer.rule)]


def offers_of(
    block: ParsedCaptions,
    chooser: Chooser,
    answers: LlmAnswers | None = None,
    *,
    rivals: Sequence[RivalsOutside] | None = None,
) -> list[tuple[Offers, Tally]]:
    """Return all slots of each caption, without log-ratios, and the counts of unusable answers.

    `answers`: a language model's answers; without them the rules that ask one yield nothing.
    `rivals`: for each caption, words that exclude each other in its corpus; without them the rules
    that learn yield nothing.

    Raises:
        ShardError: a rule failed on a caption.
    """
    offered: list[tuple[Offers, Tally]] = []
    known = rivals if rivals is not None else [None] * len(block)
    for (caption, parse), its_rivals in zip(block, known, strict=True):
        with naming(caption):
            faults: Tally = Counter()
            offers = [
                [Offer(slot) for slot in _slots_of(producer, parse, answers, its_rivals, faults)]
                for producer in chooser.producers
            ]
            offered.append((offers, faults))
    return offered


def _slots_of(
    producer: Producer,
    parse: Parse,
    answers: LlmAnswers | None,
    rivals: RivalsOutside | None,
    faults: Tally,
) -> Iterable[Slot]:
    """Return the slots of a rule; count the faults of the answers it uses."""
    rule = producer.rule
    if learns(rule):
        return rule.slots_among(parse, rivals) if rivals is not None else ()
    if not asks(rule):
        return cast("Rule", rule)(parse)
    if answers is None:
        return ()
    slots, found = proposals_of(rule, parse, answers)
    faults.update({(producer.name, fault): number for fault, number in found.items()})
    return slots


def choose_block(
    block: ParsedCaptions,
    chooser: Chooser,
    scorers: Sequence[Scorer | None],
    siblings: Iterable[Siblings],
    answers: LlmAnswers | None = None,
) -> list[Chosen]:
    """Return the chosen negatives of each caption.

    `scorers`: the policy's opened scorers. `siblings`: of each caption. `answers`: answers to the
    rules' requests about the block.

    Raises:
        ShardError: a rule failed on a caption.
    """
    policy = chooser.policy
    first = scorers[0] if scorers else None
    rivals = rivals_for(block, first.model) if isinstance(first, CorpusScorer) else None
    found = offers_of(block, chooser, answers, rivals=rivals)
    offered = score_offers(block, [offers for offers, _ in found], policy, scorers)
    chosen: list[Chosen] = []
    learned = overlapping_pairs(block, scorers)
    for (caption, parse), its_siblings, offers, (_, faults), pairs in zip(
        block, siblings, offered, found, learned, strict=True
    ):
        with naming(caption):
            each = choose(caption, parse, its_siblings, offers, chooser, learned=pairs)
        chosen.append(each._replace(tally=each.tally + faults) if faults else each)
    if isinstance(policy, PairPolicy):
        for scorer_index, scorer in enumerate(scorers):
            if scorer is not None and policy.scorers[scorer_index] is not policy.corpus:
                chosen = _redraw_block(block, chosen, scorer, scorer_index, chooser)
    return chosen


def rivals_for(block: ParsedCaptions, model: CorpusModel) -> list[RivalsOutside]:
    """Return for each caption the rival words learned from the corpus without its own image."""
    return model.rivals_of([caption for caption, _ in block])


def score_offers(
    block: ParsedCaptions,
    offered: Sequence[Offers],
    policy: Policy,
    scorers: Sequence[Scorer | None],
) -> list[Offers]:
    """Return the offers with the log-ratios that weigh the draw, if any."""
    first = scorers[0] if scorers else None
    if first is None:
        return list(offered)
    if policy.corpus is None:
        return [
            _with_log_ratios(offers, partial(_neutral_log_ratios, policy)) for offers in offered
        ]
    slots = [
        (caption, parse, [offer.slot for of_rule in offers for offer in of_rule])
        for (caption, parse), offers in zip(block, offered, strict=True)
    ]
    ratios = iter(first.log_ratios(slots))
    return [_with_log_ratios(offers, lambda _slot: next(ratios)) for offers in offered]


def overlapping_pairs(block: ParsedCaptions, scorers: Sequence[Scorer | None]) -> Sequence[Pairs]:
    """Return for each caption the pairs of words that name one thing, learned from its corpus.

    A corpus with one caption per image cannot show them; then shipped pairs from other corpora are
    used.
    """
    first = scorers[0] if scorers else None
    if isinstance(first, CorpusScorer) and len(first.model.exclusion.keys):
        return first.model.overlaps([caption for caption, _ in block])
    return [names_of_one_thing()] * len(block)


def _with_log_ratios(offers: Offers, ratios_of: Callable[[Slot], LogRatios | None]) -> Offers:
    return [[Offer(offer.slot, ratios_of(offer.slot)) for offer in of_rule] for of_rule in offers]


def _neutral_log_ratios(policy: Policy, slot: Slot) -> LogRatios | None:
    """Return log-ratios that pass all alternatives of a slot on to the causal scorers.

    None, so that one alternative is drawn, if no scorer reads the slot or it has too many.
    """
    num = len(slot.alternatives)
    is_read = any(scoring.reads(slot.type, slot.subtype) for scoring in policy.causal)
    return [0.0] * num if is_read and num < MOST_CANDIDATES else None


def _redraw_block(
    block: ParsedCaptions,
    chosen: Sequence[Chosen],
    scorer: Scorer,
    scorer_index: int,
    chooser: Chooser,
) -> list[Chosen]:
    """Return the negatives of each caption that remain after the draw by a causal scorer."""
    policy = chooser.policy
    assert isinstance(policy, PairPolicy), "recipes have no scorers"
    scoring = policy.scorers[scorer_index]
    asked: list[Offered] = []
    for (caption, parse), found in zip(block, chosen, strict=True):
        edits = [each.edit for each in found.negatives if scoring.reads(each.type, each.subtype)]
        asked.append((caption, parse, [Slot("", "", "", edits)] if edits else []))
    ratios = iter(scorer.log_ratios(asked))
    return [
        redraw(
            caption,
            found,
            next(ratios) if slots else (),
            scorer_index=scorer_index,
            chooser=chooser,
        )
        for (caption, _, slots), found in zip(asked, chosen, strict=True)
    ]


@contextmanager
def naming(caption: Caption) -> Iterator[None]:
    """Name the caption on which a rule fails; a user's rule may raise anything.

    Raises:
        ShardError: in place of the rule's exception.
    """
    try:
        yield
    except Exception as error:
        raise ShardError(
            f"caption {caption.id} {shorten(caption.text, 80)!r}: "
            f"{type(error).__name__}: {one_line(error)}"
        ) from error
