"""The policy: draw each slot, mend the wording, guard, and tally every reason. Pure.

What is drawn (negatives/draws.py) is worded and guarded, and a candidate that falls is counted,
never replaced by another: a choice that tries again until something passes tells a reader of text
which of the two is the caption.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal, NamedTuple

from data.edits import Edit, splits_a_unit
from data.errors import UsageError
from data.records import Caption, Negative, Reject
from data.streams import Stream
from data.texts import normalised
from data.units import Units, units_of
from negatives.draws import Drawn, Offer, Powers, Scores, pair_draws, recipe_draws
from negatives.guards import Siblings, context_of, guard
from negatives.parse import Parse
from negatives.slots import Rule
from negatives.wording import Wording, glue, wording_of
from negatives.words.lexicon import Lexicon

_NEURAL_POWER_BESIDE = 0.2  # fitted on Flickr8k for SmolLM2 by benchmarks/second_draw.py,
_NEURAL_POWER_ALONE = 0.6  # as is Policy.corpus_power


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How candidates are chosen.

    `draw`: "slots" (alternatives on their own) or "recipe" (negatives/draws.py). `weights`: how an
    alternative and its caption are weighed: by a model of the corpus, by a causal language model
    ("neural"), by a recipe, or "uniform", which knows nothing of fluency. `second_draw`: "neural"
    if what is drawn and let through is drawn again by a causal language model. `reach`: the most
    that their scores may differ, in nats; `neural_reach`: those of the language model.
    `corpus_power`, `neural_power`: what a draw by the language model aims at, v and w of
    negatives/draws.py; None takes .2 for w beside a model of the corpus and .6 without one.
    `known`: the share of the words that go with a changed word with which the corpus must have both
    it and what it takes the place of. `keep`: the chance with which what is drawn of a
    "type/subtype" is kept, 1 where none is given. `irreversible`: whether slots are drawn from to
    which a negative does not lead back. `variants`: distinct negatives of each rule of a
    recipe. `max_negatives`: a cap on a caption's negatives, in order of the draw. `wording`,
    `guards`: whether candidates are mended, refused.

    Raises:
        UsageError: a number is out of range.
    """

    draw: Literal["slots", "recipe"] = "slots"
    weights: Literal["corpus", "neural", "uniform", "recipe"] = "uniform"
    second_draw: Literal["none", "neural"] = "none"
    reach: float = 3.0
    neural_reach: float = 3.0
    corpus_power: float = 0.75
    neural_power: float | None = None
    known: float = 0.34
    keep: Mapping[str, float] = field(default_factory=dict)
    irreversible: bool = False
    variants: int = 5
    max_negatives: int | None = None
    wording: bool = True
    guards: bool = True

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing."""
        for name, value in (("variants", self.variants), ("max_negatives", self.max_negatives)):
            if value is not None and value < 1:
                raise UsageError(f"negatives.choice.{name}: expected 1 or more, found {value}")
        for name, share in self.keep.items():
            if not 0 <= share <= 1:
                raise UsageError(f"negatives.choice.keep.{name}: expected 0 to 1, found {share}")
        if not 0 <= self.known <= 1:
            raise UsageError(f"negatives.choice.known: expected 0 to 1, found {self.known}")
        for name, reach in (("reach", self.reach), ("neural_reach", self.neural_reach)):
            if not 0 < reach < inf:
                raise UsageError(
                    f"negatives.choice.{name}: expected a positive number, found {reach}"
                )
        for name, power in (("corpus", self.corpus_power), ("neural", self.neural_power)):
            if power is not None and not 0 <= power < inf:
                raise UsageError(
                    f"negatives.choice.{name}_power: expected 0 or more, found {power}"
                )
        self._check_scorers()

    def reads(self) -> bool:
        """Tell whether a causal language model reads what the guards let through."""
        return "neural" in (self.weights, self.second_draw)

    def powers(self) -> Powers:
        """Return what a draw by the language model aims at."""
        beside = self.weights == "corpus"
        fitted = _NEURAL_POWER_BESIDE if beside else _NEURAL_POWER_ALONE
        neural = fitted if self.neural_power is None else self.neural_power
        return Powers(self.corpus_power if beside else 1.0, neural)

    def _check_scorers(self) -> None:
        if self.draw == "recipe" and self.weights == "corpus":
            raise UsageError(
                "negatives.choice.weights: a model of the corpus weighs no recipe; expected "
                "uniform or recipe, found corpus"
            )
        if self.reads() and self.draw == "recipe":
            raise UsageError(
                "negatives.choice.draw: a language model weighs no recipe; expected slots, or "
                "neither weights nor second_draw by neural, found recipe"
            )
        if self.weights == self.second_draw:
            raise UsageError(
                "negatives.choice.second_draw: expected none where weights is neural already, "
                "found neural"
            )


class Producer(NamedTuple):
    """A rule as the build runs it; `number` is its place in the manifest's list of producers.

    `method`: "rule", or "llm" for one whose slots a language model proposes.
    """

    name: str
    stream: str
    rule: Rule
    number: int
    method: str = "rule"


class Chooser(NamedTuple):
    """All that choosing needs beside the caption."""

    producers: Sequence[Producer]
    policy: Policy
    seed: int
    lexicon: Lexicon


Tally = Counter[tuple[str, str]]


class Chosen(NamedTuple):
    """The negatives and the rejects of one caption; `tally` counts (rule, what became of it)."""

    negatives: tuple[Negative, ...]
    rejects: tuple[Reject, ...]
    tally: Tally


class Candidate(NamedTuple):
    """One alternative of one slot, worded; `key` is its text normalised.

    `fault`: why it is refused before any guard is asked, if it is.
    """

    drawn: Drawn
    edit: Edit
    text: str
    key: str
    fault: str | None


Offers = Sequence[Sequence[Offer]]
"""What each producer offers for a caption, in the order of the chooser's producers."""


