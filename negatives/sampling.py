"""Which alternatives are drawn: each against the caption alone, or of a rule's slots by a recipe.

**Pairs.** Let p model the captions of the corpus, c be a caption and c' an alternative of one of
its slots. It is accepted with the probability

    a(c, c') = min(1, (p(c') / p(c))^v)  if |log p(c') - log p(c)| <= max_log_ratio, else 0

with v = 1, and every alternative is asked once, each with a coin of its own. Then

    p(c) a(c, c') = min(p(c), p(c')) or 0 = p(c') a(c', c):

a pair and its mirror image are equally likely (Metropolis and others, 1953; among all rules with
this property it accepts most: Peskun, 1973). So no reader of single texts or of one pair can tell
caption from negative better than p differs from the truth. All it takes is that c' offers c back;
alternatives need not be a partition, for nothing is normalised. `max_log_ratio` keeps out what is
far less usual than the caption, and for the sake of the mirror what is far more usual.

It stays true if a pair is refused afterwards for what the pair is, whichever of the two is the
caption, and if a type is thinned with a fixed chance. It does not stay true if a refusal is made
good by another draw, or if what is refused is taken out of a normalised choice beforehand.

**Several scorers.** Another model q may be asked about what p accepts, and keep it with the chance

    b(c, c') = min(1, (q(c') / q(c))^w)  if |log q(c') - log q(c)| is at most a limit of its own.

Each of the two factors is balanced by itself, p(c)^v a(c, c') = p(c')^v a(c', c) and
q(c)^w b(c, c') = q(c')^w b(c', c), so the pair is balanced among captions that p^v q^w models; its
constant is in no ratio. The dear model reads only what the cheap one accepts: delayed acceptance
(Christen and Fox, 2005). Both know much the same, so v = w = 1 would count it twice: the powers
are to be fitted (benchmarks/second_draw.py), and may differ by kind, as pair and mirror are of one
kind. What guards and thinning say of a pair is a factor like a and b, so their order is free, and
q need not read what they refuse.

**Recipe.** Published generators take distinct alternatives of a rule's slots by its weights.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from math import exp, inf, log
from typing import NamedTuple

from data.streams import Stream
from negatives.slots import Slot

LogRatios = Sequence[float]
"""log p(alternative) - log p(caption) of a slot's alternatives, -inf where too little is known.

