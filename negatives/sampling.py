"""Drawing alternatives: each against the caption on its own, or from a rule's slots by a recipe.

**Pairs.** Let p model the captions of the corpus, c be a caption and c' an alternative of one of
its slots. It is accepted with the probability

    a(c, c') = min(1, (p(c') / p(c))^v)  if |log p(c') - log p(c)| <= max_log_ratio, else 0

with v = 1, and every alternative is tried once, independently. Then

    p(c) a(c, c') = min(p(c), p(c')) or 0 = p(c') a(c', c):

a pair and its mirror image are equally likely (Metropolis et al., 1953; no rule with this property
accepts more: Peskun, 1973). So a reader of single texts or of one pair can tell caption from
negative only as far as p differs from the truth. The only requirement is that c' offers c back;
alternatives need not form a partition, since nothing is normalised. `max_log_ratio` excludes
alternatives far less likely than the caption and, for symmetry, those far more likely.

This stays true if pairs are rejected afterwards by a criterion that ignores which of the two is the
caption, and if a type is thinned with a fixed probability. It fails if a rejected draw is replaced
by another one, or if candidates are rejected before a normalised choice.

**Several scorers.** Another model q may read what p accepts, and keep it with probability

    b(c, c') = min(1, (q(c') / q(c))^w)  if |log q(c') - log q(c)| is within q's own limit.

Each factor is balanced on its own, p(c)^v a(c, c') = p(c')^v a(c', c) and q(c)^w b(c, c') = q(c')^w
b(c', c), so the pair is balanced for captions distributed as p^v q^w, whose constant cancels in
ratios. The expensive model reads only what the cheap one accepts: delayed acceptance (Christen and
Fox, 2005). The two models overlap, so v = w = 1 would count evidence twice: the powers are fitted
(benchmarks/second_draw.py) and may differ by kind, since pair and mirror have the same kind. Guards
and thinning are further factors, so their order is free, and q need not read what they reject.

**Recipe.** Published generators draw distinct alternatives from a rule's slots by its weights.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from math import exp, inf, log
from typing import NamedTuple

from data.streams import Stream
from negatives.slots import Slot

LogRatios = Sequence[float]
"""log p(alternative) - log p(caption) of a slot's alternatives, -inf where the corpus has seen too
little. Empty for a slot that the scorer could not lay out.
"""


RARE = "rarely seen together"
UNDRAWN = frozenset((
    "stays", "out of reach", RARE, "not laid out", "cannot be drawn back", "thinned",
    "not known",  # RARE in folders built before it got that name
))  # fmt: skip
"""Outcomes of alternatives that never become candidates, and so not rejects either."""


class Offer(NamedTuple):
    """A slot with a scorer's log-ratios for its alternatives; None if no scorer weighs them."""

    slot: Slot
    log_ratios: LogRatios | None = None


class Draw(NamedTuple):
    """An alternative of a slot by its position, and its log-ratio to the caption, if known."""

    slot: Slot
    position: int
    score: float | None = None


class Acceptance(NamedTuple):
    """A scorer's acceptance: its power, and the largest absolute log-ratio, in nats."""

    power: float
    max_log_ratio: float

    def chance(self, log_ratio: float) -> float:
        """Return a(c, c') for an alternative with this log-ratio to its caption."""
        if not abs(log_ratio) <= self.max_log_ratio:
            return 0.0
        return exp(min(self.power * log_ratio, 0.0))


AcceptanceOf = Callable[[str, str], Acceptance]
"""Returns how pairs of a type and subtype are accepted."""


def pair_draws(
    offers: Sequence[Offer],
    stream: Stream,
    *,
    acceptance_of: AcceptanceOf,
    keep: Mapping[str, float],
) -> Iterator[Draw | str]:
    """Yield what is drawn, or the name of an outcome.

    A slot without a draw yields "not laid out" (the scorer could not read it), RARE (the corpus has
    seen no alternative often enough with the words around it), "out of reach" or "stays"; a draw
    that is not kept yields "thinned". `keep`: the probability of keeping a "type/subtype", 1 by
    default. From a slot that no scorer weighs one candidate is drawn uniformly.
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
        return RARE
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
    """Draw one candidate of an unweighed slot uniformly; the last number stands for the caption."""
    index = stream.below(len(slot.alternatives) + 1)
    return [] if index == len(slot.alternatives) else [(index, None)]


def recipe_draws(
    slots: Sequence[Slot], stream: Stream, *, variants: int, weighted: bool = True
) -> Iterator[Draw]:
    """Yield distinct alternatives of a rule's slots, for as long as the caller asks.

    Weights are comparable across the slots of a rule; without weights, or without `weighted`, each
    alternative has weight one. After a few draws per variant, the remaining ones are enumerated.
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
    """Yield the pairs (slot, alternative) not drawn yet, in the order of draws without replacement.

    Each gets an exponential waiting time with its weight as rate (Efraimidis and Spirakis, 2006).
    Beyond MOST_ALTERNATIVES only the first ones are considered.
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


_TRIES = 4  # draws per variant of a recipe, before the remaining ones are enumerated
MOST_ALTERNATIVES = 4096  # of the remaining ones: a few milliseconds, for one caption in thirty
