"""The policy: draw each slot, mend the wording, guard, and tally every reason. Pure.

Every slot of the unedited caption is drawn once and independently, the caption itself among the
alternatives; what is drawn is then thinned with a fixed probability for its type, worded and
guarded, and a candidate that falls is counted, never replaced by another: a choice that tries
again until something passes tells a reader of text which of the two is the caption.

The published recipes choose otherwise (`draw: recipe`): one of all alternatives of a rule by the
recipe's weights, several distinct variants of each rule.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice
from math import log
from typing import Literal, NamedTuple

from data.edits import Edit
from data.errors import UsageError
from data.records import Caption, Negative, Reject
from data.streams import Stream
from data.texts import normalised
from negatives.guards import Siblings, context_of, guard
from negatives.parse import Parse
from negatives.slots import Rule, Slot
from negatives.wording import Wording, glue, wording_of
from negatives.words.lexicon import Lexicon


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How candidates are chosen.

    `draw`: "slots" (each slot once, independently) or "recipe" (see the module). `weights`: how a
    slot's alternatives and its caption are weighed; "uniform" knows nothing of fluency.
    `variants`: draws of each slot, or distinct negatives of each rule of a recipe. `keep`: the
    probability with which a "type/subtype" is kept, 1 where none is given. `max_negatives`: a cap
    on a caption's negatives, in order of the draw. `wording`, `guards`: whether candidates are
    mended, and refused.

    Raises:
        UsageError: a number is out of range.
    """

    draw: Literal["slots", "recipe"] = "slots"
    weights: Literal["uniform", "recipe"] = "uniform"
    variants: int = 1
    keep: Mapping[str, float] = field(default_factory=dict)
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


class Producer(NamedTuple):
    """A rule as the build runs it; `number` is its place in the manifest's list of producers."""

    name: str
    stream: str
    rule: Rule
    number: int


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


class Draw(NamedTuple):
    """One alternative of one slot, worded; `key` is its text normalised.

    `fault`: why its wording refuses it, if it does.
    """

    slot: Slot
    edit: Edit
    text: str
    key: str
    fault: str | None


class _State(NamedTuple):
    """A caption while it is chosen for; `seen`: its own key and those of its negatives so far."""

    wording: Wording
    policy: Policy
    tally: Tally
    seen: set[str]


def choose(caption: Caption, parse: Parse, siblings: Siblings, chooser: Chooser) -> Chosen:
    """Return what the policy makes of one caption."""
    policy = chooser.policy
    draws = _slot_draws if policy.draw == "slots" else _recipe_draws
    tally: Tally = Counter()
    negatives: list[Negative] = []
    rejects: list[Reject] = []
    own_key = normalised(caption.text)
    seen = {own_key}
    state = _State(wording_of(parse, chooser.lexicon), policy, tally, seen)
    context = context_of(parse, own_key, siblings, chooser.lexicon) if policy.guards else None
    for producer in chooser.producers:
        stream = Stream(chooser.seed, caption.id, producer.stream)
        name, number = producer.name, producer.number
        for slot, edit, text, key, fault in draws(producer, stream, state):
            reason = fault or (guard(slot, edit, key, context) if context else None)
            if reason is None and key in seen:
                reason = "equal text"
            if reason is None and len(negatives) == policy.max_negatives:
                reason = "cap"
            tally[name, reason or "accepted"] += 1
            if reason is None:
                seen.add(key)
                negatives.append(
                    Negative(text, slot.type, slot.subtype, name, "rule", edit, None, number)
                )
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


def _worded(slot: Slot, index: int, state: _State) -> Draw:
    """Return an alternative of a slot, its wording mended where the policy asks for that."""
    raw = slot.alternatives[index]
    worded = glue(state.wording, raw) if state.policy.wording else raw
    edit = worded or raw
    text = edit.apply(state.wording.parse.text)
    fault = "wording cannot be undone" if worded is None else None
    return Draw(slot, edit, text, normalised(text), fault)


def _slot_draws(producer: Producer, stream: Stream, state: _State) -> Iterator[Draw]:
    """Yield each slot's draw, the caption itself being the alternative after the last."""
    name, tally = producer.name, state.tally
    keep, variants = state.policy.keep, state.policy.variants
    for slot in producer.rule(state.wording.parse):
        size = len(slot.alternatives)
        tally[name, "slots"] += 1
        kept = keep.get(f"{slot.type}/{slot.subtype}", 1.0) if keep else 1.0
        for _ in range(variants):
            index = stream.below(size + 1)
            if index == size:
                tally[name, "stays"] += 1
            elif kept < 1.0 and stream.unit() >= kept:
                tally[name, "thinned"] += 1
            else:
                yield _worded(slot, index, state)


def _recipe_draws(producer: Producer, stream: Stream, state: _State) -> Iterator[Draw]:
    """Yield draws of distinct texts until as many are new as there are variants.

    Texts are distinct when they are so normalised; the caption's own, or one that another rule
    made of it, is no new one, and is yielded once to be counted as a repetition.
    """
    slots = [slot for slot in producer.rule(state.wording.parse) if len(slot.alternatives)]
    if not slots:
        return
    state.tally[producer.name, "slots"] += len(slots)
    variants = state.policy.variants
    num_new = 0
    keys: set[str] = set()
    for place, index in _places(slots, stream, _TRIES * variants):
        draw = _worded(slots[place], index, state)
        if draw.key in keys:
            continue
        keys.add(draw.key)
        num_new += draw.key not in state.seen
        yield draw
        if num_new == variants:
            return


def _places(slots: Sequence[Slot], stream: Stream, tries: int) -> Iterator[tuple[int, int]]:
    """Yield distinct (slot, alternative) in proportion to their weights.

    Weights are compared across the slots of a rule; where it gives none, each alternative has one.
    When the tries run out, what they left is gone through.
    """
    totals = [sum(slot.weights) if slot.weights else len(slot.alternatives) for slot in slots]
    if not any(total > 0 for total in totals):
        return
    drawn: set[tuple[int, int]] = set()
    for _ in range(tries):
        place = stream.weighted(totals)
        weights = slots[place].weights
        size = len(slots[place].alternatives)
        index = stream.weighted(weights) if weights else stream.below(size)
        if (place, index) not in drawn:
            drawn.add((place, index))
            yield place, index
    yield from _rest(slots, drawn, stream)


def _rest(
    slots: Sequence[Slot], drawn: AbstractSet[tuple[int, int]], stream: Stream
) -> Iterator[tuple[int, int]]:
    """Yield the (slot, alternative) that are not drawn yet, as draws without replacement would.

    Each waits for an exponential time at the rate of its weight (Efraimidis and Spirakis, 2006).
    Of more than MOST_ALTERNATIVES the first ones stand for all.
    """
    left = (
        (place, index, slot.weights[index] if slot.weights else 1.0)
        for place, slot in enumerate(slots)
        for index in range(len(slot.alternatives))
        if (place, index) not in drawn
    )
    waits = [
        (-log(1.0 - stream.unit()) / weight, place, index)
        for place, index, weight in islice(left, MOST_ALTERNATIVES)
        if weight > 0
    ]
    for _, place, index in sorted(waits):
        yield place, index


_TRIES = 4  # draws for each variant of a recipe, before what is left is gone through
MOST_ALTERNATIVES = 4096  # of those left: a few milliseconds, for one caption in thirty