It is empty for a slot that the scorer could not lay out.
"""


UNDRAWN = frozenset((
    "stays", "out of reach", "not known", "not laid out", "cannot be drawn back", "thinned",
))  # fmt: skip
"""Outcomes of what is never a candidate, and so no reject either."""


class Offer(NamedTuple):
    """A slot, with what a scorer says of its alternatives; None if no scorer weighs them."""

    slot: Slot
    log_ratios: LogRatios | None = None


class Draw(NamedTuple):
    """An alternative of a slot by its position, and its log-ratio to the caption, if known."""

    slot: Slot
    position: int
    score: float | None = None


class Acceptance(NamedTuple):
    """How a scorer accepts: its power, and the most that a log-ratio may be, in nats."""

    power: float
    max_log_ratio: float

    def chance(self, log_ratio: float) -> float:
        """Return a(c, c') of an alternative with this log-ratio to its caption."""
        if not abs(log_ratio) <= self.max_log_ratio:
            return 0.0
        return exp(min(self.power * log_ratio, 0.0))


AcceptanceOf = Callable[[str, str], Acceptance]
"""Gives how pairs of a type and subtype are accepted."""


def pair_draws(
    offers: Sequence[Offer],
    stream: Stream,
    *,
    acceptance_of: AcceptanceOf,
    keep: Mapping[str, float],
) -> Iterator[Draw | str]:
    """Yield what is drawn, or the name of what became of it.

    A slot of which nothing is drawn yields "not laid out" (the scorer could not read it), "not
    known" (too little is known of all of it), "out of reach" or "stays"; what was drawn and is not
    kept, "thinned". `keep`: with which chance a "type/subtype" is kept, 1 where none is given. A
    slot that no scorer weighs draws one of its candidates, all alike.
    """
    for slot, log_ratios in offers:
        kept = keep.get(f"{slot.type}/{slot.subtype}", 1.0) if keep else 1.0
        if log_ratios is None:
            drawn: list[tuple[int, float | None]] = _any(slot, stream)
            outcome = "stays"
        else:
            acceptance = acceptance_of(slot.type, slot.subtype)
            drawn = list(_accept(log_ratios, stream, acceptance))
            outcome = "" if drawn else _why_not(log_ratios, acceptance.max_log_ratio)
        if not drawn:
            yield outcome
        for index, score in drawn:
            yield Draw(slot, index, score) if stream.chance(kept) else "thinned"


def _why_not(log_ratios: LogRatios, max_log_ratio: float) -> str:
    if not log_ratios:
        return "not laid out"
    known = [ratio for ratio in log_ratios if ratio > -inf]
    if not known:
        return "not known"
    return "stays" if any(abs(ratio) <= max_log_ratio for ratio in known) else "out of reach"


def _accept(
    log_ratios: LogRatios, stream: Stream, acceptance: Acceptance
) -> Iterator[tuple[int, float]]:
    power, max_log_ratio = acceptance
    for index, ratio in enumerate(log_ratios):
        if not abs(ratio) <= max_log_ratio:
            continue
        gain = power * ratio
        if gain >= 0.0 or stream.chance(exp(gain)):
            yield index, ratio


def _any(slot: Slot, stream: Stream) -> list[tuple[int, float | None]]:
    """Draw one candidate of a slot of which nothing is known; the caption stands after the last."""
    index = stream.below(len(slot.alternatives) + 1)
    return [] if index == len(slot.alternatives) else [(index, None)]


def recipe_draws(
    slots: Sequence[Slot], stream: Stream, *, variants: int, weighted: bool = True
) -> Iterator[Draw]:
    """Yield distinct alternatives of a rule's slots, for as long as more are wanted.

    Weights are compared across the slots of a rule; where it gives none, or without `weighted`,
    each alternative has one.
    After a few draws for each variant, what they left is gone through.
    """
    if not weighted:
        slots = [slot._replace(weights=None) for slot in slots]
    totals = [sum(slot.weights) if slot.weights else len(slot.alternatives) for slot in slots]
    if not any(total > 0 for total in totals):
        return
    drawn: set[tuple[int, int]] = set()
    for _ in range(_TRIES * variants):
        position = stream.weighted_index(totals)
        slot = slots[position]
        index = (
            stream.weighted_index(slot.weights)
            if slot.weights
            else stream.below(len(slot.alternatives))
        )
        if (position, index) not in drawn:
            drawn.add((position, index))
            yield Draw(slot, index)
    for position, index in _rest(slots, drawn, stream):
        yield Draw(slots[position], index)


def _rest(
    slots: Sequence[Slot], drawn: AbstractSet[tuple[int, int]], stream: Stream
) -> Iterator[tuple[int, int]]:
    """Yield the (slot, alternative) that are not drawn yet, as draws without replacement would.

    Each waits for an exponential time at the rate of its weight (Efraimidis and Spirakis, 2006).
    Of more than MOST_ALTERNATIVES the first ones stand for all.
    """
    left = (
        (position, index, slot.weights[index] if slot.weights else 1.0)
        for position, slot in enumerate(slots)
        for index in range(len(slot.alternatives))
        if (position, index) not in drawn
    )
    waits = [
        (-log(1.0 - stream.unit()) / weight, position, index)
        for position, index, weight in islice(left, MOST_ALTERNATIVES)
        if weight > 0
    ]
    for _, position, index in sorted(waits):
        yield position, index


_TRIES = 4  # draws for each variant of a recipe, before what is left is gone through
MOST_ALTERNATIVES = 4096  # of those left: a few milliseconds, for one caption in thirty
