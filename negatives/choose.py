"""The policy applied to one caption: draw, correct the wording, guard, count every outcome. Pure.

Drawn candidates (negatives/sampling.py) are worded and guarded. A rejected candidate is counted but
never replaced: retrying until something passes would reveal to a text-only reader which of the two
is the caption.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from data.edits import Edit, splits_a_unit
from data.records import Caption, Negative, Reject, short_score
from data.streams import Stream
from data.texts import normalise
from data.units import Units, units_of
from negatives.guards import Siblings, context_of, guard
from negatives.guards.tables import NO_PAIRS, Pairs
from negatives.llm.asking import AnyRule
from negatives.parse import Parse
from negatives.policy import PairPolicy, Policy, RecipePolicy
from negatives.sampling import Draw, LogRatios, Offer, pair_draws, recipe_draws
from negatives.wording import Wording, glue, wording_of
from negatives.words.lexicon import Lexicon


class Producer(NamedTuple):
    """A rule in a build; `number` is its index in the manifest's list of producers.

    `method`: "rule", or "llm" if a language model proposes its slots.
    """

    name: str
    stream: str
    rule: AnyRule
    number: int
    method: str = "rule"


class Chooser(NamedTuple):
    """Everything that choosing needs besides the caption."""

    producers: Sequence[Producer]
    policy: Policy
    seed: int
    lexicon: Lexicon


Tally = Counter[tuple[str, str]]


class Chosen(NamedTuple):
    """The negatives and the rejects of one caption; `tally` counts (rule, outcome)."""

    negatives: tuple[Negative, ...]
    rejects: tuple[Reject, ...]
    tally: Tally


class Candidate(NamedTuple):
    """One alternative of one slot, worded; `key` is its text normalised.

    `fault`: why it is rejected before any guard runs, if it is.
    """

    drawn: Draw
    edit: Edit
    text: str
    key: str
    fault: str | None


Offers = Sequence[Sequence[Offer]]
"""The slots of each producer for a caption, in the order of the chooser's producers."""


class _State(NamedTuple):
    """The state of choosing for a caption; `seen`: its key and those of its negatives so far."""

    wording: Wording
    units: Units
    policy: Policy
    tally: Tally
    seen: set[str]


def choose(  # noqa: PLR0913 - a caption, what is known of it, and who chooses
    caption: Caption,
    parse: Parse,
    siblings: Siblings,
    offers: Offers,
    chooser: Chooser,
    *,
    learned: Pairs = NO_PAIRS,
) -> Chosen:
    """Return the negatives of one caption, before causal scorers read them (`redraw`).

    `learned`: pairs of words that the corpus's captions use for the same thing.
    """
    policy = chooser.policy
    most = None if policy.causal else policy.max_negatives
    tally: Tally = Counter()
    negatives: list[Negative] = []
    rejects: list[Reject] = []
    own_key = normalise(caption.text)
    seen = {own_key}
    wording = wording_of(parse, chooser.lexicon)
    state = _State(wording, units_of(caption.text), policy, tally, seen)
    context = (
        context_of(parse, own_key, siblings, chooser.lexicon, learned) if policy.guards else None
    )
    for producer, offered in zip(chooser.producers, offers, strict=True):
        if not offered:
            continue
        name, number = producer.name, producer.number
        tally[name, "slots"] += len(offered)
        stream = Stream(chooser.seed, caption.id, producer.stream)
        for (slot, _, score), edit, text, key, fault in _candidates(name, offered, stream, state):
            reason = fault or (guard(slot, edit, key, context) if context else None)
            if reason is None and key in seen:
                reason = "equal text"
            if reason is None and len(negatives) == most:
                reason = "cap"
            tally[name, reason or "accepted"] += 1
            if reason is None:
                seen.add(key)
                kind = (slot.type, slot.subtype, name, producer.method)
                negatives.append(Negative(text, *kind, edit, short_score(score), number))
            else:
                rejects.append(Reject(caption.id, name, slot.type, text, edit, reason, number))
    return Chosen(tuple(negatives), tuple(rejects), tally)