class _State(NamedTuple):
    """A caption while it is chosen for; `seen`: its own key and those of its negatives so far."""

    wording: Wording
    units: Units
    policy: Policy
    tally: Tally
    seen: set[str]


def offers_of(parse: Parse, chooser: Chooser) -> Offers:
    """Return all slots of a caption, without scores."""
    return [[Offer(slot) for slot in producer.rule(parse)] for producer in chooser.producers]


def weighed(offers: Offers, scores: Iterable[Scores | None]) -> Offers:
    """Return the offers of a caption with the scores of their candidates, in the same order."""
    of_slot = iter(scores)
    return [[Offer(offer.slot, next(of_slot)) for offer in of_producer] for of_producer in offers]


def choose(
    caption: Caption, parse: Parse, siblings: Siblings, offers: Offers, chooser: Chooser
) -> Chosen:
    """Return what the policy makes of one caption; finalists where a model is to read them."""
    policy = chooser.policy
    most = None if policy.reads() else policy.max_negatives
    candidates = _slot_candidates if policy.draw == "slots" else _recipe_candidates
    tally: Tally = Counter()
    negatives: list[Negative] = []
    rejects: list[Reject] = []
    own_key = normalised(caption.text)
    seen = {own_key}
    wording = wording_of(parse, chooser.lexicon)
    state = _State(wording, units_of(caption.text), policy, tally, seen)
    context = context_of(parse, own_key, siblings, chooser.lexicon) if policy.guards else None
    for producer, offered in zip(chooser.producers, offers, strict=True):
        if not offered:
            continue
        name, number = producer.name, producer.number
        tally[name, "slots"] += len(offered)
        stream = Stream(chooser.seed, caption.id, producer.stream)
        for (slot, _, score), edit, text, key, fault in candidates(name, offered, stream, state):
            reason = fault or (guard(slot, edit, key, context) if context else None)
            if reason is None and key in seen:
                reason = "equal text"
            if reason is None and len(negatives) == most:
                reason = "cap"
            tally[name, reason or "accepted"] += 1
            if reason is None:
                seen.add(key)
                kind = (slot.type, slot.subtype, name, producer.method)
                negatives.append(Negative(text, *kind, edit, score, number))
            else:
                rejects.append(Reject(caption.id, name, slot.type, text, edit, reason, number))
    return Chosen(tuple(negatives), tuple(rejects), tally)


def why_none(tally: Tally) -> str:
    """Return why a caption has no negative: the commonest fate of its slots, or "no slot"."""
    fates: Counter[str] = Counter()
    for (_, fate), count in tally.items():
        if fate != "slots":
            fates[fate] += count
    return min(fates, key=lambda fate: (-fates[fate], fate)) if fates else "no slot"


def _worded(drawn: Drawn, state: _State) -> Candidate:
    """Return an alternative of a slot, its wording mended where the policy asks for that."""
    raw = drawn.slot.alternatives[drawn.place]
    worded = glue(state.wording, raw) if state.policy.wording else raw
    edit = worded or raw
    text = edit.apply(state.wording.parse.text)
    fault = "wording cannot be undone" if worded is None else None
    if splits_a_unit(edit, state.units, units_of(text)):
        fault = "splits a character or markup"
    return Candidate(drawn, edit, text, normalised(text), fault)


def _slot_candidates(
    name: str, offers: Sequence[Offer], stream: Stream, state: _State
) -> Iterator[Candidate]:
    policy = state.policy
    if not policy.irreversible:
        left = [offer for offer in offers if offer.slot.reversible]
        if len(left) < len(offers):
            state.tally[name, "cannot be drawn back"] += len(offers) - len(left)
        offers = left
    for drawn in pair_draws(offers, stream, reach=policy.reach, keep=policy.keep):
        if isinstance(drawn, str):
            state.tally[name, drawn] += 1
        else:
            yield _worded(drawn, state)


def _recipe_candidates(
    name: str,  # noqa: ARG001 - as _slot_candidates
    offers: Sequence[Offer],
    stream: Stream,
    state: _State,
) -> Iterator[Candidate]:
    """Yield candidates of distinct texts until as many are new as there are variants.

    Texts are distinct when they are so normalised; the caption's own, or one that another rule
    made of it, is no new one, and is yielded once to be counted as a repetition.
    """
    variants = state.policy.variants
    slots = [offer.slot for offer in offers if len(offer.slot.alternatives)]
    num_new = 0
    keys: set[str] = set()
    weighted = state.policy.weights == "recipe"
    for drawn in recipe_draws(slots, stream, variants=variants, weighted=weighted):
        candidate = _worded(drawn, state)
        if candidate.key in keys:
            continue
        keys.add(candidate.key)
        num_new += candidate.key not in state.seen
        yield candidate
        if num_new == variants:
            return
