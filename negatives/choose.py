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
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from data.edits import Edit
from data.errors import UsageError
from data.records import Caption, Negative, Reject
from data.streams import Stream
from data.texts import normalised
from negatives.guards import Context, Siblings, context_of, guard
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
    """One alternative of one slot."""

    slot: Slot
    edit: Edit


def choose(caption: Caption, parse: Parse, siblings: Siblings, chooser: Chooser) -> Chosen:
    """Return what the policy makes of one caption."""
    draws = _slot_draws if chooser.policy.draw == "slots" else _recipe_draws
    tally: Tally = Counter()
    negatives: list[Negative] = []
    rejects: list[Reject] = []
    own_key = normalised(caption.text)
    seen = {own_key}
    wording = wording_of(parse, chooser.lexicon)
    context = (
        context_of(parse, own_key, siblings, chooser.lexicon) if chooser.policy.guards else None
    )
    for producer in chooser.producers:
        stream = Stream(chooser.seed, caption.id, producer.stream)
        name, number = producer.name, producer.number
        for draw in draws(producer, parse, stream, chooser.policy, tally):
            slot = draw.slot
            edit, text, key, reason = _judge(draw, wording, context, policy=chooser.policy)
            if reason is None and key in seen:
                reason = "equal text"
            if reason is None and len(negatives) == chooser.policy.max_negatives:
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


def _judge(
    draw: Draw, wording: Wording, context: Context | None, *, policy: Policy
) -> tuple[Edit, str, str, str | None]:
    """Return the worded edit, its text as it is and normalised, and why it is refused if it is."""
    worded = glue(wording, draw.edit) if policy.wording else draw.edit
    edit = worded or draw.edit
    text = edit.apply(wording.parse.text)
    key = normalised(text)
    if worded is None:
        return edit, text, key, "wording cannot be undone"
    return edit, text, key, guard(draw.slot, edit, key, context) if context else None


def _slot_draws(
    producer: Producer, parse: Parse, stream: Stream, policy: Policy, tally: Tally
) -> Iterator[Draw]:
    """Yield each slot's draw, the caption itself being the alternative after the last."""
    name, keep = producer.name, policy.keep
    for slot in producer.rule(parse):
        alternatives = slot.alternatives
        size = len(alternatives)
        tally[name, "slots"] += 1
        kept = keep.get(f"{slot.type}/{slot.subtype}", 1.0) if keep else 1.0
        for _ in range(policy.variants):
            index = stream.below(size + 1)
            if index == size:
                tally[name, "stays"] += 1
            elif kept < 1.0 and stream.unit() >= kept:
                tally[name, "thinned"] += 1
            else:
                yield Draw(slot, alternatives[index])


def _recipe_draws(
    producer: Producer, parse: Parse, stream: Stream, policy: Policy, tally: Tally
) -> Iterator[Draw]:
    """Yield distinct draws, as many as there are variants.

    Weights are compared across the slots of a rule; where it gives none, each alternative has one.
    """
    slots = [slot for slot in producer.rule(parse) if len(slot.alternatives)]
    tally[producer.name, "slots"] += len(slots)
    totals = [sum(slot.weights) if slot.weights else len(slot.alternatives) for slot in slots]
    drawn: set[tuple[int, int]] = set()
    for _ in range(_TRIES * policy.variants if slots else 0):
        place = stream.weighted(totals)
        slot = slots[place]
        size = len(slot.alternatives)
        index = stream.below(size) if slot.weights is None else stream.weighted(slot.weights)
        if (place, index) not in drawn:
            drawn.add((place, index))
            yield Draw(slot, slot.alternatives[index])
        if len(drawn) == policy.variants:
            return


_TRIES = 4  # draws for each distinct variant of a recipe, before what was found must do