def redraw(
    caption: Caption, chosen: Chosen, log_ratios: LogRatios, *, scorer_index: int, chooser: Chooser
) -> Chosen:
    """Return what remains after the draw by the policy's causal scorer at `scorer_index`.

    `log_ratios`: that scorer's values for the negatives it reads, in order. A negative's score
    comes from the first scorer that read it. What the first scorer does not draw "stays", as in
    `choose`; what a later one does not draw is a reject.
    """
    policy = chooser.policy
    assert isinstance(policy, PairPolicy), "recipes have no scorers"
    scoring = policy.scorers[scorer_index]
    is_last = scorer_index == len(policy.scorers) - 1
    stream = Stream(chooser.seed, caption.id, "scorer", str(scorer_index))
    ratios = iter(log_ratios)
    negatives: list[Negative] = []
    rejects = list(chosen.rejects)
    outcomes: Tally = Counter(chosen.tally)
    for negative in chosen.negatives:
        is_drawn, score, kind = True, negative.score, (negative.type, negative.subtype)
        is_first = not any(earlier.reads(*kind) for earlier in policy.scorers[:scorer_index])
        if scoring.reads(*kind):
            ratio = next(ratios)
            is_drawn = stream.chance(policy.acceptance(scoring, *kind).chance(ratio))
            score = ratio if score is None or is_first else score
        if is_drawn and not (is_last and len(negatives) == policy.max_negatives):
            negatives.append(negative._replace(score=score))
            continue
        outcome = "cap" if is_drawn else "stays" if is_first else "second draw"
        outcomes[negative.rule, "accepted"] -= 1
        outcomes[negative.rule, outcome] += 1
        if outcome != "stays":
            rejects.append(_reject(caption, negative, outcome))
    return Chosen(tuple(negatives), tuple(rejects), +outcomes)


def why_none(tally: Tally) -> str:
    """Return why a caption has no negative: its slots' most frequent outcome, or "no slot"."""
    outcomes: Counter[str] = Counter()
    for (_, outcome), count in tally.items():
        if outcome != "slots":
            outcomes[outcome] += count
    if not outcomes:
        return "no slot"
    return min(outcomes, key=lambda outcome: (-outcomes[outcome], outcome))


def _reject(caption: Caption, negative: Negative, reason: str) -> Reject:
    return Reject(
        caption.id,
        negative.rule,
        negative.type,
        negative.text,
        negative.edit,
        reason,
        negative.producer,
    )


def _make_candidate(drawn: Draw, state: _State) -> Candidate:
    """Return an alternative of a slot, with its wording corrected if the policy asks for that."""
    raw = drawn.slot.alternatives[drawn.position]
    worded = glue(state.wording, raw) if state.policy.wording else raw
    edit = worded or raw
    text = edit.apply(state.wording.parse.text)
    fault = "wording cannot be undone" if worded is None else None
    if splits_a_unit(edit, state.units, units_of(text)):
        fault = "splits a character or markup"
    return Candidate(drawn, edit, text, normalise(text), fault)


def _candidates(
    name: str, offers: Sequence[Offer], stream: Stream, state: _State
) -> Iterator[Candidate]:
    """Yield what the policy draws from a rule's slots; count the rest by outcome."""
    policy = state.policy
    if isinstance(policy, RecipePolicy):
        yield from _recipe_candidates(offers, stream, state, policy)
    else:
        yield from _pair_candidates(name, offers, stream, state, policy)


def _pair_candidates(
    name: str, offers: Sequence[Offer], stream: Stream, state: _State, policy: PairPolicy
) -> Iterator[Candidate]:
    if not policy.irreversible:
        left = [offer for offer in offers if offer.slot.reversible]
        if len(left) < len(offers):
            state.tally[name, "cannot be drawn back"] += len(offers) - len(left)
        offers = left
    acceptance_of = policy.first_acceptance
    for drawn in pair_draws(offers, stream, acceptance_of=acceptance_of, keep=policy.keep):
        if isinstance(drawn, str):
            state.tally[name, drawn] += 1
        else:
            yield _make_candidate(drawn, state)


def _recipe_candidates(
    offers: Sequence[Offer], stream: Stream, state: _State, policy: RecipePolicy
) -> Iterator[Candidate]:
    """Yield candidates with distinct texts until `variants` of them are new.

    Texts are compared normalised. The caption's own text, or one that another rule made, is not new
    and is yielded once, to be counted as a repetition.
    """
    variants = policy.variants
    slots = [offer.slot for offer in offers if len(offer.slot.alternatives)]
    num_new = 0
    keys: set[str] = set()
    for drawn in recipe_draws(slots, stream, variants=variants, weighted=policy.weighted):
        candidate = _make_candidate(drawn, state)
        if candidate.key in keys:
            continue
        keys.add(candidate.key)
        num_new += candidate.key not in state.seen
        yield candidate
        if num_new == variants:
            return
