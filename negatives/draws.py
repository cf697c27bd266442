"""Which alternatives are drawn: of each slot on its own, or of a rule's slots as a recipe does.

**Slots.** Let S be a slot's candidates: its alternatives and the caption itself. One of them is drawn with
probability p(c') / Z(S), where p models the captions of the corpus and Z sums p over S. Where S is a
class (every member offers the same S), p(c) K(c -> c') = p(c) p(c') / Z = p(c') K(c' -> c): a pair and its
mirror image are equally likely, so no reader of texts can tell caption from negative better than p
differs from the truth. It holds for every slot apart, because each is drawn once (or a number of
times that the caption has no part in) and independently; what stays or is refused afterwards yields nothing. A refusal
that depends on the pair alone, whichever of the two is the caption, leaves both sides equal.

**Recipe.** Published generators take distinct alternatives of a rule's slots by its weights.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from math import exp, log
from typing import NamedTuple

from data.streams import Stream
from negatives.slots import Slot

Shares = Sequence[float]
"""log p of a slot's candidates, the caption first: they sum to 1 as probabilities."""


class Offer(NamedTuple):
    """A slot, with the shares of its candidates where a model of the corpus gives them."""

    slot: Slot
    shares: Shares | None = None


class Drawn(NamedTuple):
    """An alternative of a slot by its index, and its log p less that of the caption, if known."""

    slot: Slot
    index: int
    score: float | None = None


def slot_draws(
    offers: Sequence[Offer], stream: Stream, *, draws: Mapping[str, float], variants: int
) -> Iterator[Drawn | None]:
    """Yield what each slot draws, None where that is the caption itself.

    `draws`: the mean number of draws of a slot of a "type/subtype", `variants` where none is given;
    of its fraction a coin decides.
    """
    for slot, shares in offers:
        mean = draws.get(f"{slot.type}/{slot.subtype}", variants) if draws else variants
        num_draws = int(mean)
        if mean > num_draws:
            num_draws += stream.chance(mean - num_draws)
        size = len(slot.alternatives)
        weights = [exp(share) for share in shares] if shares and num_draws else None
        for _ in range(num_draws):
            if shares is None or weights is None:
                index = stream.below(size + 1)
                yield None if index == size else Drawn(slot, index)
            else:
                index = stream.weighted(weights)
                score = shares[index] - shares[0]
                yield Drawn(slot, index - 1, score) if index else None


def recipe_draws(slots: Sequence[Slot], stream: Stream, *, variants: int) -> Iterator[Drawn]:
    """Yield distinct alternatives of a rule's slots, for as long as more are wanted.

    Weights are compared across the slots of a rule; where it gives none, each alternative has one.
    After a few draws for each variant, what they left is gone through.
    """
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
