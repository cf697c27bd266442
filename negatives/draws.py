"""Which alternatives are drawn: each against the caption alone, or of a rule's slots by a recipe.

**Pairs.** Let p model the captions of the corpus, c be a caption and c' an alternative of one of
its slots. It is accepted with the probability

    a(c, c') = min(1, p(c') / p(c))  if |log p(c') - log p(c)| <= reach, else 0

and every alternative is asked once, each with a coin of its own. Then

    p(c) a(c, c') = min(p(c), p(c')) or 0 = p(c') a(c', c):

a pair and its mirror image are equally likely (Metropolis and others, 1953; among all rules with
this property it accepts most: Peskun, 1973). So no reader of single texts or of one pair can tell
caption from negative better than p differs from the truth. All it takes is that c' offers c back;
alternatives need not be a partition, for nothing is normalised. `reach` keeps out what is far less
usual than the caption, and for the sake of the mirror what is far more usual.

It stays true if a pair is refused afterwards for what the pair is, whichever of the two is the
caption, and if a type is thinned with a fixed chance. It does not stay true if a refusal is made
good by another draw, or if what is refused is taken out of a normalised choice beforehand.

**A second draw** by another model q may follow. With h = p^(v - 1) q^w for any v and w, let what
was accepted be kept with the chance

    b(c, c') = min(1, h(c') / h(c))  if |log q(c') - log q(c)| <= a reach of its own, else 0.

Then h(c) b(c, c') = h(c') b(c', c) as above, and the product of the two balances is

    p(c)^v q(c)^w a(c, c') b(c, c') = p(c')^v q(c')^w a(c', c) b(c', c):

pair and mirror image are equally likely among captions that p^v q^w models; its constant is in no
ratio. So the dear model reads only what the cheap one lets through: delayed acceptance (Christen
and Fox, 2005), whose aim is q alone, v = 0 and w = 1. The product p q, v = w = 1, aims at captions
that please both models twice over, and overshoots where both know the same: v and w are to be
fitted (benchmarks/second_draw.py). What guards and thinning say of a pair is a factor like a and b,
so their order is free, and q need not read what they refuse. With p the same for all texts, a = 1
and q is alone.

**Recipe.** Published generators take distinct alternatives of a rule's slots by its weights.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from math import exp, inf, log
from typing import NamedTuple

from data.streams import Stream
from negatives.slots import Slot

Scores = Sequence[float]
"""log p of a slot's candidates, the caption first, but for a constant."""


UNDRAWN = frozenset((
    "stays", "out of reach", "not known", "not laid out", "cannot be drawn back", "thinned",
))  # fmt: skip
"""Fates of what is never a candidate, and so no reject either."""


class Offer(NamedTuple):
    """A slot, with the scores of its candidates where a model of the corpus gives them."""

    slot: Slot
    scores: Scores | None = None


class Drawn(NamedTuple):
    """An alternative of a slot by its place, and its log p less that of the caption, if known."""

    slot: Slot
    place: int
    score: float | None = None


class Powers(NamedTuple):
    """v and w of the corpus that a second draw aims at, p^v q^w."""

    corpus: float
    neural: float


def pair_draws(
    offers: Sequence[Offer], stream: Stream, *, reach: float, keep: Mapping[str, float]
) -> Iterator[Drawn | str]:
    """Yield what is drawn, or the name of what became of it.

    A slot of which nothing is drawn yields "not laid out" (the model could not read it), "not
    known" (all of it has the score -inf), "out of reach" or "stays"; what was drawn and is not
    kept, "thinned". `reach`: the most that the scores of caption and negative may differ, in nats.
    `keep`: with which chance a "type/subtype" is kept, 1 where none is given. A slot without scores
    draws one of its candidates, all alike.
    """
    for slot, scores in offers:
        kept = keep.get(f"{slot.type}/{slot.subtype}", 1.0) if keep else 1.0
        drawn = list(_accepted(scores, stream, reach)) if scores else _any(slot, stream)
        if not drawn:
            yield _why_not(scores, reach) if scores else "stays"
        for index, score in drawn:
            yield Drawn(slot, index, score) if stream.chance(kept) else "thinned"


def _why_not(scores: Scores, reach: float) -> str:
    own, *others = scores
    if not others:
        return "not laid out"
    known = [score for score in others if score > -inf]
    if not known or own == -inf:
        return "not known"
    return "stays" if any(abs(score - own) <= reach for score in known) else "out of reach"


def second_draw(
    gains: Sequence[tuple[float, float]], stream: Stream, *, powers: Powers, reach: float
) -> list[bool]:
    """Tell of each finalist whether it is kept.

    Its gains are its log p and its log q less those of the caption.
    """
    return [stream.chance(second_acceptance(*gain, powers=powers, reach=reach)) for gain in gains]


def second_acceptance(gain: float, neural_gain: float, *, powers: Powers, reach: float) -> float:
    """Return b(c, c') where log p grows by `gain` and log q by `neural_gain`."""
    if not abs(neural_gain) <= reach:
        return 0.0
    return exp(min((powers.corpus - 1) * gain + powers.neural * neural_gain, 0.0))


def acceptance(own: float, other: float, *, reach: float) -> float:
    """Return a(c, c') of a caption with the score `own` and an alternative with `other`."""
    gain = other - own
    return exp(min(gain, 0.0)) if abs(gain) <= reach else 0.0


def _accepted(scores: Scores, stream: Stream, reach: float) -> Iterator[tuple[int, float]]:
    own = scores[0]
    for index in range(1, len(scores)):
        chance = acceptance(own, scores[index], reach=reach)
        if chance == 1.0 or (chance > 0.0 and stream.chance(chance)):
            yield index - 1, scores[index] - own


def _any(slot: Slot, stream: Stream) -> list[tuple[int, float | None]]:
    """Draw one candidate of a slot of which nothing is known; the caption stands after the last."""
    index = stream.below(len(slot.alternatives) + 1)
    return [] if index == len(slot.alternatives) else [(index, None)]


def recipe_draws(
    slots: Sequence[Slot], stream: Stream, *, variants: int, weighted: bool = True
) -> Iterator[Drawn]:
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
        place = stream.weighted(totals)
        slot = slots[place]
        index = (
            stream.weighted(slot.weights) if slot.weights else stream.below(len(slot.alternatives))
        )
        if (place, index) not in drawn:
            drawn.add((place, index))
            yield Drawn(slot, index)
    for place, index in _rest(slots, drawn, stream):
        yield Drawn(slots[place], index)


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
